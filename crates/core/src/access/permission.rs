//! What can be asked before it is done.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Groups of permissions, as people look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The caller's own account.
    Account,
    /// The organisation itself.
    Organisation,
    /// Its places.
    Locations,
    /// Its people.
    Members,
    /// Its programs.
    Programs,
    /// What it states about files.
    Provenance,
}

impl Group {
    /// Its name on the wire.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Organisation => "organization",
            Self::Locations => "locations",
            Self::Members => "members",
            Self::Programs => "programs",
            Self::Provenance => "provenance",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Organisation => "Organization",
            Self::Locations => "Locations",
            Self::Members => "People",
            Self::Programs => "API keys",
            Self::Provenance => "Provenance",
        }
    }
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $group:ident, $label:literal;)*) => {
        /// Everything that is asked before it is done, in every module.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            /// Every permission, in the order to show them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name on the wire and in the database.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }

            /// Where people look for it.
            #[must_use]
            pub fn group(self) -> Group {
                match self {
                    $(Self::$name => Group::$group,)*
                }
            }

            /// What it allows, for people.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }
        }
    };
}

permissions! {
    /// Read one's own account.
    ReadAccount = "account.read", Account, "Read the own account";
    /// Change one's own account, its sessions and keys.
    ManageAccount = "account.manage", Account, "Change the own account";
    /// Read one's own certificates.
    ReadCertificates = "certificates.read", Account, "Read the own certificates";
    /// See the organisation.
    ViewOrganisation = "organization.view", Organisation, "See the organization";
    /// Change its name and contact.
    EditOrganisation = "organization.edit", Organisation, "Change the organization's details";
    /// Make another member the owner.
    TransferOwnership = "organization.transfer", Organisation, "Hand the organization over";
    /// Read who did what.
    ViewAudit = "organization.audit", Organisation, "Read the audit log";
    /// See its locations.
    ViewLocations = "locations.view", Locations, "See locations";
    /// Add, change and archive locations.
    ManageLocations = "locations.manage", Locations, "Add, change and archive locations";
    /// See members and invitations.
    ViewMembers = "members.view", Members, "See people and invitations";
    /// Invite, suspend, assign and remove roles.
    ManageMembers = "members.manage", Members, "Invite and suspend people, assign roles";
    /// See API keys, make and revoke them.
    ManageApiKeys = "api_keys.manage", Programs, "Make and revoke API keys";
    /// Register and revoke generators.
    ManageGenerators = "generators.manage", Provenance, "Register and revoke generators";
    /// Store signed records.
    CreateRecords = "records.create", Provenance, "Store signed records";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Permission {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.key() == text)
            .ok_or_else(|| Error::invalid("permissions", format!("{text:?} is not a permission")))
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self(0);

    /// Every permission.
    pub const ALL: Self = Self::of(Permission::ALL);

    /// The set of these.
    #[must_use]
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = list;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u64;
            rest = others;
        }
        Self(bits)
    }

    /// Whether `permission` is in it.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Its members, in the order to show them.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(iter: I) -> Self {
        iter.into_iter()
            .fold(Self::NONE, |set, one| set.and(Self::of(&[one])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_a_name_of_its_own_and_fits_the_set() {
        assert!(Permission::ALL.len() <= 64);
        for (index, permission) in Permission::ALL.iter().enumerate() {
            assert_eq!(permission.key().parse::<Permission>().unwrap(), *permission);
            let alone = Permissions::of(&[*permission]);
            for (other, at) in Permission::ALL.iter().enumerate() {
                assert_eq!(alone.has(*at), other == index);
            }
        }
    }

    #[test]
    fn sets_are_joined_and_cut() {
        use Permission::{CreateRecords, ViewAudit, ViewMembers};
        let left = Permissions::of(&[CreateRecords, ViewAudit]);
        let right: Permissions = [ViewAudit, ViewMembers].into_iter().collect();
        assert_eq!(left.only(right), Permissions::of(&[ViewAudit]));
        assert_eq!(left.and(right).iter().count(), 3);
    }
}
