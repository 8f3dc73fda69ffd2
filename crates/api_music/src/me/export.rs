//! `GET /v1/me/export`: everything held about the artist, as a download.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use colophon_core::media::content_disposition;
use colophon_core::{Core, identity};
use colophon_http::{Authenticated, Result};

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<impl IntoResponse> {
    let person = identity::me(&core, &caller).await?;
    let file = content_disposition(&format!("account-{}.json", person.id));
    let export = identity::export(core, person).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, Body::from_stream(export)))
}
