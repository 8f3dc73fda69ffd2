//! Who belongs to an organisation, and what they may do there.

use chrono::{DateTime, Utc};
use colophon_db::{Db, Tx};

use super::ownership::keep_an_owner;
use super::role_assignment::{require_all, scope};
use super::{Assignment, store};
use crate::access::{Caller, Grants, OWNER, Permission, Permissions, Role};
use crate::audit::{self, By};
use crate::{AssignmentId, Core, Error, Kind, LocationId, MembershipId, OrgId, PersonId, Result};

/// A person in an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub id: MembershipId,
    /// The person.
    pub person_id: PersonId,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they are let in; a suspended member keeps the roles for later.
    pub active: bool,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
    /// What they are.
    pub roles: Vec<Assignment>,
}

impl Member {
    fn owns(&self) -> bool {
        self.roles.iter().any(|held| held.role == OWNER)
    }

    /// Whether the organisation, which has so many owners, would have none without this member.
    #[must_use]
    pub fn is_last(&self, owners: i64) -> bool {
        self.owns() && self.active && owners <= 1
    }

    /// What the member may do, suspended or not.
    fn grants(&self) -> Grants {
        grants_of(
            self.roles
                .iter()
                .map(|held| (held.role.as_str(), held.scope.location())),
        )
    }
}

fn grants_of<'a>(roles: impl Iterator<Item = (&'a str, Option<LocationId>)>) -> Grants {
    let mut grants = Grants::default();
    for (key, location) in roles {
        // A role that there is no more allows nothing.
        let Some(role) = Role::find(key) else {
            continue;
        };
        match location {
            None => grants.everywhere = grants.everywhere.and(role.permissions),
            Some(location) => grants.at.push((location, role.permissions)),
        }
    }
    // Whoever sees a location's team sees the organisation around it.
    if !grants.at.is_empty() {
        let look = [
            Permission::ViewOrganisation,
            Permission::ViewLocations,
            Permission::ViewMembers,
        ];
        grants.everywhere = grants.everywhere.and(Permissions::of(&look));
    }
    grants
}

/// What a person may do in an organisation; nothing for whoever is no active member.
///
/// # Errors
/// When the database does not answer.
pub async fn grants(db: &Db, org_id: OrgId, person: PersonId) -> Result<Grants> {
    let roles = store::roles_of(db, org_id, person).await?;
    Ok(grants_of(
        roles
            .iter()
            .map(|(role, location)| (role.as_str(), *location)),
    ))
}

/// What a person is in one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organisation.
    pub org_id: OrgId,
    /// Its name.
    pub organisation: String,
    /// Whether the person is let in.
    pub active: bool,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
    /// The keys of their roles, with the name of the location where each holds, if it is one's.
    pub roles: Vec<(String, Option<String>)>,
}

/// Everything a person belongs to, suspended or not.
///
/// # Errors
/// When the database does not answer.
pub async fn memberships_of(db: &Db, person: PersonId) -> Result<Vec<Membership>> {
    store::memberships_of(db, person).await
}

/// Some members, in the order they joined.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<Member>,
    /// Where the next page starts, if there is one.
    pub next_after: Option<MembershipId>,
}

/// Members after `after`, at most `limit` (1 to 1,000).
///
/// # Errors
/// [`Kind::Forbidden`].
pub async fn members(
    db: &Db,
    caller: &Caller,
    after: Option<MembershipId>,
    limit: usize,
) -> Result<MemberPage> {
    caller.require_somewhere(Permission::ViewMembers)?;
    members_of(db, caller.org_id, after, limit).await
}

/// As [`members`], for whoever runs the server.
///
/// # Errors
/// When the database does not answer.
pub async fn members_of(
    db: &Db,
    org_id: OrgId,
    after: Option<MembershipId>,
    limit: usize,
) -> Result<MemberPage> {
    let limit = limit.clamp(1, 1_000);
    let mut members = store::members(db, org_id, after, limit as i64 + 1).await?;
    let more = members.len() > limit;
    members.truncate(limit);
    let next_after = members.last().filter(|_| more).map(|member| member.id);
    Ok(MemberPage {
        members,
        next_after,
    })
}

/// One member.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`].
pub async fn member(db: &Db, caller: &Caller, id: MembershipId) -> Result<Member> {
    caller.require_somewhere(Permission::ViewMembers)?;
    store::member(db, caller.org_id, id)
        .await?
        .ok_or_else(|| Error::not_found("member"))
}

/// Refuses a caller who may not suspend, resume or remove the member: whoever may not do all that
/// the member may.
///
/// # Errors
/// [`Kind::Forbidden`].
pub fn require_over(caller: &Caller, member: &Member) -> Result<()> {
    caller.require(Permission::ManageMembers)?;
    let grants = member.grants();
    require_all(caller, grants.everywhere, None)?;
    grants
        .at
        .iter()
        .try_for_each(|(location, permissions)| require_all(caller, *permissions, Some(*location)))
}

