//! The log as its operator sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, log};
use colophon_http::{Query, Result};

use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::handlers::{frame, utc};
use crate::views::{LogEntry, LogExport, LogPage};

/// Entries on a page.
const SHOWN: u64 = 50;

/// `GET /console/log?before=…`: the newest entries, or those before a position.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(query): Query<BTreeMap<String, String>>,
    operator: Operator,
) -> Result<Response> {
    let head = log::head(&core.db).await?;
    let end = head
        .as_ref()
        .map_or(0, |head| head.tree_size.saturating_add(1));
    let before = query
        .get("before")
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(end);
    let newest = before.min(end).saturating_sub(1);
    let since = newest.saturating_sub(SHOWN);
    let shown = i64::try_from(newest - since).unwrap_or_default();
    // The log takes a page of no entries for one of one entry.
    let found = if shown > 0 {
        log::entries(&core.db, since, shown).await?
    } else {
        Vec::new()
    };
    let export = match log::latest_export(&core.db).await? {
        Some(export) => Some(LogExport {
            url: log::export_link(&core, &export).await?,
            entries: export.entries,
            made_at: utc(export.finished_at),
            sha256: export.sha256,
        }),
        None => None,
    };
    let page = LogPage {
        frame: frame(),
        session: operator.view(),
        waiting: log::pending(&core.db).await?,
        checkpoint: head.map(|head| head.note),
        vkeys: vec![core.log_key.to_string()],
        export,
        entries: found
            .into_iter()
            .rev()
            .map(|view| LogEntry {
                seq_no: view.entry.seq_no,
                kind: view.entry.kind,
                subject: view.entry.cert_id,
                manifest_hash: hex::encode(view.entry.manifest_hash),
                ts: view.entry.ts,
            })
            .collect(),
        more_url: (since > 0).then(|| format!("/console/log?before={}", since + 1)),
    };
    Ok(operator.page(StatusCode::OK, &page))
}

/// `POST /console/log/export`
pub(super) async fn export(
    State(core): State<Arc<Core>>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    log::request_export(&core, operator.by()).await?;
    Ok(operator.go("/console/jobs", Flash::ExportRequested))
}
