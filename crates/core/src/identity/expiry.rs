//! Forgetting what opens and locks nothing any more.

use chrono::{DateTime, Utc};
use colophon_db::{Db, Tx};

use super::session::SessionKind;
use super::{lockout, store};
use crate::Result;

/// Forgets sessions and mailed links that have ended, refresh tokens that were used longer ago than
/// a session lasts, and failures that count no more.
///
/// # Errors
/// When the database does not answer.
pub async fn purge_expired(db: &Db, now: DateTime<Utc>) -> Result<()> {
    // Small transactions: on SQLite, every other writer waits for this one.
    while db.write(|tx, _| Box::pin(some(tx, now))).await? > 0 {}
    Ok(())
}

async fn some(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    // Until then the second use of one shows that it was stolen.
    let refreshed = now - SessionKind::Person.lasts();
    let failed = now - lockout::LONGEST;
    Ok(store::purge_sessions(tx, now).await?
        + store::purge_refreshed(tx, refreshed).await?
        + store::purge_links(tx, now).await?
        + store::purge_failures(tx, failed, now).await?)
}
