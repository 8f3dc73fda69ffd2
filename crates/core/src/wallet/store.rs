//! SQL of wallets and their ledgers.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use uuid::Uuid;

use crate::{Error, Kind, OrgId, Result};

pub(super) struct Entry {
    pub id: Uuid,
    pub org_id: OrgId,
    pub amount: i64,
    pub reason: String,
    pub key: String,
    pub at: DateTime<Utc>,
}

/// Makes whoever else moves this wallet's credits wait for this transaction, so that of two that
/// use one key the second finds the entry of the first.
pub(super) async fn lock(tx: &mut Tx, org_id: OrgId) -> Result<()> {
    tx.exec(
        "UPDATE wallet SET balance = balance WHERE org_id = $1",
        args![org_id],
    )
    .await?;
    Ok(())
}

/// The amount and the balance after it of the entry that used this key.
pub(super) async fn find(tx: &mut Tx, org_id: OrgId, key: &str) -> Result<Option<(i64, i64)>> {
    Ok(tx
        .opt(
            "SELECT amount, balance_after FROM ledger_entry WHERE org_id = $1 AND idempotency_key = $2",
            args![org_id, key],
        )
        .await?)
}

/// Moves the balance and writes the entry; the `CHECK` and the `WHERE` both refuse a debt.
pub(super) async fn move_credits(tx: &mut Tx, entry: &Entry) -> Result<i64> {
    let row: Option<(i64,)> = tx
        .opt(
            "UPDATE wallet SET balance = balance + $2 WHERE org_id = $1 AND balance + $2 >= 0 RETURNING balance",
            args![entry.org_id, entry.amount],
        )
        .await?;
    let (balance,) = row.ok_or_else(|| {
        Error::new(
            Kind::PaymentRequired,
            "insufficient_credits",
            "The wallet has too few credits.",
        )
    })?;
    tx.exec(
        "INSERT INTO ledger_entry (id, org_id, amount, balance_after, reason, idempotency_key, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![entry.id, entry.org_id, entry.amount, balance, &entry.reason, &entry.key, entry.at],
    )
    .await?;
    Ok(balance)
}

pub(super) async fn balance(db: &Db, org_id: OrgId) -> Result<Option<i64>> {
    let row: Option<(i64,)> = db
        .opt(
            "SELECT balance FROM wallet WHERE org_id = $1",
            args![org_id],
        )
        .await?;
    Ok(row.map(|(balance,)| balance))
}

/// A movement of credits.
#[derive(Clone, Debug, FromRow)]
pub struct LedgerEntry {
    /// Its id.
    pub id: Uuid,
    /// Credits that came (or went, below zero).
    pub amount: i64,
    /// The balance after it.
    pub balance_after: i64,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

pub(super) async fn entries(
    db: &Db,
    org_id: OrgId,
    after: Uuid,
    limit: i64,
) -> Result<Vec<LedgerEntry>> {
    Ok(db
        .all(
            "SELECT id, amount, balance_after, reason, created_at FROM ledger_entry WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            args![org_id, after, limit],
        )
        .await?)
}
