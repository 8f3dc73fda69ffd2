//! `GET /api/customer/v1/api-keys`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::Core;
use colophon_core::access::{self, KeyHolder, KeyKind};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

use super::{ApiKey, view};

/// The company's customer API keys, newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    api_keys: Vec<ApiKey>,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    let keys = access::list_keys(&core, KeyHolder::of(&caller)?).await?;
    let atlas = keys.iter().filter(|key| key.kind == KeyKind::Atlas);
    Ok(Json(Output {
        api_keys: atlas.map(view).collect(),
    }))
}
