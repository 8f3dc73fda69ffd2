//! `GET /openapi.json` and the contracts' documents.

use axum::response::Response;
use colophon_http::document;

pub(crate) async fn own() -> Response {
    document::response(crate::DOCUMENT)
}

pub(crate) async fn contract(text: &'static str) -> Response {
    document::response(text)
}
