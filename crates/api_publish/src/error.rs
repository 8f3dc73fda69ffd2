//! TokPortal's envelope: `{"error": {"code", "message", "details"?}}` and its headers.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use colophon_core::Kind;
use colophon_http::Refused;
use serde_json::json;

/// The version of the contract.
const API_VERSION: &str = "2026-05-25";

/// A string in `error` crashes the Python client (facts.md §2.2).
pub(crate) fn render(refused: &Refused<'_>) -> Response {
    let error = refused.error;
    let code = match (error.kind, error.code) {
        (Kind::RateLimited, _) => "RATE_LIMIT_EXCEEDED".to_owned(),
        (_, "missing_api_key") => "AUTH_MISSING_KEY".to_owned(),
        (_, "invalid_api_key") => "AUTH_INVALID_KEY".to_owned(),
        (_, code) => code.to_uppercase(),
    };
    let mut details = error.extra.clone();
    if let (Kind::RateLimited, Some(seconds)) = (error.kind, error.retry_after) {
        details.insert("retry_after_seconds".to_owned(), json!(seconds));
    }
    if !error.fields.is_empty() {
        let fields = error.fields.iter();
        details.insert(
            "fields".to_owned(),
            fields
                .map(|at| json!({"field": at.field, "message": at.message}))
                .collect(),
        );
    }
    let mut body = json!({"error": {"code": code, "message": error.detail}});
    if let (Some(error), false) = (body.get_mut("error"), details.is_empty()) {
        error["details"] = details.into();
    }
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (refused.status, content_type, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        "x-tokportal-api-version",
        HeaderValue::from_static(API_VERSION),
    );
    headers.insert(
        "x-tokportal-api-stability",
        HeaderValue::from_static("stable"),
    );
    if let Ok(id) = HeaderValue::from_str(refused.request_id.as_str()) {
        headers.insert("x-tokportal-request-id", id);
    }
    response
}
