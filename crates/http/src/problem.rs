//! Our own error body: problem details for HTTP APIs, RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::Refused;

/// `application/problem+json` with `type`, `title`, `status`, `code`, `detail`, `request_id`,
/// `fields` where some are at fault, and the error's documented additional members.
#[must_use]
pub fn render(refused: &Refused<'_>) -> Response {
    let Refused {
        error,
        status,
        request_id,
        ..
    } = refused;
    let mut body: Map<String, Value> = error.extra.clone();
    for (name, value) in [
        ("type", json!("about:blank")),
        (
            "title",
            json!(status.canonical_reason().unwrap_or_default()),
        ),
        ("status", json!(status.as_u16())),
        ("code", json!(error.code)),
        ("detail", json!(error.detail)),
        ("request_id", json!(request_id.as_str())),
    ] {
        body.insert(name.to_owned(), value);
    }
    if !error.fields.is_empty() {
        let fields = error.fields.iter();
        let fields = fields.map(|at| json!({ "field": at.field, "message": at.message }));
        body.insert("fields".to_owned(), fields.collect());
    }
    let mut response = (*status, Value::Object(body).to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    // RFC 9110 §15.5.2 requires a challenge.
    if *status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
