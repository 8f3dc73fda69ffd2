//! Idle Atlas' envelope: `{"error": {"code", "message"}}` and not a member more.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use colophon_core::Kind;
use colophon_http::Refused;
use serde_json::json;

pub(crate) fn render(refused: &Refused<'_>) -> Response {
    let error = refused.error;
    let code = match error.kind {
        Kind::Unauthenticated => "UNAUTHORIZED",
        Kind::Forbidden => "FORBIDDEN",
        Kind::NotFound => "NOT_FOUND",
        Kind::Invalid => "INVALID_REQUEST",
        Kind::RateLimited => "RATE_LIMITED",
        Kind::MethodNotAllowed => "METHOD_NOT_ALLOWED",
        Kind::Internal => "INTERNAL_ERROR",
        _ => &error.code.to_uppercase(),
    };
    let body = json!({"error": {"code": code, "message": error.detail}}).to_string();
    (
        refused.status,
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}
