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

/// Counts a failure, and locks at the `most`th since `since`.
pub(in crate::identity) async fn count_failure(
    tx: &mut Tx,
    subject: &str,
    most: i64,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO lockout (subject, failures, updated_at) VALUES ($1, 1, $2) ON CONFLICT (subject) DO UPDATE SET failures = CASE WHEN lockout.updated_at < $3 THEN 1 ELSE lockout.failures + 1 END, updated_at = $2",
        args![subject, now, since],
    )
    .await?;
    tx.exec(
        "UPDATE lockout SET locked_until = $3, failures = 0 WHERE subject = $1 AND failures >= $2",
        args![subject, most, until],
    )
    .await?;
    Ok(())
}

pub(in crate::identity) async fn clear_failures(tx: &mut Tx, subject: &str) -> Result<()> {
    tx.exec("DELETE FROM lockout WHERE subject = $1", args![subject])
        .await?;
    Ok(())
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
