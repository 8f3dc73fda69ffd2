//! `GET /api/v1/transparency/log` and `GET /api/v1/transparency/sth`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use colophon_core::log::{self, EntryView};
use colophon_core::{Core, Error};
use colophon_http::{Json, Query, Result};
use serde::{Deserialize, Serialize};

/// The page that is asked for.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// Entries after this number.
    #[serde(default)]
    since: u64,
    /// At most this many; 1,000 is the most.
    #[serde(default = "most")]
    limit: i64,
}

fn most() -> i64 {
    1_000
}

/// A page of the log.
#[derive(Debug, Serialize)]
pub struct Entries {
    entries: Vec<LogEntry>,
    /// What to send as `since` for the next page; `null` at the end of the log.
    next_since: Option<u64>,
}

/// One entry, hash-chained: its `prev_hash` is the `entry_hash` of the one before.
#[derive(Debug, Serialize)]
pub struct LogEntry {
    seq_no: u64,
    cert_id: String,
    kind: String,
    manifest_hash: String,
    prev_hash: String,
    entry_hash: String,
    ts: String,
}

impl From<EntryView> for LogEntry {
    fn from(view: EntryView) -> Self {
        Self {
            seq_no: view.entry.seq_no,
            cert_id: view.entry.cert_id,
            kind: view.entry.kind,
            manifest_hash: hex::encode(view.entry.manifest_hash),
            prev_hash: hex::encode(view.entry.prev_hash),
            entry_hash: hex::encode(view.entry_hash),
            ts: view.entry.ts,
        }
    }
}

pub(crate) async fn log(
    State(core): State<Arc<Core>>,
    Query(page): Query<Page>,
) -> Result<Json<Entries>> {
    if !(1..=most()).contains(&page.limit) {
        return Err(Error::invalid("limit", "must be 1 to 1000").into());
    }
    let entries: Vec<LogEntry> = log::entries(&core.db, page.since, page.limit)
        .await?
        .into_iter()
        .map(LogEntry::from)
        .collect();
    let full = i64::try_from(entries.len()).is_ok_and(|length| length == page.limit);
    let next_since = entries.last().filter(|_| full).map(|entry| entry.seq_no);
    Ok(Json(Entries {
        entries,
        next_since,
    }))
}

pub(crate) async fn tree_head(State(core): State<Arc<Core>>) -> Result<impl IntoResponse> {
    let signed = log::tree_head(&core).await?;
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        signed.to_json().map_err(Error::internal)?,
    ))
}
