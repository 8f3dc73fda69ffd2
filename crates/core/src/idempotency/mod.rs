//! Requests that may be sent twice: the answer to an `Idempotency-Key`, kept for a day.
//!
//! A claim and the work it guards are not one transaction. A process that dies between them
//! leaves a claim that is free again after [`LOCK`]; uniqueness rules of the work itself
//! (watermarks, ledger keys) catch the rest.

mod store;

use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::Db;

use crate::{Error, Kind, Result};

/// How long one attempt holds a key; no attempt may run longer.
pub const LOCK: Duration = Duration::from_secs(60);
/// How long an answer is replayed.
pub const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// One request that carries a key.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whose key it is and for which operation; other scopes may use the same key.
    pub scope: String,
    /// The client's key.
    pub key: String,
    /// SHA-256 of what the client sent.
    pub request_hash: [u8; 32],
}

/// What was answered the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, if there was one.
    pub content_type: Option<String>,
    /// The exact body.
    pub body: Vec<u8>,
}

/// What to do with an [`Attempt`].
#[derive(Debug)]
pub enum Claim {
    /// It is the first: do the work, then [`keep`] its answer or [`release`] the key.
    Run(Ticket),
    /// It was done before.
    Replay(Answer),
}

/// The right to answer for a key until [`LOCK`] is over.
#[derive(Clone, Debug)]
pub struct Ticket {
    scope: String,
    key: String,
    /// Tells this claim from a later one on the same key.
    locked_until: DateTime<Utc>,
}

/// Claims the key of an attempt.
///
/// # Errors
/// [`Kind::Conflict`] with code `idempotency_key_in_flight` while another attempt runs, and with
/// `idempotency_key_reused` when the key came with another request before.
pub async fn claim(db: &Db, now: DateTime<Utc>, attempt: &Attempt) -> Result<Claim> {
    let locked_until = now + LOCK;
    let earlier = db
        .write(|tx, _| Box::pin(store::claim(tx, attempt, now, locked_until, now - KEEP)))
        .await?;
    let Some(earlier) = earlier else {
        let Attempt { scope, key, .. } = attempt.clone();
        return Ok(Claim::Run(Ticket {
            scope,
            key,
            locked_until,
        }));
    };
    if earlier.request_hash != attempt.request_hash {
        return Err(Error::new(
            Kind::Conflict,
            "idempotency_key_reused",
            "This Idempotency-Key came with a different request before. Use a new key for a new request.",
        ));
    }
    earlier.answer().map(Claim::Replay).ok_or_else(|| {
        let mut error = Error::new(
            Kind::Conflict,
            "idempotency_key_in_flight",
            "A request with this Idempotency-Key is still being worked on. Try again in a moment.",
        );
        error.retry_after = Some(1);
        error
    })
}

/// Keeps the answer of a claim, to be replayed; without effect when the claim is no longer ours.
///
/// # Errors
/// When the database fails; the key is then free again after [`LOCK`].
pub async fn keep(db: &Db, ticket: &Ticket, answer: &Answer) -> Result<()> {
    db.write(|tx, _| Box::pin(store::keep(tx, ticket, answer)))
        .await
}

/// Gives a key back, so that the same request may run again.
///
/// # Errors
/// When the database fails; the key is then free again after [`LOCK`].
pub async fn release(db: &Db, ticket: &Ticket) -> Result<()> {
    db.write(|tx, _| Box::pin(store::release(tx, ticket))).await
}

/// Forgets answers older than [`KEEP`] and tells how many.
///
/// # Errors
/// When the database fails.
pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    let mut purged = 0;
    loop {
        // Small transactions: on SQLite, every other writer waits for this one.
        let removed = db
            .write(|tx, _| Box::pin(store::purge(tx, now - KEEP)))
            .await?;
        purged += removed;
        if removed < store::PURGE_BATCH {
            return Ok(purged);
        }
    }
}
