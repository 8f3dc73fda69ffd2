//! `DELETE /v1/apikeys/{key_id}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::access::{self, KeyHolder};
use colophon_core::{ApiKeyId, Core, Error, Kind};
use colophon_http::{Acting, Path, Result};
use uuid::Uuid;

use super::is_ours;

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let holder = KeyHolder::of(&caller)?;
    let id = ApiKeyId(id);
    let key = access::get_key(&core, holder, id)
        .await
        .map_err(as_unknown)?;
    if !is_ours(&key) || key.revoked_at.is_some() {
        return Err(unknown().into());
    }
    access::revoke_key(&core, &by, holder, id)
        .await
        .map_err(as_unknown)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The contract's own code and words.
fn unknown() -> Error {
    Error::new(
        Kind::NotFound,
        "account_not_found",
        "API Key not found or you do not have permission to revoke it.",
    )
}

fn as_unknown(error: Error) -> Error {
    match error.kind {
        Kind::NotFound => unknown(),
        _ => error,
    }
}
