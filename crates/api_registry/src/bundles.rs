//! `GET /bundles/{id}`: everything needed to check a statement offline.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use colophon_core::{Core, records};
use colophon_http::{Path, Result};

pub(crate) async fn show(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse> {
    let bundle = records::bundle(&core.db, id.parse()?, &core.log_key).await?;
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        bundle.to_json(),
    ))
}
