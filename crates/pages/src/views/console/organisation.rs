//! One organisation in the console.

use askama::Template;

use crate::text;
use crate::views::{Form, Frame, NewSecret, Session};

/// The algorithms of generators' keys, with a word for people.
pub const ALGORITHMS: [(&str, &str); 3] = [
    ("ml-dsa-65", "ML-DSA-65, or Dilithium3 of round 3"),
    ("ml-dsa-44", "ML-DSA-44"),
    ("ml-dsa-87", "ML-DSA-87"),
];

/// The kinds of API key, with a word for people.
pub const API_KEY_KINDS: [(&str, &str); 6] = [
    ("certivu", "Certivu: sign and look up records"),
    (
        "trackorigin-publishable",
        "TrackOrigin publishable: read, may stand in a web page",
    ),
    ("trackorigin-secret", "TrackOrigin secret: read and write"),
    ("lumethic", "Lumethic: photo verification"),
    ("tokportal", "TokPortal: publishing"),
    ("atlas", "Idle Atlas: organisation directory"),
];

/// `/console/organisations/{id}` and the answers to its forms:
///
/// | form | fields |
/// |---|---|
/// | `POST …/{id}/generators` | `csrf`, `name`, `algorithm`, `public_key` (base64 or PEM text) |
/// | `POST …/{id}/generators/{generator}/revoke` | `csrf` |
/// | `POST …/{id}/keys` | `csrf`, `kind`, `test` (`on` or absent) |
/// | `POST …/{id}/keys/{key}/revoke` | `csrf` |
#[derive(Clone, Debug, Template)]
#[template(path = "console/organisation.html")]
pub struct OrganisationPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// `org_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its plan, as the contracts spell it.
    pub plan: String,
    /// When it was made.
    pub created_at: String,
    /// Records signed this month.
    pub used: i64,
    /// Records the plan includes each month; `None` without a limit.
    pub included: Option<i64>,
    /// When the month's count starts again.
    pub resets_at: Option<String>,
    /// Newest first.
    pub generators: Vec<Generator>,
    /// Newest first.
    pub keys: Vec<ApiKey>,
    /// Only in the answer that made it: it is not kept and cannot be shown again.
    pub new_secret: Option<NewSecret>,
    /// The generator form.
    pub generator_form: Form,
    /// The API key form.
    pub key_form: Form,
}

/// A generator: a model or program whose key signs records.
#[derive(Clone, Debug)]
pub struct Generator {
    /// `gen_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `ml-dsa-65` and the like; `None` before a key is registered.
    pub algorithm: Option<String>,
    /// SHA-256 of the raw public key, hex.
    pub key_id: Option<String>,
    /// When it was registered.
    pub created_at: String,
    /// When it was revoked; `None` while active.
    pub revoked_at: Option<String>,
}

/// An API key; the secret itself is not kept.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// `key_…`.
    pub id: String,
    /// One of [`API_KEY_KINDS`].
    pub kind: String,
    /// Whether it works on test data only.
    pub test: bool,
    /// The first characters of the secret, to tell keys apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last used.
    pub last_used_at: Option<String>,
    /// When it was revoked; `None` while it works.
    pub revoked_at: Option<String>,
}

impl OrganisationPage {
    /// Where the button that revokes a generator or a key posts to.
    fn revocation_url(&self, what: &str, id: &str) -> String {
        format!("/console/organisations/{}/{what}/{id}/revoke", self.id)
    }

    /// The share of the month's records that is used, 0 to 100; `None` without a limit.
    fn used_percent(&self) -> Option<i64> {
        let included = self.included.filter(|included| *included > 0)?;
        Some(
            self.used
                .saturating_mul(100)
                .checked_div(included)?
                .clamp(0, 100),
        )
    }
}
