//! SQL of failed attempts.

use chrono::{DateTime, Utc};
use colophon_db::{Db, Tx, args};

use crate::Result;

/// Until when a subject is locked out, if it is.
pub(in crate::identity) async fn locked_until(
    db: &Db,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let row: Option<(DateTime<Utc>,)> = db
        .opt(
            "SELECT locked_until FROM lockout WHERE subject = $1 AND locked_until > $2",
            args![subject, now],
        )
        .await?;
    Ok(row.map(|(until,)| until))
}

/// Counts a failure, and locks at the `most`th since `since`; until when, if it was locked before.
pub(in crate::identity) async fn count_failure(
    tx: &mut Tx,
    subject: &str,
    most: i64,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    // The row stays locked until the transaction ends: what it says is true until then.
    let (failures, locked): (i64, Option<DateTime<Utc>>) = tx
        .one(
            "INSERT INTO lockout (subject, failures, updated_at) VALUES ($1, 1, $2) ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN lockout.updated_at < $3 THEN 1 ELSE lockout.failures + 1 END, updated_at = $2 RETURNING failures, locked_until",
            args![subject, now, since],
        )
        .await?;
    let locked = locked.filter(|until| *until > now);
    if locked.is_none() && failures >= most {
        tx.exec(
            "UPDATE lockout SET locked_until = $2, failures = 0 WHERE subject = $1",
            args![subject, until],
        )
        .await?;
    }
    Ok(locked)
}

/// Forgets the failures of a subject; until when, if it is locked.
pub(in crate::identity) async fn clear_failures(
    tx: &mut Tx,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    tx.exec(
        "DELETE FROM lockout WHERE subject = $1 AND (locked_until IS NULL OR locked_until <= $2)",
        args![subject, now],
    )
    .await?;
    let row: Option<(DateTime<Utc>,)> = tx
        .opt(
            "SELECT locked_until FROM lockout WHERE subject = $1 AND locked_until > $2",
            args![subject, now],
        )
        .await?;
    Ok(row.map(|(until,)| until))
}

/// Forgets the failures of an e-mail address from everywhere: their subjects hold it.
pub(in crate::identity) async fn clear_failures_of(tx: &mut Tx, email: &str) -> Result<()> {
    let literal = email
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    tx.exec(
        "DELETE FROM lockout WHERE subject LIKE $1 ESCAPE '\\'",
        args![format!("person:{literal}|%")],
    )
    .await?;
    Ok(())
}

/// Forgets some subjects that have not failed since a time and are not locked, and tells how many.
pub(in crate::identity) async fn purge_failures(
    tx: &mut Tx,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64> {
    Ok(tx
        .exec(
            "DELETE FROM lockout WHERE subject IN (SELECT subject FROM lockout WHERE updated_at < $1 AND (locked_until IS NULL OR locked_until <= $2) LIMIT 500)",
            args![since, now],
        )
        .await?)
}
