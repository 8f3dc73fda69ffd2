//! `PATCH /v1/me/ml-training`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Acting, Json, Result};
use serde::{Deserialize, Serialize};

/// Whether uploads must not improve anything.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    opt_out: bool,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(Choice { opt_out }): Json<Choice>,
) -> Result<Json<Choice>> {
    let person = identity::set_ml_opt_out(&core, &caller, &by, opt_out).await?;
    Ok(Json(Choice {
        opt_out: person.ml_opt_out,
    }))
}
