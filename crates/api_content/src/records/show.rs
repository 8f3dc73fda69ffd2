//! `GET /v1/records/{record_id}` (`getRecord`): the full record, for anyone.

use std::sync::Arc;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_core::records::{self, RecordView};
use colophon_core::{Core, Error};
use colophon_http::{Json, Path, Result};
use serde::Serialize;
use serde_json::value::RawValue;

/// The record: what was posted, what we made of it, and where its proof is.
#[derive(Debug, Serialize)]
pub struct Output {
    record_id: String,
    token: String,
    org_id: String,
    org_name: String,
    watermark_id: String,
    generator_id: String,
    generator_status: &'static str,
    model: String,
    content_hash: String,
    signature: String,
    signature_algorithm: &'static str,
    key_id: String,
    /// The signed object, in the very spelling that was signed.
    signed_payload: Box<RawValue>,
    created_at: String,
    log: Log,
    bundle_url: String,
}

#[derive(Debug, Serialize)]
struct Log {
    status: &'static str,
    seq_no: Option<u64>,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Path(record_id): Path<String>,
) -> Result<Json<Output>> {
    let view = records::get(&core.db, record_id.parse()?).await?;
    Ok(Json(output(view)?))
}

fn output(view: RecordView) -> Result<Output> {
    let record = view.record;
    Ok(Output {
        bundle_url: format!("/bundles/{}", record.record_id),
        record_id: record.record_id,
        token: view.token,
        org_id: record.org_id,
        org_name: record.organisation,
        watermark_id: record.watermark_id,
        generator_id: record.generator_id,
        generator_status: if view.generator_revoked {
            "revoked"
        } else {
            "active"
        },
        model: record.model,
        content_hash: record.content_hash.to_string(),
        signature: STANDARD.encode(&record.signature),
        signature_algorithm: record.algorithm.name(),
        key_id: record.key_id,
        signed_payload: RawValue::from_string(record.signed_payload).map_err(Error::internal)?,
        created_at: record.created_at,
        log: Log {
            status: if view.seq_no.is_some() {
                "included"
            } else {
                "pending"
            },
            seq_no: view.seq_no,
        },
    })
}
