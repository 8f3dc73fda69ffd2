//! SQL of the audit log. There is no statement that changes or removes an event.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::Result;

/// An event.
#[derive(Clone, Debug, FromRow)]
pub struct Event {
    /// Its number in its chain, from 1.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What, such as `member.suspended`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The exact document whose SHA-256 is `hash`.
    pub document: String,
    /// SHA-256 of the document.
    pub hash: Vec<u8>,
}

impl Event {
    /// A text member of the document: `ip`, `user_agent`, `previous`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<String> {
        let document: Json = serde_json::from_str(&self.document).ok()?;
        Some(document.get(name)?.as_str()?.to_owned())
    }

    /// The details, in order of their names.
    #[must_use]
    pub fn details(&self) -> Vec<(String, String)> {
        let document: Json = serde_json::from_str(&self.document).unwrap_or_default();
        let details = document.get("details").and_then(Json::as_object);
        details
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    }
}

/// Some events, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub events: Vec<Event>,
    /// Where the next, older page starts, if there is one.
    pub next_before: Option<i64>,
}

pub(super) struct NewEvent<'a> {
    pub chain: Uuid,
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub document: String,
    pub hash: [u8; 32],
}

/// Locks the chain's head until the transaction ends: the next number, and the hash before it.
pub(super) async fn advance(tx: &mut Tx, chain: Uuid, genesis: [u8; 32]) -> Result<(i64, Vec<u8>)> {
    Ok(tx
        .one(
            "INSERT INTO audit_head (chain, seq, hash) VALUES ($1, 1, $2) ON CONFLICT (chain) DO UPDATE SET seq = audit_head.seq + 1 RETURNING seq, hash",
            args![chain, genesis],
        )
        .await?)
}

pub(super) async fn append(tx: &mut Tx, event: NewEvent<'_>) -> Result<()> {
    tx.exec(
        "INSERT INTO audit_event (chain, seq, at, actor, action, subject, document, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            event.chain,
            event.seq,
            event.at,
            event.actor,
            event.action,
            event.subject,
            &event.document,
            event.hash
        ],
    )
    .await?;
    tx.exec(
        "UPDATE audit_head SET hash = $2 WHERE chain = $1",
        args![event.chain, event.hash],
    )
    .await?;
    Ok(())
}

pub(super) async fn happened(
    tx: &mut Tx,
    chain: Uuid,
    action: &str,
    subject: &str,
) -> Result<bool> {
    let found: Option<(i64,)> = tx
        .opt(
            "SELECT seq FROM audit_event WHERE chain = $1 AND action = $2 AND subject = $3 LIMIT 1",
            args![chain, action, subject],
        )
        .await?;
    Ok(found.is_some())
}

pub(super) async fn list(db: &Db, chain: Uuid, before: Option<i64>, limit: i64) -> Result<Page> {
    let mut events: Vec<Event> = db
        .all(
            "SELECT seq, at, actor, action, subject, document, hash FROM audit_event WHERE chain = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
            args![chain, before.unwrap_or(i64::MAX), limit + 1],
        )
        .await?;
    let more = events.len() as i64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(0));
    let next_before = events.last().filter(|_| more).map(|event| event.seq);
    Ok(Page {
        events,
        next_before,
    })
}

pub(super) async fn after(db: &Db, chain: Uuid, seq: i64, limit: i64) -> Result<Vec<Event>> {
    Ok(db
        .all(
            "SELECT seq, at, actor, action, subject, document, hash FROM audit_event WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            args![chain, seq, limit],
        )
        .await?)
}

pub(super) async fn head(db: &Db, chain: Uuid) -> Result<Option<(i64, [u8; 32])>> {
    let row: Option<(i64, Vec<u8>)> = db
        .opt(
            "SELECT seq, hash FROM audit_head WHERE chain = $1",
            args![chain],
        )
        .await?;
    Ok(row.and_then(|(seq, hash)| Some((seq, hash.try_into().ok()?))))
}
