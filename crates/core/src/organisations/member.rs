//! Who belongs to an organisation, and as what.
//!
//! Nobody gives or takes a role that allows what they may not do themselves, in the place where
//! it holds; so a location's manager makes other managers of that location and no
//! administrators. Who owns the organisation is decided under a lock on its row, so that two
//! owners who demote each other leave one.

use chrono::{DateTime, Utc};
use colophon_db::{Db, Tx};

use super::store;
use crate::access::{Caller, Grants, OWNER, Permission, Permissions, Role, ScopeType};
use crate::audit::{self, By};
use crate::{AssignmentId, Core, Error, Kind, LocationId, MembershipId, OrgId, PersonId, Result};

/// Where a role is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the whole organisation.
    Organisation,
    /// At one location.
    Location {
        /// Which.
        id: LocationId,
        /// Its name.
        name: String,
    },
}

impl Scope {
    /// The location, if it is one.
    #[must_use]
    pub fn location(&self) -> Option<LocationId> {
        match self {
            Self::Organisation => None,
            Self::Location { id, .. } => Some(*id),
        }
    }

    /// Which kind of scope it is.
    #[must_use]
    pub fn scope_type(&self) -> ScopeType {
        match self {
            Self::Organisation => ScopeType::Organisation,
            Self::Location { .. } => ScopeType::Location,
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Organisation => ScopeType::Organisation.label(),
            Self::Location { name, .. } => name,
        }
    }
}

/// A role that a member holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// The role's key.
    pub role: String,
    /// Where it is held.
    pub scope: Scope,
}

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
    pub(super) fn is_last(&self, owners: i64) -> bool {
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
    let limit = limit.clamp(1, 1_000);
    let mut members = store::members(db, caller.org_id, after, limit as i64 + 1).await?;
    let more = members.len() > limit;
    members.truncate(limit);
    let next_after = members.last().filter(|_| more).map(|member| member.id);
    Ok(MemberPage {
        members,
        next_after,
    })
}

/// Refuses a caller who may not do all that `permissions` allow at `location` (`None` is
/// everywhere), and so cannot give or take it.
pub(super) fn require_all(
    caller: &Caller,
    permissions: Permissions,
    location: Option<LocationId>,
) -> Result<()> {
    permissions
        .iter()
        .try_for_each(|permission| caller.require_at(permission, location))
}

/// Refuses a caller who may not do all that the member may.
fn require_above(caller: &Caller, member: &Member) -> Result<()> {
    let grants = member.grants();
    require_all(caller, grants.everywhere, None)?;
    grants
        .at
        .iter()
        .try_for_each(|(location, permissions)| require_all(caller, *permissions, Some(*location)))
}

async fn find(tx: &mut Tx, org_id: OrgId, id: MembershipId) -> Result<Member> {
    store::member_in(tx, org_id, id)
        .await?
        .ok_or_else(|| Error::not_found("member"))
}

/// The scope of a role, as given: a location where the role is a location's, none where not.
pub(super) async fn scope(
    tx: &mut Tx,
    org_id: OrgId,
    role: &Role,
    location: Option<LocationId>,
) -> Result<Scope> {
    match (role.scope, location) {
        (ScopeType::Organisation, None) => Ok(Scope::Organisation),
        (ScopeType::Organisation, Some(_)) => Err(Error::invalid(
            "location_id",
            format!(
                "must be left out: {} is for the whole organisation",
                role.key
            ),
        )),
        (ScopeType::Location, None) => Err(Error::invalid(
            "location_id",
            format!("is required: {} is for one location", role.key),
        )),
        (ScopeType::Location, Some(id)) => store::location_in(tx, org_id, id)
            .await?
            .filter(|location| location.active)
            .map(|location| Scope::Location {
                id,
                name: location.name,
            })
            .ok_or_else(|| Error::invalid("location_id", "is no location in use")),
    }
}

/// The role of this key, if it can be given.
pub(super) fn assignable(key: &str) -> Result<&'static Role> {
    let role: &'static Role = key.parse()?;
    if role.assignable {
        return Ok(role);
    }
    Err(Error::invalid(
        "role",
        format!("{key} cannot be given; ownership is transferred"),
    ))
}

/// Gives a member a role. Giving it twice changes nothing.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Invalid`] for a role that does not fit.
pub async fn assign_role(
    core: &Core,
    caller: &Caller,
    by: &By,
    member: MembershipId,
    role: &str,
    location: Option<LocationId>,
) -> Result<Member> {
    caller.require_at(Permission::ManageMembers, location)?;
    let role = assignable(role)?;
    require_all(caller, role.permissions, location)?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    let id = AssignmentId(core.ids.next());
    let changed = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                find(tx, org_id, member).await?;
                let scope = scope(tx, org_id, role, location).await?;
                if store::assign(tx, id, org_id, member, role.key, location, now).await? {
                    let details = [("role", role.key), ("scope", scope.label())];
                    let subject = member.to_string();
                    let action = "member.role_assigned";
                    audit::record(tx, org_id, by, action, &subject, &details, now).await?;
                }
                find(tx, org_id, member).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(changed)
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

fn last_owner() -> Error {
    Error::new(
        Kind::Conflict,
        "last_owner",
        "The organisation would have no owner. Transfer it first.",
    )
}

/// Locks the organisation and refuses if `member` is its only active owner.
async fn keep_an_owner(tx: &mut Tx, org_id: OrgId, member: &Member) -> Result<()> {
    if member.is_last(store::count_owners(tx, org_id).await?) {
        return Err(last_owner());
    }
    Ok(())
}

/// Takes a role from a member.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Conflict`] code `last_owner`.
pub async fn unassign_role(
    core: &Core,
    caller: &Caller,
    by: &By,
    member: MembershipId,
    assignment: AssignmentId,
) -> Result<Member> {
    caller.require_somewhere(Permission::ManageMembers)?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    let changed = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let found = find(tx, org_id, member).await?;
                let held = found
                    .roles
                    .iter()
                    .find(|held| held.id == assignment)
                    .ok_or_else(|| Error::not_found("role assignment"))?;
                let location = held.scope.location();
                caller.require_at(Permission::ManageMembers, location)?;
                if let Some(role) = Role::find(&held.role) {
                    require_all(caller, role.permissions, location)?;
                }
                if held.role == OWNER {
                    keep_an_owner(tx, org_id, &found).await?;
                }
                store::unassign(tx, org_id, member, assignment).await?;
                let details = [("role", held.role.as_str()), ("scope", held.scope.label())];
                let subject = member.to_string();
                let action = "member.role_removed";
                audit::record(tx, org_id, by, action, &subject, &details, now).await?;
                find(tx, org_id, member).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(changed)
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
                require_above(caller, &found)?;
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
                require_above(caller, &found)?;
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
