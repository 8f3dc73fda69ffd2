//! Credits: one balance an organisation, every change an entry in its ledger.

mod store;

pub use store::LedgerEntry;

use colophon_db::Db;
use uuid::Uuid;

use crate::audit::{self, By};
use crate::{Core, Error, Kind, OrgId, Result};

/// Credits one grant may move.
const MOST_GRANTED: i64 = 1_000_000_000;

/// Gives an organisation credits and returns the balance after it. The same `idempotency_key`
/// moves credits once, however often it is sent.
///
/// # Errors
/// [`Kind::Invalid`] for an amount outside 1 to 1,000,000,000 or an empty reason,
/// [`Kind::NotFound`] for an unknown organisation, [`Kind::Conflict`] when the key was used for
/// another amount.
pub async fn grant(
    core: &Core,
    by: &By,
    org_id: OrgId,
    amount: i64,
    reason: &str,
    idempotency_key: &str,
) -> Result<i64> {
    if !(1..=MOST_GRANTED).contains(&amount) {
        return Err(Error::invalid(
            "amount",
            format!("must be 1 to {MOST_GRANTED}"),
        ));
    }
    let reason = crate::text::line("reason", reason, 500)?;
    let key = crate::text::line("idempotency_key", idempotency_key, 128)?;
    let entry = store::Entry {
        id: core.ids.next(),
        org_id,
        amount,
        reason,
        key,
        at: core.clock.now(),
    };
    core.db
        .write(|tx, _| {
            let entry = &entry;
            Box::pin(async move {
                crate::organisations::require(tx, org_id).await?;
                store::lock(tx, org_id).await?;
                if let Some((earlier, balance)) = store::find(tx, org_id, &entry.key).await? {
                    if earlier == amount {
                        return Ok(balance);
                    }
                    return Err(Error::new(
                        Kind::Conflict,
                        "idempotency_key_reused",
                        "This idempotency key moved another amount.",
                    ));
                }
                let balance = store::move_credits(tx, entry).await?;
                let (moved, reason) = (amount.to_string(), entry.reason.as_str());
                let details = [("amount", moved.as_str()), ("reason", reason)];
                let subject = entry.id.to_string();
                audit::record(
                    tx,
                    org_id,
                    by,
                    "credits.granted",
                    &subject,
                    &details,
                    entry.at,
                )
                .await?;
                Ok(balance)
            })
        })
        .await
}

/// The organisation's balance.
///
/// # Errors
/// [`Kind::NotFound`] for an unknown organisation.
pub async fn balance(db: &Db, org_id: OrgId) -> Result<i64> {
    store::balance(db, org_id)
        .await?
        .ok_or_else(|| Error::not_found("organisation"))
}

/// The organisation's ledger after an entry, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn entries(
    db: &Db,
    org_id: OrgId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<LedgerEntry>> {
    store::entries(db, org_id, after.unwrap_or(Uuid::nil()), limit).await
}
