//! What apps can ask for.

use crate::access::Permission;

/// What an app may be let do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthScope {
    /// Read the person's profile.
    Profile,
    /// Read the person's certificates.
    Certificates,
}

impl OauthScope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::Profile, Self::Certificates];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile => "read:profile",
            Self::Certificates => "read:certificates",
        }
    }

    /// What a person is asked.
    #[must_use]
    pub fn question(self) -> &'static str {
        match self {
            Self::Profile => "See your name, handle and profile",
            Self::Certificates => "Read your certificates, with their full signed manifests",
        }
    }

    pub(super) fn permission(self) -> Permission {
        match self {
            Self::Profile => Permission::ReadAccount,
            Self::Certificates => Permission::ReadCertificates,
        }
    }

    /// Reads a list of scopes, parted by spaces; none means the profile.
    pub(super) fn list(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() {
            return Some(vec![Self::Profile]);
        }
        let mut scopes = Vec::new();
        for name in text.split_whitespace() {
            let scope = Self::ALL.into_iter().find(|scope| scope.name() == name)?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Some(scopes)
    }
}

pub(super) fn spelled(scopes: &[OauthScope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    names.join(" ")
}
