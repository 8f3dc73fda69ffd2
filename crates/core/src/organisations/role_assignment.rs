//! Giving and taking roles.
//!
//! Nobody gives or takes a role that allows what they may not do themselves, in the place where
//! it holds; so a location's manager makes other managers of that location and no
//! administrators.

use colophon_db::Tx;

use super::member::find;
use super::ownership::keep_an_owner;
use super::{Member, store};
use crate::access::{Caller, OWNER, Permission, Permissions, Role, ScopeType};
use crate::audit::{self, By};
use crate::{AssignmentId, Core, Error, LocationId, MembershipId, OrgId, Result};

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

/// Refuses a caller who may not give or take `role` at `location` (`None` is everywhere).
///
/// # Errors
/// [`Kind::Forbidden`](crate::Kind::Forbidden).
pub fn require_role(caller: &Caller, role: &Role, location: Option<LocationId>) -> Result<()> {
    caller.require_at(Permission::ManageMembers, location)?;
    require_all(caller, role.permissions, location)
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
    require_role(caller, role, location)?;
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
