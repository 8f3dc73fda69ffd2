//! `PATCH /v1/me/handle`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Acting, Json, Result};
use serde::Deserialize;

use super::Profile;

/// The handle to have from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    handle: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(input): Json<Input>,
) -> Result<Json<Profile>> {
    let person = identity::set_handle(&core, &caller, &by, &input.handle).await?;
    Ok(Json(Profile::of(&core, person).await?))
}
