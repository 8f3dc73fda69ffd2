//! Roles: named sets of permissions that a member holds everywhere or at one location.

use std::str::FromStr;

use super::{Permission, Permissions};
use crate::Error;

/// Where an assignment of a role holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeType {
    /// In the whole organisation.
    Organisation,
    /// At one location.
    Location,
}

impl ScopeType {
    /// Its name on the wire.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Organisation => "organization",
            Self::Location => "location",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Organisation => "Whole organization",
            Self::Location => "One location",
        }
    }
}

/// A role, as data.
#[derive(Debug)]
pub struct Role {
    /// Its name on the wire and in the database.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Where it is held.
    pub scope: ScopeType,
    /// Whether it can be given by invitation and assignment.
    pub assignable: bool,
    /// Whether somebody must hold it at all times.
    pub protected: bool,
    /// What stands out, for a person who chooses.
    pub highlights: &'static [&'static str],
    /// What it allows.
    pub permissions: Permissions,
}

/// The role that somebody must hold.
pub const OWNER: &str = "owner";

use Permission as P;

const LOOK: &[Permission] = &[P::ViewOrganisation, P::ViewLocations, P::ViewMembers];

const fn with_look(more: &[Permission]) -> Permissions {
    Permissions::of(LOOK).and(Permissions::of(more))
}

/// Every role.
pub const ROLES: &[Role] = &[
    Role {
        key: OWNER,
        label: "Owner",
        description: "May do everything, and hands the organization over.",
        scope: ScopeType::Organisation,
        assignable: false,
        protected: true,
        highlights: &[
            "There is always at least one",
            "Only an owner makes another owner",
        ],
        permissions: with_look(&[
            P::EditOrganisation,
            P::TransferOwnership,
            P::ViewAudit,
            P::ManageLocations,
            P::ManageMembers,
            P::ManageApiKeys,
            P::ManageGenerators,
            P::CreateRecords,
        ]),
    },
    Role {
        key: "admin",
        label: "Administrator",
        description: "Runs the organization: people, places and programs.",
        scope: ScopeType::Organisation,
        assignable: true,
        protected: false,
        highlights: &["Invites people and assigns roles", "Makes API keys"],
        permissions: with_look(&[
            P::EditOrganisation,
            P::ViewAudit,
            P::ManageLocations,
            P::ManageMembers,
            P::ManageApiKeys,
            P::ManageGenerators,
            P::CreateRecords,
        ]),
    },
    Role {
        key: "developer",
        label: "Developer",
        description: "Connects programs: API keys and generators.",
        scope: ScopeType::Organisation,
        assignable: true,
        protected: false,
        highlights: &["Makes API keys", "Registers generators"],
        permissions: with_look(&[P::ManageApiKeys, P::ManageGenerators, P::CreateRecords]),
    },
    Role {
        key: "manager",
        label: "Location manager",
        description: "Runs one location and invites people to it.",
        scope: ScopeType::Location,
        assignable: true,
        protected: false,
        highlights: &["Changes the location", "Invites people to the location"],
        permissions: with_look(&[P::ManageLocations, P::ManageMembers]),
    },
    Role {
        key: "member",
        label: "Member",
        description: "Sees the organization, its places and people.",
        scope: ScopeType::Organisation,
        assignable: true,
        protected: false,
        highlights: &["Looks, and changes nothing"],
        permissions: with_look(&[]),
    },
    Role {
        key: "guest",
        label: "Location guest",
        description: "Sees the organization, as somebody of one location.",
        scope: ScopeType::Location,
        assignable: true,
        protected: false,
        highlights: &["Looks, and changes nothing"],
        permissions: with_look(&[]),
    },
];

impl Role {
    /// The role of this key.
    #[must_use]
    pub fn find(key: &str) -> Option<&'static Self> {
        ROLES.iter().find(|role| role.key == key)
    }
}

impl FromStr for &'static Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Role::find(text).ok_or_else(|| {
            let keys: Vec<&str> = ROLES.iter().map(|role| role.key).collect();
            Error::invalid("role", format!("must be one of {}", keys.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_may_all_that_any_role_may() {
        let owner = Role::find(OWNER).unwrap();
        for role in ROLES {
            assert_eq!(role.permissions.only(owner.permissions), role.permissions);
        }
        assert!(ROLES.iter().filter(|role| role.protected).count() == 1);
    }
}
