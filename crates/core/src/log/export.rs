//! The whole log as one file, for whoever wants to keep a copy.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use colophon_db::{Db, args};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::read::{entries, require_head};
use crate::audit::{self, By, Chain};
use crate::jobs::{self, JobContext, NewJob};
use crate::{Core, Error, JobId, Result, media};

/// The kind of the job.
pub const EXPORT: &str = "log.export";

/// Where the newest export is written down.
const SETTING: &str = "log.export";
const CONTENT_TYPE: &str = "application/x-ndjson";
/// Entries read and written at once.
const PAGE: i64 = 1_000;
/// How long a download link works.
const LINK_FOR: Duration = Duration::from_secs(60 * 60);

/// A finished export.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Export {
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Entries in it, one a line, in order.
    pub entries: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When it was finished.
    pub finished_at: DateTime<Utc>,
}

/// Asks for an export; one at a time is made, however often it is asked for.
///
/// # Errors
/// When the database does not answer.
pub async fn request_export(core: &Core, by: &By) -> Result<Uuid> {
    let now = core.clock.now();
    let job = NewJob {
        unique_key: Some(EXPORT.to_owned()),
        ..NewJob::new(EXPORT, json!({}), now)
    };
    core.db
        .write(|tx, _| {
            let job = job.clone();
            Box::pin(async move {
                let id = jobs::enqueue(tx, job).await?;
                let subject = JobId(id).to_string();
                let action = "log.export_requested";
                audit::record(tx, Chain::Server, by, action, &subject, &[], now).await?;
                Ok(id)
            })
        })
        .await
}

/// The job: writes every entry of the newest tree, each on its line, into the blob store. The
/// file's name and the end of the job commit together, so that a killed export runs again.
///
/// # Errors
/// When the database or the blob store does not answer.
pub async fn export(core: &Core, context: &JobContext) -> Result<()> {
    let head = require_head(&core.db).await?;
    let total = head.tree_size;
    let lines = stream::try_unfold(0_u64, |done| async move {
        let left = i64::try_from(total - done).unwrap_or(PAGE);
        if left == 0 {
            return Ok::<_, Error>(None);
        }
        let page = entries(&core.db, done, left.min(PAGE)).await?;
        if page.is_empty() {
            return Err(Error::internal("the log ends before its checkpoint"));
        }
        let mut text = String::new();
        for view in &page {
            text.push_str(&view.text);
            text.push('\n');
        }
        let done = done + page.len() as u64;
        let percent = u8::try_from(done * 100 / total.max(1)).unwrap_or(100);
        context.progress(percent, format!("{done} of {total} entries"));
        Ok(Some((Bytes::from(text), done)))
    });
    let digests = core.blobs.put_stream(lines, u64::MAX).await?;
    let finished_at = core.clock.now();
    let made = Export {
        sha256: hex::encode(digests.sha256),
        entries: total,
        size: digests.size,
        finished_at,
    };
    let value = serde_json::to_string(&made).map_err(Error::internal)?;
    core.db
        .write(|tx, _| {
            let value = value.clone();
            let digests = &digests;
            Box::pin(async move {
                media::record_blob(tx, digests, CONTENT_TYPE, finished_at).await?;
                tx.exec(
                    "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    args![SETTING, value],
                )
                .await?;
                context.complete(tx).await
            })
        })
        .await
}

/// The newest finished export, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn latest_export(db: &Db) -> Result<Option<Export>> {
    let row: Option<(String,)> = db
        .opt("SELECT value FROM setting WHERE name = $1", args![SETTING])
        .await?;
    row.map(|(value,)| serde_json::from_str(&value).map_err(Error::internal))
        .transpose()
}

/// A link that downloads an export for an hour.
///
/// # Errors
/// When the blob store does not answer.
pub async fn export_link(core: &Core, export: &Export) -> Result<String> {
    let sha256 = hex::decode(&export.sha256)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Error::internal("a damaged hash"))?;
    let name = format!("log-{}.ndjson", export.entries);
    core.blobs
        .download_url(&sha256, &name, CONTENT_TYPE, LINK_FOR, core.clock.now())
        .await
}
