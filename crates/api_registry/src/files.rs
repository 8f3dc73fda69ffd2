//! `GET /files/{hash}` and `POST /files`: what is known about this file?

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use colophon_core::{Core, Error, RecordId, records};
use colophon_http::{Json, Multipart, Path, Query, Result, body_error};
use colophon_transparency::digest::{ContentHash, HashFunction};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use crate::utc;

/// Everything that is stated about one content.
#[derive(Debug, Serialize)]
pub struct Known {
    hash: String,
    statements: Vec<Statement>,
    /// What `cursor` asks for the next page with.
    next_cursor: Option<String>,
}

/// One statement.
#[derive(Debug, Serialize)]
pub struct Statement {
    kind: &'static str,
    id: String,
    organisation: String,
    model: String,
    generator_id: String,
    generator_status: &'static str,
    created_at: String,
    log: Log,
    bundle_url: String,
    record_url: String,
}

#[derive(Debug, Serialize)]
struct Log {
    status: &'static str,
    seq_no: Option<u64>,
}

/// `?cursor=`
#[derive(Debug, Deserialize)]
pub struct Paging {
    cursor: Option<String>,
}

/// `GET /files/{hash}`: an unknown file has no statements, which is an answer, not an error.
pub(crate) async fn show(
    State(core): State<Arc<Core>>,
    Path(hash): Path<String>,
    Query(Paging { cursor }): Query<Paging>,
) -> Result<Json<Known>> {
    let hash: ContentHash = hash.parse().map_err(|_| {
        Error::invalid(
            "hash",
            "must be sha256: or sha3-256: and 64 lowercase hexadecimal digits",
        )
    })?;
    let after = cursor
        .map(|cursor| cursor.parse())
        .transpose()
        .map_err(|_| Error::invalid("cursor", "must be the next_cursor of an earlier answer"))?;
    Ok(Json(known(&core, &hash, after).await?))
}

async fn known(core: &Core, hash: &ContentHash, after: Option<RecordId>) -> Result<Known> {
    let page = records::by_content_hash(&core.db, hash, after).await?;
    let statements = page.records.into_iter().map(|record| Statement {
        kind: "record",
        bundle_url: format!("/bundles/{}", record.id),
        record_url: format!("/v1/records/{}", record.id),
        id: record.id.to_string(),
        organisation: record.organisation,
        model: record.model,
        generator_id: record.generator_id.to_string(),
        generator_status: if record.generator_revoked {
            "revoked"
        } else {
            "active"
        },
        created_at: utc(record.created_at),
        log: Log {
            status: if record.seq_no.is_some() {
                "included"
            } else {
                "pending"
            },
            seq_no: record.seq_no,
        },
    });
    Ok(Known {
        hash: hash.to_string(),
        statements: statements.collect(),
        next_cursor: page.next_after.map(|after| after.to_string()),
    })
}

/// Largest file of a deep check, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u64);

/// What the server itself measured, and what is known.
#[derive(Debug, Serialize)]
pub struct Checked {
    sha256: String,
    sha3_256: String,
    size_bytes: u64,
    #[serde(flatten)]
    known: Known,
}

/// `POST /files`: the server reads the file itself, looks it up by its hashes, and keeps
/// nothing of it.
pub(crate) async fn check(
    State(core): State<Arc<Core>>,
    Extension(Limit(limit)): Extension<Limit>,
    mut form: Multipart,
) -> Result<Json<Checked>> {
    while let Some(part) = form.next().await? {
        if part.name() != Some("file") {
            continue;
        }
        let stream = part.map_err(|error| body_error(&error));
        let digests = core.blobs.digest(stream, limit).await?;
        let hash = digests.content_hash(HashFunction::Sha3_256);
        return Ok(Json(Checked {
            sha256: digests.content_hash(HashFunction::Sha256).to_string(),
            sha3_256: hash.to_string(),
            size_bytes: digests.size,
            known: known(&core, &hash, None).await?,
        }));
    }
    Err(Error::invalid(
        "file",
        "is required: multipart/form-data with a part `file`",
    )
    .into())
}
