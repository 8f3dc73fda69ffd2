//! Organisations and their plans.

mod plan;
mod store;

pub use plan::Plan;
pub use store::Organisation;

use colophon_db::{Clock, Db, IdGenerator, Tx};

use crate::{Error, OrgId, Result};

/// Makes an organisation with an empty wallet.
///
/// # Errors
/// [`crate::Kind::Invalid`] for a name that is empty or longer than 200 characters.
pub async fn create(
    db: &Db,
    clock: &Clock,
    ids: &IdGenerator,
    name: &str,
    plan: Plan,
) -> Result<Organisation> {
    let name = crate::text::line("name", name, 200)?;
    let organisation = Organisation {
        id: OrgId(ids.next()),
        name,
        plan,
        created_at: clock.now(),
    };
    db.write(|tx, _| Box::pin(store::insert(tx, &organisation)))
        .await?;
    Ok(organisation)
}

/// One organisation.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub async fn get(db: &Db, id: OrgId) -> Result<Organisation> {
    store::find(db, id)
        .await?
        .ok_or_else(|| Error::not_found("organisation"))
}

/// Every organisation, newest first: for the operator's console only.
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &Db, limit: i64) -> Result<Vec<Organisation>> {
    store::list(db, limit).await
}

/// Signatures the organisation has used in the month of `month` (`2026-11`).
///
/// # Errors
/// When the database does not answer.
pub async fn usage(db: &Db, id: OrgId, meter: &str, month: &str) -> Result<i64> {
    store::usage(db, id, meter, month).await
}

/// Refuses inside a transaction when there is no such organisation.
pub(crate) async fn require(tx: &mut Tx, id: OrgId) -> Result<()> {
    if store::exists(tx, id).await? {
        Ok(())
    } else {
        Err(Error::not_found("organisation"))
    }
}
