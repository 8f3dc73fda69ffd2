//! Organisations: what they are, where, and who belongs to them as what.

mod closing;
mod invitation;
mod location;
mod member;
mod ownership;
mod plan;
mod role_assignment;
mod slug;
mod store;

pub(crate) use closing::{delete_invitations_to, empty, part_with};
pub(crate) use invitation::invitations_to;
pub use invitation::{
    INVITATION_FOR, Invitation, InvitationStatus, NewInvitation, accept, decline, invitation_of,
    invitations, invite, resend, revoke_invitation,
};
pub use location::{
    Location, LocationChange, NewLocation, add_location, locations, update_location,
};
pub use member::{
    Member, MemberPage, Membership, add_by_operator, grants, leave, member, members, members_of,
    memberships_of, remove_member, require_over, resume_member, suspend_member,
};
pub use ownership::{owners, transfer_ownership};
pub use plan::Plan;
pub use role_assignment::{Assignment, Scope, assign_role, require_role, unassign_role};

use chrono::{DateTime, Utc};
use colophon_db::{Db, Tx};

use crate::access::{Caller, OWNER, Permission};
use crate::audit::{self, By};
use crate::identity::Person;
use crate::{AssignmentId, Core, Error, MembershipId, OrgId, PersonId, Result};

/// Characters of an organisation's name.
const NAME: usize = 200;
/// Organisations of a person who makes another: a bound against mistakes, not a price.
const MOST: usize = 100;

/// An organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Its name in addresses: lower-case letters, digits, hyphens; unique.
    pub slug: String,
    /// Whether its keys and members are let in.
    pub active: bool,
    /// Its plan.
    pub plan: Plan,
    /// Where to write to it.
    pub contact_email: Option<String>,
    /// Whose personal organisation it is, if it is one.
    pub personal_of: Option<PersonId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Organisation {
    /// A new one, not stored yet.
    fn new(core: &Core, name: &str, plan: Plan) -> Result<Self> {
        let name = crate::text::line("name", name, NAME)?;
        let id = OrgId(core.ids.next());
        Ok(Self {
            id,
            slug: slug::unique(&name),
            name,
            active: true,
            plan,
            contact_email: None,
            personal_of: None,
            created_at: core.clock.now(),
        })
    }
}

/// Makes an organisation without members, as an operator does.
///
/// # Errors
/// [`crate::Kind::Invalid`] for a name that is empty or longer than 200 characters, or an address
/// that is none.
pub async fn create(
    core: &Core,
    by: &By,
    name: &str,
    plan: Plan,
    contact_email: Option<&str>,
) -> Result<Organisation> {
    let organisation = Organisation {
        contact_email: contact_email
            .map(|email| crate::identity::email_address("contact_email", email))
            .transpose()?,
        ..Organisation::new(core, name, plan)?
    };
    core.db
        .write(|tx, _| {
            let organisation = &organisation;
            Box::pin(async move {
                store::insert(tx, organisation).await?;
                created(tx, by, organisation).await
            })
        })
        .await?;
    Ok(organisation)
}

/// Makes an organisation that the caller owns.
///
/// # Errors
/// [`crate::Kind::Invalid`] as [`create`]; [`crate::Kind::Forbidden`] for a caller who is no
/// person; [`crate::Kind::Conflict`] for a person who belongs to 100 already.
pub async fn create_own(core: &Core, caller: &Caller, by: &By, name: &str) -> Result<Organisation> {
    caller.require(Permission::ManageAccount)?;
    let owner = caller.person()?;
    let organisation = Organisation::new(core, name, Plan::Free)?;
    if of_person(&core.db, owner).await?.len() >= MOST {
        return Err(Error::new(
            crate::Kind::Conflict,
            "too_many_organisations",
            "You belong to 100 organisations, which is the most for making another.",
        ));
    }
    core.db
        .write(|tx, _| {
            let organisation = &organisation;
            Box::pin(async move {
                store::insert(tx, organisation).await?;
                own(core, tx, organisation, owner).await?;
                created(tx, by, organisation).await
            })
        })
        .await?;
    Ok(organisation)
}

/// Makes the personal organisation of somebody who signs up, in that transaction.
pub(crate) async fn create_personal(
    core: &Core,
    tx: &mut Tx,
    by: &By,
    person: &Person,
) -> Result<Organisation> {
    let organisation = Organisation {
        personal_of: Some(person.id),
        ..Organisation::new(core, &person.name, Plan::Free)?
    };
    store::insert(tx, &organisation).await?;
    own(core, tx, &organisation, person.id).await?;
    created(tx, by, &organisation).await?;
    Ok(organisation)
}

