//! Who is calling, and what they may do.

use chrono::{DateTime, Utc};

use super::{KeyKind, Permission, Permissions};
use crate::organisations::Plan;
use crate::{ApiKeyId, AppId, Error, Kind, LocationId, OrgId, PersonId, Result, SessionId};

/// What was shown to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key of the organisation.
    Key {
        /// Its public name.
        id: ApiKeyId,
        /// Which contract it opens.
        kind: KeyKind,
        /// Whether it is a test-mode key.
        test: bool,
    },
    /// A person's session, by cookie or access token.
    Session {
        /// The session.
        id: SessionId,
        /// Whose it is.
        person: PersonId,
    },
    /// An app that a person let act for them.
    App {
        /// The app.
        id: AppId,
        /// Who let it.
        person: PersonId,
    },
}

/// What a caller may do, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// In the whole organisation.
    pub everywhere: Permissions,
    /// At single locations.
    pub at: Vec<(LocationId, Permissions)>,
}

/// Who is calling: the answer to "whose data, by which credential, and what may it do?".
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organisation whose data this caller sees, and no other's.
    pub org_id: OrgId,
    /// Its name, as statements carry it.
    pub organisation: String,
    /// Its plan.
    pub plan: Plan,
    /// What was shown.
    pub credential: Credential,
    /// What it allows.
    pub grants: Grants,
    /// When the credential ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

fn denied(what: Permission) -> Error {
    Error::new(
        Kind::Forbidden,
        "permission_denied",
        format!("You may not do that here: it needs the permission {what}."),
    )
}

impl Caller {
    /// Refuses what this caller may not do in the whole organisation.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], code `permission_denied`.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.grants.everywhere.has(permission) {
            Ok(())
        } else {
            Err(denied(permission))
        }
    }

    /// Refuses what this caller may do neither everywhere nor at `location`; `None` asks for
    /// everywhere.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], code `permission_denied`.
    pub fn require_at(&self, permission: Permission, location: Option<LocationId>) -> Result<()> {
        let here = location.is_some_and(|location| {
            self.grants
                .at
                .iter()
                .any(|(at, permissions)| *at == location && permissions.has(permission))
        });
        if here {
            Ok(())
        } else {
            self.require(permission)
        }
    }

    /// Refuses what this caller may do nowhere.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], code `permission_denied`.
    pub fn require_somewhere(&self, permission: Permission) -> Result<()> {
        let somewhere = self
            .grants
            .at
            .iter()
            .any(|(_, permissions)| permissions.has(permission));
        if somewhere {
            Ok(())
        } else {
            self.require(permission)
        }
    }

    /// The person behind a session or an app.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for an API key, which belongs to an organisation and nobody.
    pub fn person(&self) -> Result<PersonId> {
        match self.credential {
            Credential::Session { person, .. } | Credential::App { person, .. } => Ok(person),
            Credential::Key { .. } => Err(Error::new(
                Kind::Forbidden,
                "person_required",
                "An API key belongs to an organisation; this is for a person who is signed in.",
            )),
        }
    }

    /// The session, where one was shown.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for every other credential.
    pub fn session(&self) -> Result<SessionId> {
        match self.credential {
            Credential::Session { id, .. } => Ok(id),
            _ => Err(Error::new(
                Kind::Forbidden,
                "session_required",
                "This is for a person who is signed in.",
            )),
        }
    }

    /// Whether this is a test-mode key.
    #[must_use]
    pub fn is_test(&self) -> bool {
        matches!(self.credential, Credential::Key { test: true, .. })
    }

    /// Whether this is a key that stands in web pages, where everybody finds it.
    #[must_use]
    pub fn is_published(&self) -> bool {
        let published = KeyKind::TrackOriginPublishable;
        matches!(self.credential, Credential::Key { kind, .. } if kind == published)
    }

    /// What names the credential in limits, replays and the audit log: `key_…`, `ses_…`, `app_…`.
    #[must_use]
    pub fn credential_id(&self) -> String {
        match &self.credential {
            Credential::Key { id, .. } => id.to_string(),
            Credential::Session { id, .. } => id.to_string(),
            Credential::App { id, person } => format!("{id}/{person}"),
        }
    }
}

impl KeyKind {
    /// What a key of this kind may do when its own list does not say less. One in test mode, which
    /// is handed around more freely, manages no keys.
    #[must_use]
    pub fn permissions(self, test: bool) -> Permissions {
        use Permission as P;
        Permissions::of(match self {
            Self::TrackOriginPublishable | Self::TokPortal => &[],
            Self::TrackOriginSecret => &[P::ReadAccount, P::ReadCertificates],
            Self::Lumethic if test => &[],
            Self::Lumethic => &[P::ManageApiKeys],
            Self::Certivu => &[P::CreateRecords],
            Self::Atlas => &[P::ViewOrganisation, P::ViewLocations, P::ViewMembers],
        })
    }
}
