//! `/log/…`: checkpoint, tiles (C2SP tlog-tiles) and proofs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_core::log::{self, Included};
use colophon_core::{Core, Error};
use colophon_http::{Json, Path, Query, Result};
use colophon_transparency::tile::TilePath;
use serde::{Deserialize, Serialize};

const TEXT: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
/// A tile never changes: a partial one is another path than the full one.
const FOREVER: (header::HeaderName, &str) =
    (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

/// `GET /log/checkpoint`: the newest signed tree head.
pub(crate) async fn checkpoint(State(core): State<Arc<Core>>) -> Result<impl IntoResponse> {
    let (note, _) = log::checkpoint_note(&core.db).await?;
    Ok(([TEXT, (header::CACHE_CONTROL, "no-cache")], note))
}

/// `GET /log/key`: the key that checks checkpoints, as a C2SP vkey.
pub(crate) async fn key(State(core): State<Arc<Core>>) -> impl IntoResponse {
    (
        [TEXT, (header::CACHE_CONTROL, "no-cache")],
        format!("{}\n", core.log_key),
    )
}

/// `GET /log/tile/{path}`
pub(crate) async fn tile(
    State(core): State<Arc<Core>>,
    Path(path): Path<String>,
) -> Result<impl IntoResponse> {
    let tile: TilePath = format!("tile/{path}")
        .parse()
        .map_err(|_| Error::not_found("tile"))?;
    let bytes = match tile {
        TilePath::Hashes(id) => log::hash_tile(&core.db, id).await?,
        TilePath::Entries { index, width } => log::entry_tile(&core.db, index, width).await?,
    };
    Ok((
        [(header::CONTENT_TYPE, "application/octet-stream"), FOREVER],
        bytes,
    ))
}

/// Which entry, and in which tree.
#[derive(Debug, Deserialize)]
pub struct Inclusion {
    id: Option<String>,
    index: Option<u64>,
    size: Option<u64>,
}

/// An RFC 6962 inclusion proof.
#[derive(Debug, Serialize)]
pub struct InclusionProof {
    index: u64,
    tree_size: u64,
    leaf_hash: String,
    hashes: Vec<String>,
    checkpoint: String,
}

/// `GET /log/proof/inclusion?id=…|index=…[&size=…]`
pub(crate) async fn inclusion(
    State(core): State<Arc<Core>>,
    Query(asked): Query<Inclusion>,
) -> Result<Json<InclusionProof>> {
    let index = match (asked.index, asked.id) {
        (Some(index), None) => index,
        (None, Some(id)) => match log::included(&core.db, &id).await? {
            Included::Yes(entry) => entry.entry.index(),
            Included::Pending => return Err(log::not_yet_included().into()),
            Included::No => return Err(Error::not_found("statement in the log").into()),
        },
        _ => return Err(Error::invalid("index", "give either index or id").into()),
    };
    let proof = log::inclusion(&core.db, index, asked.size).await?;
    Ok(Json(InclusionProof {
        index: proof.index,
        tree_size: proof.tree_size,
        leaf_hash: STANDARD.encode(proof.leaf_hash),
        hashes: proof
            .hashes
            .iter()
            .map(|hash| STANDARD.encode(hash))
            .collect(),
        checkpoint: proof.checkpoint,
    }))
}

/// Between which trees.
#[derive(Debug, Deserialize)]
pub struct Consistency {
    from: u64,
    to: Option<u64>,
}

/// An RFC 6962 consistency proof.
#[derive(Debug, Serialize)]
pub struct ConsistencyProof {
    from: u64,
    to: u64,
    hashes: Vec<String>,
}

/// `GET /log/proof/consistency?from=…[&to=…]`
pub(crate) async fn consistency(
    State(core): State<Arc<Core>>,
    Query(asked): Query<Consistency>,
) -> Result<Json<ConsistencyProof>> {
    let proof = log::consistency(&core.db, asked.from, asked.to).await?;
    Ok(Json(ConsistencyProof {
        from: proof.from,
        to: proof.to,
        hashes: proof
            .hashes
            .iter()
            .map(|hash| STANDARD.encode(hash))
            .collect(),
    }))
}

/// `GET /log/statements/{id}`: the exact document of a statement that is no record, such as a
/// key rotation.
pub(crate) async fn statement(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse> {
    let document = log::document(&core.db, &id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document))
}