async fn own(core: &Core, tx: &mut Tx, organisation: &Organisation, owner: PersonId) -> Result<()> {
    let member = MembershipId(core.ids.next());
    let now = organisation.created_at;
    store::insert_member(tx, member, organisation.id, owner, now).await?;
    let assignment = AssignmentId(core.ids.next());
    store::assign(tx, assignment, organisation.id, member, OWNER, None, now).await?;
    Ok(())
}

async fn created(tx: &mut Tx, by: &By, organisation: &Organisation) -> Result<()> {
    let plan = ("plan", organisation.plan.name());
    let name = ("name", organisation.name.as_str());
    let details: &[_] = match organisation.personal_of {
        // A person's name goes with their account, and what is written here stays.
        Some(_) => &[plan],
        None => &[name, plan],
    };
    audit::record(
        tx,
        organisation.id,
        by,
        "organization.created",
        &organisation.id.to_string(),
        details,
        organisation.created_at,
    )
    .await
}

/// What to change of an organisation; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrganisationChange<'a> {
    /// 1 to 200 characters.
    pub name: Option<&'a str>,
    /// An e-mail address; an empty text clears it.
    pub contact_email: Option<&'a str>,
}

/// Changes the caller's organisation.
///
/// # Errors
/// [`crate::Kind::Forbidden`], or [`crate::Kind::Invalid`] naming the field.
pub async fn update(
    core: &Core,
    caller: &Caller,
    by: &By,
    change: OrganisationChange<'_>,
) -> Result<Organisation> {
    caller.require(Permission::EditOrganisation)?;
    let name = change
        .name
        .map(|name| crate::text::line("name", name, NAME))
        .transpose()?;
    let contact_email = match change.contact_email.map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(email) => Some(Some(crate::identity::email_address(
            "contact_email",
            email,
        )?)),
    };
    let (org_id, now) = (caller.org_id, core.clock.now());
    let changed = core
        .db
        .write(|tx, _| {
            let (name, contact_email) = (name.clone(), contact_email.clone());
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let old = store::find_in(tx, org_id)
                    .await?
                    .ok_or_else(|| Error::not_found("organisation"))?;
                let changed = Organisation {
                    name: name.unwrap_or(old.name),
                    contact_email: contact_email.unwrap_or(old.contact_email),
                    ..old
                };
                let (name, contact) = (changed.name.as_str(), changed.contact_email.as_deref());
                store::update(tx, org_id, name, contact).await?;
                let details = [("name", name), ("contact_email", contact.unwrap_or(""))];
                let subject = org_id.to_string();
                let action = "organization.updated";
                audit::record(tx, org_id, by, action, &subject, &details, now).await?;
                Ok::<_, Error>(changed)
            })
        })
        .await?;
    core.keys.forget_all();
    core.sessions.forget_all();
    Ok(changed)
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

/// The organisations that a person belongs to, the personal one first.
///
/// # Errors
/// When the database does not answer.
pub async fn of_person(db: &Db, person: PersonId) -> Result<Vec<Organisation>> {
    store::of_person(db, person).await
}

/// One of the organisations that a person is an active member of.
///
/// # Errors
/// [`crate::Kind::NotFound`], the same for one that there is not.
pub async fn of_member(db: &Db, person: PersonId, id: OrgId) -> Result<Organisation> {
    store::of_member(db, person, id)
        .await?
        .ok_or_else(|| Error::not_found("organisation"))
}

/// What the organisation has used in the month of `month` (`2026-11`), by the name of its meter.
///
/// # Errors
/// When the database does not answer.
pub async fn usage(db: &Db, id: OrgId, meter: &str, month: &str) -> Result<i64> {
    store::usage(db, id, meter, month).await
}

/// Makes other transactions that lock the organisation wait for the end of this one.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub(crate) async fn lock(tx: &mut Tx, id: OrgId) -> Result<()> {
    if store::lock(tx, id).await? {
        Ok(())
    } else {
        Err(Error::not_found("organisation"))
    }
}

/// Refuses inside a transaction when there is no such organisation.
pub(crate) async fn require(tx: &mut Tx, id: OrgId) -> Result<()> {
    if store::exists(tx, id).await? {
        Ok(())
    } else {
        Err(Error::not_found("organisation"))
    }
}