pub(super) async fn find(tx: &mut Tx, org_id: OrgId, id: MembershipId) -> Result<Member> {
    store::member_in(tx, org_id, id)
        .await?
        .ok_or_else(|| Error::not_found("member"))
}

/// Adds a person to an organisation, as an operator does; whoever belongs to it already gets the
/// role beside the others.
///
/// # Errors
/// [`Kind::NotFound`] for an unknown organisation or person, [`Kind::Invalid`] for a role of one
/// location, [`Kind::Conflict`] code `personal_organisation`.
pub async fn add_by_operator(
    core: &Core,
    by: &By,
    org_id: OrgId,
    person: PersonId,
    role: &str,
) -> Result<Member> {
    let role: &'static Role = role.parse()?;
    let person = crate::identity::get(core, person).await?.id;
    let (member, assignment) = (MembershipId(core.ids.next()), AssignmentId(core.ids.next()));
    let now = core.clock.now();
    let added = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let organisation = store::find_in(tx, org_id)
                    .await?
                    .ok_or_else(|| Error::not_found("organisation"))?;
                if organisation.personal_of.is_some() {
                    return Err(Error::new(
                        Kind::Conflict,
                        "personal_organisation",
                        "This is somebody's personal organisation; only they let others in.",
                    ));
                }
                scope(tx, org_id, role, None).await?;
                store::insert_member(tx, member, org_id, person, now).await?;
                let found = store::member_of_person(tx, org_id, person)
                    .await?
                    .ok_or_else(|| Error::not_found("member"))?;
                if store::assign(tx, assignment, org_id, found.id, role.key, None, now).await? {
                    let details = [("role", role.key)];
                    let subject = found.id.to_string();
                    let action = "member.added_by_operator";
                    audit::record(tx, org_id, by, action, &subject, &details, now).await?;
                }
                find(tx, org_id, found.id).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(added)
}

/// Keeps a member out until [`resume_member`].
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Conflict`] code `last_owner` or when the
/// member is suspended already.
pub async fn suspend_member(
    core: &Core,
    caller: &Caller,
    by: &By,
    member: MembershipId,
) -> Result<Member> {
    set_status(core, caller, by, member, "suspended", "member.suspended").await
}

/// Lets a suspended member in again.
///
/// # Errors
/// As [`suspend_member`].
pub async fn resume_member(
    core: &Core,
    caller: &Caller,
    by: &By,
    member: MembershipId,
) -> Result<Member> {
    set_status(core, caller, by, member, "active", "member.resumed").await
}

async fn set_status(
    core: &Core,
    caller: &Caller,
    by: &By,
    member: MembershipId,
    status: &'static str,
    action: &'static str,
) -> Result<Member> {
    caller.require(Permission::ManageMembers)?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    let changed = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let found = find(tx, org_id, member).await?;
                require_over(caller, &found)?;
                if status == "suspended" {
                    keep_an_owner(tx, org_id, &found).await?;
                }
                if !store::set_status(tx, org_id, member, status).await? {
                    return Err(Error::new(
                        Kind::Conflict,
                        "member_status_unchanged",
                        format!("The member is {status} already."),
                    ));
                }
                let subject = member.to_string();
                audit::record(tx, org_id, by, action, &subject, &[], now).await?;
                find(tx, org_id, member).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(changed)
}

/// Takes a member out of the organisation, with all roles.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Conflict`] code `last_owner`.
pub async fn remove_member(
    core: &Core,
    caller: &Caller,
    by: &By,
    member: MembershipId,
) -> Result<()> {
    caller.require(Permission::ManageMembers)?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let found = find(tx, org_id, member).await?;
                require_over(caller, &found)?;
                keep_an_owner(tx, org_id, &found).await?;
                take_out(tx, org_id, by, &found, "member.removed", now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(())
}

pub(super) async fn take_out(
    tx: &mut Tx,
    org_id: OrgId,
    by: &By,
    member: &Member,
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<()> {
    store::remove_member(tx, org_id, member.id).await?;
    let person = member.person_id.to_string();
    let details = [("person", person.as_str())];
    let subject = member.id.to_string();
    audit::record(tx, org_id, by, action, &subject, &details, now).await
}

/// Leaves the caller's organisation.
///
/// # Errors
/// [`Kind::Conflict`] code `last_owner`, or `personal_organisation`, which is not left.
pub async fn leave(core: &Core, caller: &Caller, by: &By) -> Result<()> {
    caller.require(Permission::ManageAccount)?;
    let person = caller.person()?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let organisation = store::find_in(tx, org_id)
                    .await?
                    .ok_or_else(|| Error::not_found("organisation"))?;
                if organisation.personal_of == Some(person) {
                    return Err(Error::new(
                        Kind::Conflict,
                        "personal_organisation",
                        "This is your personal organisation; it ends with your account.",
                    ));
                }
                let found = store::member_of_person(tx, org_id, person)
                    .await?
                    .ok_or_else(|| Error::not_found("member"))?;
                keep_an_owner(tx, org_id, &found).await?;
                take_out(tx, org_id, by, &found, "member.left", now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(())
}
