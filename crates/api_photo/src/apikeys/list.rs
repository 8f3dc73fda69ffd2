//! `GET /v1/apikeys/`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::Core;
use colophon_core::access::{self, KeyHolder};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

use super::{Key, is_ours};
use crate::utc;

/// A key as its owner sees it.
#[derive(Debug, Serialize)]
pub struct KeyInfo {
    #[serde(flatten)]
    key: Key,
    is_active: bool,
    last_used_at: Option<String>,
    updated_at: String,
}

/// Every key of the caller's account, newest first.
pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Vec<KeyInfo>>> {
    let now = core.clock.now();
    let keys = access::list_keys(&core, KeyHolder::of(&caller)?).await?;
    let keys = keys.iter().filter(|key| is_ours(key)).map(|key| KeyInfo {
        key: Key::from(key),
        is_active: key.is_live(now),
        last_used_at: key.last_used_at.map(utc),
        updated_at: utc(key.updated_at),
    });
    Ok(Json(keys.collect()))
}
