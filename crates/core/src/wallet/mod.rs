//! Credits: one balance an organisation, every change an entry in its ledger.

mod store;

use colophon_db::{Clock, Db, IdGenerator};

use crate::{Error, Kind, OrgId, Result};

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
    db: &Db,
    clock: &Clock,
    ids: &IdGenerator,
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
        id: ids.next(),
        org_id,
        amount,
        reason,
        key,
        at: clock.now(),
    };
    db.write(|tx, _| {
        Box::pin(async {
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
            store::move_credits(tx, &entry).await
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
