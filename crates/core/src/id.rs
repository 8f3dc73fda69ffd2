//! Typed ids: UUIDv7 inside, a prefix and Crockford base32 (the ULID spelling) outside.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::Error;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $noun:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&colophon_transparency::id::encode($prefix, self.0.into_bytes()))
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// An id that cannot be one of ours names nothing: "not found", not "malformed".
            fn from_str(text: &str) -> Result<Self, Error> {
                colophon_transparency::id::decode($prefix, text)
                    .map(|bytes| Self(Uuid::from_bytes(bytes)))
                    .map_err(|_| Error::not_found($noun))
            }
        }

        impl From<$name> for colophon_db::Val {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl colophon_db::Id for $name {}

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                let text = String::deserialize(reader)?;
                text.parse().map_err(|_| {
                    serde::de::Error::custom(concat!("must be an id that begins with ", $prefix))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

typed_id!(
    /// An organisation: `org_…`.
    OrgId, "org_", "organisation"
);
typed_id!(
    /// A person: `per_…`.
    PersonId, "per_", "person"
);
typed_id!(
    /// A person's sign-in on one device: `ses_…`; not its cookie.
    SessionId, "ses_", "session"
);
typed_id!(
    /// A place of an organisation: `loc_…`.
    LocationId, "loc_", "location"
);
typed_id!(
    /// A person's membership in an organisation: `mem_…`.
    MembershipId, "mem_", "member"
);
typed_id!(
    /// A role given to a member: `asg_…`.
    AssignmentId, "asg_", "role assignment"
);
typed_id!(
    /// An invitation: `inv_…`; not its token.
    InvitationId, "inv_", "invitation"
);
typed_id!(
    /// An app that acts for people: `app_…`.
    AppId, "app_", "app"
);
typed_id!(
    /// An identity provider that is trusted: `iss_…`.
    IssuerId, "iss_", "identity provider"
);
typed_id!(
    /// An API key's public name: `key_…`; not the secret.
    ApiKeyId, "key_", "API key"
);
typed_id!(
    /// A generator: `gen_…`.
    GeneratorId, "gen_", "generator"
);
typed_id!(
    /// A provenance record: `rec_…`.
    RecordId, "rec_", "record"
);
typed_id!(
    /// A job: `job_…`.
    JobId, "job_", "job"
);
