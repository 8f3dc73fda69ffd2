//! OpenAPI documents: served verbatim, and read for their paths.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// Every path template of an OpenAPI document, each behind `base` (`/api/ext`, or nothing).
///
/// A document that cannot be read has no paths; the conformance tests notice.
#[must_use]
pub fn paths(document: &str, base: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<Value>(document) else {
        return Vec::new();
    };
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Vec::new();
    };
    paths
        .keys()
        // A storage key has slashes of its own (rules.md A6).
        .map(|path| format!("{base}{}", path.replace("{storage_key}", "{*storage_key}")))
        .collect()
}

/// The document itself, byte for byte.
#[must_use]
pub fn response(document: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, document).into_response()
}
