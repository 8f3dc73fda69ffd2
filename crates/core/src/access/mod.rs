//! Who is calling, and what they may do.

mod key;
mod store;
mod verifier;

pub use key::{KeyKind, Secret, parse_secret};
pub use store::ApiKey;
pub use verifier::Verifier;

use chrono::{DateTime, Utc};
use colophon_db::{Clock, Db, IdGenerator};

use crate::organisations::Plan;
use crate::{ApiKeyId, Error, Kind, OrgId, Result};

/// Who is calling: the answer to "whose data, and by which credential?".
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organisation whose data this caller sees, and no other's.
    pub org_id: OrgId,
    /// Its name, as statements carry it.
    pub organisation: String,
    /// Its plan.
    pub plan: Plan,
    /// The key that was shown.
    pub key_id: ApiKeyId,
    /// What kind of key that is.
    pub kind: KeyKind,
    /// Whether it is a test-mode key.
    pub test: bool,
}

/// Everything that is asked before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Store signed records.
    CreateRecords,
}

impl Caller {
    /// Refuses what this caller may not do.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], code `permission_denied`.
    pub fn require(&self, permission: Permission) -> Result<()> {
        let allowed = match permission {
            Permission::CreateRecords => self.kind == KeyKind::Certivu,
        };
        if allowed {
            return Ok(());
        }
        Err(Error::new(
            Kind::Forbidden,
            "permission_denied",
            "This API key may not do that.",
        ))
    }
}

/// A new key: the only moment its secret exists outside the caller's hands.
#[derive(Debug)]
pub struct NewApiKey {
    /// Its public name.
    pub id: ApiKeyId,
    /// The secret, to be shown once.
    pub secret: Secret,
}

/// Makes an API key for an organisation. Only the SHA-256 of the secret is stored.
///
/// # Errors
/// [`Kind::NotFound`] when there is no such organisation, [`Kind::Invalid`] for a test-mode key of
/// a kind that has no test mode.
pub async fn create_key(
    db: &Db,
    clock: &Clock,
    ids: &IdGenerator,
    org_id: OrgId,
    kind: KeyKind,
    test: bool,
) -> Result<NewApiKey> {
    if test && !kind.has_test_mode() {
        return Err(Error::invalid(
            "test",
            format!("must be left out: {kind} keys have no test mode"),
        ));
    }
    let secret = Secret::generate(kind, test);
    let id = ApiKeyId(ids.next());
    let created_at = clock.now();
    let (hash, start) = (secret.hash(), secret.start());
    db.write(|tx, _| {
        let start = start.clone();
        Box::pin(async move {
            crate::organisations::require(tx, org_id).await?;
            store::insert(tx, id, org_id, kind, test, &start, hash, created_at).await
        })
    })
    .await?;
    Ok(NewApiKey { id, secret })
}

/// The organisation's keys, newest first, without secrets.
///
/// # Errors
/// When the database does not answer.
pub async fn list_keys(db: &Db, org_id: OrgId) -> Result<Vec<ApiKey>> {
    store::list(db, org_id).await
}

/// Revokes one key of the organisation; `verifier` forgets it at once.
///
/// # Errors
/// [`Kind::NotFound`] when the organisation has no such unrevoked key.
pub async fn revoke_key(
    db: &Db,
    verifier: &Verifier,
    org_id: OrgId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<()> {
    let hash = db
        .write(|tx, _| Box::pin(store::revoke(tx, org_id, id, now)))
        .await?;
    verifier.forget(&hash);
    Ok(())
}
