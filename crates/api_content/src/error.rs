//! Certivu's envelope: `{"error": "code", "message": "…", …}`.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use colophon_http::Refused;
use serde_json::json;

/// Both members are strings, or the JavaScript client loses the code (facts.md §1.5).
pub(crate) fn render(refused: &Refused<'_>) -> Response {
    let error = refused.error;
    let mut body = error.extra.clone();
    body.insert("error".to_owned(), json!(error.code));
    body.insert("message".to_owned(), json!(error.detail));
    body.insert("request_id".to_owned(), json!(refused.request_id.as_str()));
    if !error.fields.is_empty() {
        let fields = error.fields.iter();
        body.insert(
            "fields".to_owned(),
            fields
                .map(|at| json!({"field": at.field, "message": at.message}))
                .collect(),
        );
    }
    let body = serde_json::Value::Object(body).to_string();
    (
        refused.status,
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}
