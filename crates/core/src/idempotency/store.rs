//! The statements on table `idempotency`. A row belongs to a scope, which names the caller.

use chrono::{DateTime, Utc};
use colophon_db::{FromRow, Tx, args};

use super::{Answer, Attempt, Ticket};
use crate::Result;

/// Rows that one [`purge`] removes at most.
pub(super) const PURGE_BATCH: u64 = 1000;

/// What an earlier attempt with the same key left.
#[derive(FromRow)]
pub(super) struct Earlier {
    pub(super) request_hash: Vec<u8>,
    status: Option<i64>,
    content_type: Option<String>,
    body: Option<Vec<u8>>,
}

impl Earlier {
    /// Its answer; `None` while it runs.
    pub(super) fn answer(self) -> Option<Answer> {
        let status = u16::try_from(self.status?).ok()?;
        Some(Answer {
            status,
            content_type: self.content_type,
            body: self.body.unwrap_or_default(),
        })
    }
}

/// Claims the key, or tells what holds it.
pub(super) async fn claim(
    tx: &mut Tx,
    attempt: &Attempt,
    now: DateTime<Utc>,
    locked_until: DateTime<Utc>,
    oldest: DateTime<Utc>,
) -> Result<Option<Earlier>> {
    let Attempt {
        scope,
        key,
        request_hash,
    } = attempt;
    let claimed = tx
        .exec(
            "INSERT INTO idempotency (scope, key, request_hash, locked_until, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, key) DO NOTHING",
            args![scope, key, *request_hash, locked_until, now],
        )
        .await?;
    if claimed == 1 {
        return Ok(None);
    }
    // Past its day, or left behind by a process that died.
    let taken_over = tx
        .exec(
            "UPDATE idempotency SET request_hash = $3, locked_until = $4, created_at = $5,
                 status = NULL, content_type = NULL, body = NULL
             WHERE scope = $1 AND key = $2 AND (created_at <= $6
                 OR (status IS NULL AND locked_until <= $5 AND request_hash = $3))",
            args![scope, key, *request_hash, locked_until, now, oldest],
        )
        .await?;
    if taken_over == 1 {
        return Ok(None);
    }
    let earlier: Option<Earlier> = tx
        .opt(
            "SELECT request_hash, status, content_type, body FROM idempotency
             WHERE scope = $1 AND key = $2",
            args![scope, key],
        )
        .await?;
    // No row: it was released between two statements (READ COMMITTED), so it was just in flight.
    Ok(Some(earlier.unwrap_or_else(|| Earlier {
        request_hash: request_hash.to_vec(),
        status: None,
        content_type: None,
        body: None,
    })))
}

pub(super) async fn keep(tx: &mut Tx, ticket: &Ticket, answer: &Answer) -> Result<()> {
    tx.exec(
        "UPDATE idempotency SET status = $4, content_type = $5, body = $6
         WHERE scope = $1 AND key = $2 AND locked_until = $3 AND status IS NULL",
        args![
            &ticket.scope,
            &ticket.key,
            ticket.locked_until,
            i64::from(answer.status),
            answer.content_type.clone(),
            answer.body.clone()
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn release(tx: &mut Tx, ticket: &Ticket) -> Result<()> {
    tx.exec(
        "DELETE FROM idempotency
         WHERE scope = $1 AND key = $2 AND locked_until = $3 AND status IS NULL",
        args![&ticket.scope, &ticket.key, ticket.locked_until],
    )
    .await?;
    Ok(())
}

pub(super) async fn purge(tx: &mut Tx, oldest: DateTime<Utc>) -> Result<u64> {
    Ok(tx
        .exec(
            "DELETE FROM idempotency WHERE (scope, key) IN
             (SELECT scope, key FROM idempotency WHERE created_at <= $1 LIMIT 1000)",
            args![oldest],
        )
        .await?)
}
