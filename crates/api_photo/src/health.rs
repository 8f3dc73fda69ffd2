//! `GET /v1/public/health`

use colophon_http::Json;
use serde::Serialize;

/// `{"status": "healthy"}`: this process answers.
#[derive(Debug, Serialize)]
pub struct Output {
    status: &'static str,
}

pub(crate) async fn handle() -> Json<Output> {
    Json(Output { status: "healthy" })
}
