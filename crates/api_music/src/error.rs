//! TrackOrigin's envelope: `{"detail": "…"}`, and FastAPI's list for 422.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use colophon_core::Kind;
use colophon_http::Refused;
use serde_json::{Value, json};

/// A refusal in the contract's envelope.
#[must_use]
pub fn render(refused: &Refused<'_>) -> Response {
    let error = refused.error;
    if error.kind == Kind::Invalid && !error.fields.is_empty() {
        let place = if refused.method == axum::http::Method::GET {
            "query"
        } else {
            "body"
        };
        let list: Value = error
            .fields
            .iter()
            .map(|at| {
                let loc: Vec<&str> = std::iter::once(place).chain(at.field.split('.')).collect();
                json!({"loc": loc, "msg": at.message, "type": "value_error"})
            })
            .collect();
        return answer(StatusCode::UNPROCESSABLE_ENTITY, &json!({"detail": list}));
    }
    if error.code == "invalid_json" {
        let fault = json!({"loc": ["body"], "msg": error.detail, "type": "json_invalid"});
        return answer(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({"detail": [fault]}),
        );
    }
    let mut body = error.extra.clone();
    body.insert("detail".to_owned(), json!(error.detail));
    body.insert("code".to_owned(), json!(error.code));
    answer(refused.status, &Value::Object(body))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
