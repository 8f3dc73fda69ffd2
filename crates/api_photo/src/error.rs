//! Lumethic's envelope: `{"detail": {"error_code", "message", "suggestion", "details"}}`, and
//! FastAPI's list for 422.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use colophon_core::Kind;
use colophon_http::Refused;
use serde_json::{Value, json};

pub(crate) fn render(refused: &Refused<'_>) -> Response {
    let error = refused.error;
    if error.kind == Kind::Invalid && !error.fields.is_empty() {
        let list: Value = error
            .fields
            .iter()
            .map(|at| {
                let loc: Vec<&str> = std::iter::once("body").chain(at.field.split('.')).collect();
                json!({"loc": loc, "msg": at.message, "type": "value_error"})
            })
            .collect();
        return answer(StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": list}));
    }
    if error.code == "invalid_json" {
        let fault = json!({"loc": ["body"], "msg": error.detail, "type": "json_invalid"});
        return answer(StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": [fault]}));
    }
    let mut details = error.extra.clone();
    details.insert("request_id".to_owned(), json!(refused.request_id.as_str()));
    let body = json!({"detail": {
        "error_code": error.code.to_uppercase(),
        "message": error.detail,
        "suggestion": suggestion(error.kind),
        "details": details,
    }});
    answer(refused.status, body)
}

fn answer(status: StatusCode, body: Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn suggestion(kind: Kind) -> &'static str {
    match kind {
        Kind::Unauthenticated => {
            "Send a valid API key in X-API-Key, or a token of POST /v1/accounts/login."
        }
        Kind::RateLimited | Kind::Unavailable => "Wait for the time in Retry-After and try again.",
        Kind::TooLarge => "Send a smaller file.",
        Kind::Internal => "Try again; if it happens again, quote the request id to support.",
        _ => "See the API document at /lumethic/openapi.json.",
    }
}
