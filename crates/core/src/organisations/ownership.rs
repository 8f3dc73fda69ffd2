//! Who owns an organisation: decided under a lock on its row, so that two owners who demote each
//! other leave one.

use colophon_db::{Db, Tx};

use super::member::find;
use super::{Member, store};
use crate::access::{Caller, OWNER, Permission};
use crate::audit::{self, By};
use crate::{AssignmentId, Core, Error, Kind, MembershipId, OrgId, Result};

fn last_owner() -> Error {
    Error::new(
        Kind::Conflict,
        "last_owner",
        "The organisation would have no owner. Transfer it first.",
    )
}

/// Locks the organisation and refuses if `member` is its only active owner.
pub(super) async fn keep_an_owner(tx: &mut Tx, org_id: OrgId, member: &Member) -> Result<()> {
    if member.is_last(store::count_owners(tx, org_id).await?) {
        return Err(last_owner());
    }
    Ok(())
}

/// How many active members own the caller's organisation.
///
/// # Errors
/// When the database does not answer.
pub async fn owners(db: &Db, caller: &Caller) -> Result<i64> {
    store::owners(db, caller.org_id).await
}

/// Makes another active member the owner in the caller's place.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Conflict`] for a suspended member, oneself,
/// or a personal organisation.
pub async fn transfer_ownership(
    core: &Core,
    caller: &Caller,
    by: &By,
    to: MembershipId,
) -> Result<Member> {
    caller.require(Permission::TransferOwnership)?;
    let person = caller.person()?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    let given = AssignmentId(core.ids.next());
    let changed = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let organisation = store::find_in(tx, org_id)
                    .await?
                    .ok_or_else(|| Error::not_found("organisation"))?;
                let from = store::member_of_person(tx, org_id, person)
                    .await?
                    .ok_or_else(|| Error::not_found("member"))?;
                let held = from
                    .roles
                    .iter()
                    .find(|held| held.role == OWNER)
                    .ok_or_else(|| {
                        // Somebody else has transferred it in this moment.
                        Error::new(Kind::Forbidden, "permission_denied", "You own it no more.")
                    })?;
                let heir = find(tx, org_id, to).await?;
                if organisation.personal_of.is_some() || !heir.active || heir.id == from.id {
                    return Err(Error::new(
                        Kind::Conflict,
                        "not_transferable",
                        "An organisation is transferred to another, active member; a personal one to nobody.",
                    ));
                }
                store::assign(tx, given, org_id, to, OWNER, None, now).await?;
                store::unassign(tx, org_id, from.id, held.id).await?;
                // The former owner stays, as an administrator.
                let kept = AssignmentId(held.id.0);
                store::assign(tx, kept, org_id, from.id, "admin", None, now).await?;
                let (old, subject) = (from.id.to_string(), to.to_string());
                let details = [("from", old.as_str())];
                let action = "organization.transferred";
                audit::record(tx, org_id, by, action, &subject, &details, now).await?;
                find(tx, org_id, to).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(changed)
}
