//! What becomes of a person's organisations when their account ends.

use chrono::{DateTime, Utc};
use colophon_db::Tx;
use serde_json::json;

use super::{Organisation, store};
use crate::access;
use crate::audit::{self, By};
use crate::{Error, Kind, OrgId, PersonId, Result};

/// Takes a person out of every organisation. The personal one is closed, and so is one that has
/// nobody else: its keys open nothing any more.
///
/// # Errors
/// [`Kind::Conflict`] code `last_owner`, naming the `organisations` that have other members and
/// would have no owner.
pub(crate) async fn part_with(
    tx: &mut Tx,
    person: PersonId,
    by: &By,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut left = Vec::new();
    let mut closed = Vec::new();
    let mut orphaned = Vec::new();
    // In the order of their ids, so that two who leave the same ones do not wait for each other.
    for organisation in store::every_of_person(tx, person).await? {
        let id = organisation.id;
        store::lock(tx, id).await?;
        let Some(member) = store::member_of_person(tx, id, person).await? else {
            continue;
        };
        if organisation.personal_of == Some(person) || store::count_members(tx, id).await? <= 1 {
            closed.push(organisation);
        } else if member.is_last(store::count_owners(tx, id).await?) {
            orphaned.push(json!({"org_id": id.to_string(), "name": organisation.name}));
        } else {
            left.push((id, member));
        }
    }
    if !orphaned.is_empty() {
        let error = Error::new(
            Kind::Conflict,
            "last_owner",
            "You are the only owner of organisations that have other members. Transfer them first.",
        );
        return Err(error.with("organisations", orphaned));
    }
    for (id, member) in &left {
        super::member::take_out(tx, *id, by, member, "member.left", now).await?;
    }
    for organisation in &closed {
        close(tx, organisation, by, now).await?;
    }
    Ok(())
}

async fn close(
    tx: &mut Tx,
    organisation: &Organisation,
    by: &By,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = organisation.id;
    store::close(tx, id, organisation.personal_of.is_some(), now).await?;
    access::revoke_all(tx, id, now).await?;
    let subject = id.to_string();
    audit::record(tx, id, by, "organization.closed", &subject, &[], now).await
}

/// Leaves a personal organisation to its person alone: other members and open invitations go.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn empty(
    tx: &mut Tx,
    org_id: OrgId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    store::lock(tx, org_id).await?;
    store::remove_members_but(tx, org_id, person).await?;
    store::revoke_invitations(tx, org_id, now).await
}

/// Deletes every invitation to an address that belongs to nobody any more.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn delete_invitations_to(tx: &mut Tx, email: &str) -> Result<()> {
    store::delete_invitations_to(tx, email).await
}
