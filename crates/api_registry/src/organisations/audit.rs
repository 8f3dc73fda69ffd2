//! `/organisations/{org}/audit…`: who did what, when and from where.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use chrono::SecondsFormat;
use colophon_core::audit::{self, Chain, Event, Verified};
use colophon_core::media::content_disposition;
use colophon_core::{Core, Error};
use colophon_http::{Json, Query, Result};
use serde::{Deserialize, Serialize};

use super::InOrganisation;
use crate::limit;

/// An event.
#[derive(Debug, Serialize)]
pub struct View {
    seq: i64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    details: BTreeMap<String, String>,
    ip: String,
    user_agent: String,
    /// The document whose SHA-256 is `hash`; it names the hash before it.
    document: String,
    hash: String,
}

impl From<Event> for View {
    fn from(event: Event) -> Self {
        let member = |name| event.member(name).unwrap_or_default();
        Self {
            seq: event.seq,
            at: event.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            details: event.details().into_iter().collect(),
            ip: member("ip"),
            user_agent: member("user_agent"),
            hash: hex::encode(&event.hash),
            actor: event.actor,
            action: event.action,
            subject: event.subject,
            document: event.document,
        }
    }
}

/// `?before=&limit=`
#[derive(Debug, Deserialize)]
pub struct Paging {
    before: Option<i64>,
    limit: Option<i64>,
}

/// Some events, newest first.
#[derive(Debug, Serialize)]
pub struct List {
    events: Vec<View>,
    /// What `before` asks for the next, older page with.
    next_before: Option<i64>,
}

/// `GET /organisations/{org}/audit`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
    Query(paging): Query<Paging>,
) -> Result<Json<List>> {
    let limit = limit(paging.limit, 500)? as i64;
    if paging.before.is_some_and(|before| before < 1) {
        return Err(Error::invalid("before", "must be at least 1").into());
    }
    let page = audit::list(&core.db, Chain::of(&caller)?, paging.before, limit).await?;
    Ok(Json(List {
        events: page.events.into_iter().map(View::from).collect(),
        next_before: page.next_before,
    }))
}

/// `GET /organisations/{org}/audit.csv`: the whole list, oldest first, as a download.
pub(crate) async fn csv(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
) -> Result<impl IntoResponse> {
    let table = audit::csv(core.db.clone(), Chain::of(&caller)?);
    let file = content_disposition(&format!("audit-{}.csv", caller.org_id));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, Body::from_stream(table)))
}

/// Whether every event follows from the one before.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Check {
    /// It does.
    Whole {
        /// How many there are.
        events: i64,
    },
    /// Something was changed, removed or put in.
    Broken {
        /// The first number that does not hold.
        at: i64,
    },
}

/// `GET /organisations/{org}/audit/verify`
pub(crate) async fn verify(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
) -> Result<Json<Check>> {
    let found = audit::verify(&core.db, Chain::of(&caller)?).await?;
    Ok(Json(match found {
        Verified::Whole { events } => Check::Whole { events },
        Verified::Broken { at } => Check::Broken { at },
    }))
}
