//! `POST /v1/records` (`createRecord`): a signed record comes in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colophon_core::records::{self, NewRecord};
use colophon_core::{Core, Error};
use colophon_http::{Authenticated, Json, Result, StrictJson};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The request body. `signed_payload` is taken from the strict parse instead, because its
/// numbers must keep the spelling that was signed.
#[derive(Debug, Deserialize)]
pub struct Input {
    watermark_id: String,
    generator_id: String,
    model: String,
    content_hash: String,
    signature: String,
    #[serde(rename = "signed_payload")]
    _signed_payload: IgnoredAny,
}

/// The answer.
#[derive(Debug, Serialize)]
pub struct Output {
    token: String,
    record_id: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
    StrictJson(input, body): StrictJson<Input>,
) -> Result<impl IntoResponse> {
    let signed_payload = body
        .get("signed_payload")
        .cloned()
        .ok_or_else(|| Error::invalid("signed_payload", "is required"))?;
    let created = records::create(
        &core,
        &caller,
        NewRecord {
            watermark_id: input.watermark_id,
            generator_id: input.generator_id,
            model: input.model,
            content_hash: input.content_hash,
            signature: input.signature,
            signed_payload,
        },
    )
    .await?;
    let output = Output {
        token: created.token,
        record_id: created.id.to_string(),
    };
    Ok((StatusCode::CREATED, Json(output)))
}
