//! `POST /api/customer/v1/api-keys/{apiKeyId}/revoke`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::access::{self, KeyHolder, KeyKind};
use colophon_core::{ApiKeyId, Core, Error};
use colophon_http::{Acting, Json, Path, Result};
use serde::Serialize;

use super::{ApiKey, view};

/// The key, revoked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    message: &'static str,
    api_key: ApiKey,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
) -> Result<Json<Output>> {
    let holder = KeyHolder::of(&caller)?;
    let id: ApiKeyId = id.parse()?;
    let key = access::get_key(&core, holder, id).await?;
    if key.kind != KeyKind::Atlas {
        return Err(Error::not_found("API key").into());
    }
    let key = access::revoke_key(&core, &by, holder, id).await?;
    Ok(Json(Output {
        message: "API key revoked.",
        api_key: view(&key),
    }))
}
