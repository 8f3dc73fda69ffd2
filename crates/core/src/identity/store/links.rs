//! SQL of links that work once.

use chrono::{DateTime, Utc};
use colophon_db::{FromRow, Tx, args};
use uuid::Uuid;

use crate::{PersonId, Result};

/// Ends the unused links of a purpose: a person's, or those of nobody.
pub(in crate::identity) async fn end_tokens(
    tx: &mut Tx,
    purpose: &str,
    person: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = match person {
        Some(_) => {
            "UPDATE one_time_token SET used_at = $3 WHERE purpose = $1 AND person_id = $2 AND used_at IS NULL"
        }
        None => {
            "UPDATE one_time_token SET used_at = $3 WHERE purpose = $1 AND person_id IS NULL AND $2 IS NULL AND used_at IS NULL"
        }
    };
    tx.exec(sql, args![purpose, person, now]).await?;
    Ok(())
}

pub(in crate::identity) async fn insert_token(
    tx: &mut Tx,
    purpose: &str,
    person: Option<PersonId>,
    hash: [u8; 32],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO one_time_token (token_hash, purpose, person_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        args![hash, purpose, person, now, until],
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct SpentRow {
    person_id: Option<Uuid>,
}

/// Spends a link: the person it was for, once.
pub(in crate::identity) async fn use_token(
    tx: &mut Tx,
    purpose: &str,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Option<PersonId>>> {
    let row: Option<SpentRow> = tx
        .opt(
            "UPDATE one_time_token SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING person_id",
            args![hash, purpose, now],
        )
        .await?;
    Ok(row.map(|row| row.person_id.map(PersonId)))
}

/// When the newest link of a purpose was made for a person.
pub(in crate::identity) async fn last_token(
    tx: &mut Tx,
    purpose: &str,
    person: PersonId,
) -> Result<Option<DateTime<Utc>>> {
    let row: Option<(DateTime<Utc>,)> = tx
        .opt(
            "SELECT created_at FROM one_time_token WHERE purpose = $1 AND person_id = $2 ORDER BY created_at DESC LIMIT 1",
            args![purpose, person],
        )
        .await?;
    Ok(row.map(|(at,)| at))
}

/// Removes some of a person's links, used or not, and tells how many.
pub(in crate::identity) async fn purge_tokens(tx: &mut Tx, person: PersonId) -> Result<u64> {
    Ok(tx
        .exec(
            "DELETE FROM one_time_token WHERE token_hash IN (SELECT token_hash FROM one_time_token WHERE person_id = $1 LIMIT 500)",
            args![person],
        )
        .await?)
}

/// Removes some links that have expired, used or not, and tells how many.
pub(in crate::identity) async fn purge_links(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(tx
        .exec(
            "DELETE FROM one_time_token WHERE token_hash IN (SELECT token_hash FROM one_time_token WHERE expires_at <= $1 LIMIT 500)",
            args![now],
        )
        .await?)
}
