//! Who is calling, and what they may do.

mod caller;
mod holder;
mod key;
mod permission;
mod role;
mod store;
mod verifier;

pub use caller::{Caller, Credential, Grants};
pub use holder::KeyHolder;
pub use key::{KeyKind, Secret, parse_secret};
pub use permission::{Group, Permission, Permissions};
pub use role::{OWNER, ROLES, Role, ScopeType};
pub use store::ApiKey;
pub use verifier::Verifier;

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::audit::{self, By};
use crate::{ApiKeyId, Core, Error, OrgId, PersonId, Result};

/// Characters of a key's name.
const NAME: usize = 100;
/// Live keys one organisation may have: a bound against mistakes, not a price.
const MOST_KEYS: i64 = 1_000;
/// How long a rotated key may go on working beside its successor.
pub const LONGEST_GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What the audit log says of a key that got a successor.
const ROTATED: &str = "api_key.rotated";
/// Origins that may frame what a key started.
const MOST_FRAME_ANCESTORS: usize = 10;

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// Which contract it opens.
    pub kind: KeyKind,
    /// Whether it is a test-mode key.
    pub test: bool,
    /// Its name for people, up to 100 characters; may be empty.
    pub name: &'a str,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it may do at most; `None` is all that its kind may.
    pub permissions: Option<Permissions>,
    /// Who makes it.
    pub created_by: Option<PersonId>,
}

impl NewKey<'_> {
    /// A live key without a name, for all that its kind may.
    #[must_use]
    pub fn new(kind: KeyKind, test: bool) -> Self {
        Self {
            kind,
            test,
            name: "",
            expires_at: None,
            permissions: None,
            created_by: None,
        }
    }
}

/// A new key: the only moment its secret exists outside the caller's hands.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key as it is listed from now on.
    pub key: ApiKey,
    /// The secret, to be shown once.
    pub secret: Secret,
}

/// Makes an API key for an organisation. Only the SHA-256 of the secret is stored.
///
/// # Errors
/// [`crate::Kind::NotFound`] when there is no such organisation, [`crate::Kind::Invalid`] for a
/// name or an expiry that cannot be or a test-mode key of a kind that has no test mode, [`crate::Kind::Conflict`] with too many keys.
pub async fn create_key(
    core: &Core,
    by: &By,
    holder: KeyHolder,
    new: &NewKey<'_>,
) -> Result<CreatedKey> {
    let org_id = holder.org_id();
    let now = core.clock.now();
    let name = match new.name.trim() {
        "" => String::new(),
        name => crate::text::line("name", name, NAME)?,
    };
    if new.test && !new.kind.has_test_mode() {
        return Err(Error::invalid(
            "test",
            format!("must be left out: {} keys have no test mode", new.kind),
        ));
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::invalid("expires_at", "must be in the future"));
    }
    let secret = Secret::generate(new.kind, new.test);
    let key = ApiKey {
        id: ApiKeyId(core.ids.next()),
        org_id,
        kind: new.kind,
        test: new.test,
        name,
        start: secret.start(),
        permissions: new
            .permissions
            .unwrap_or(Permissions::ALL)
            .only(new.kind.permissions(new.test)),
        frame_ancestors: Vec::new(),
        created_by: new.created_by,
        created_at: now,
        updated_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    insert(core, by, &key, &secret, new.permissions).await?;
    Ok(CreatedKey { key, secret })
}

async fn insert(
    core: &Core,
    by: &By,
    key: &ApiKey,
    secret: &Secret,
    limited: Option<Permissions>,
) -> Result<()> {
    let hash = secret.hash();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                crate::organisations::lock(tx, key.org_id).await?;
                require_room(tx, key).await?;
                store::insert(tx, key, hash, limited).await?;
                let details = [("kind", key.kind.name()), ("name", &key.name)];
                let subject = key.id.to_string();
                let action = "api_key.created";
                audit::record(
                    tx,
                    key.org_id,
                    by,
                    action,
                    &subject,
                    &details,
                    key.created_at,
                )
                .await
            })
        })
        .await
}

/// Refuses one live key too many; the organisation is locked, so that none is added meanwhile.
async fn require_room(tx: &mut colophon_db::Tx, new: &ApiKey) -> Result<()> {
    if store::count_live(tx, new.org_id, new.created_at).await? < MOST_KEYS {
        return Ok(());
    }
    Err(Error::new(
        crate::Kind::Conflict,
        "too_many_keys",
        "This organisation has 1,000 live API keys. Revoke some first.",
    ))
}

/// The organisation's keys, newest first, without secrets: the live ones, and of the others the
/// newest 1,000.
///
/// # Errors
/// When the database does not answer.
pub async fn list_keys(core: &Core, holder: KeyHolder) -> Result<Vec<ApiKey>> {
    store::list(&core.db, holder.org_id(), core.clock.now()).await
}

/// One of the organisation's keys.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub async fn get_key(core: &Core, holder: KeyHolder, id: ApiKeyId) -> Result<ApiKey> {
    store::find(&core.db, holder.org_id(), id)
        .await?
        .ok_or_else(|| Error::not_found("API key"))
}

/// The key that the caller shows.
///
/// # Errors
/// [`crate::Kind::Forbidden`] for a caller who shows another credential.
pub async fn shown_key(core: &Core, caller: &Caller) -> Result<ApiKey> {
    let Credential::Key { id, .. } = caller.credential else {
        return Err(Error::new(
            crate::Kind::Forbidden,
            "key_required",
            "This is for an API key, about itself.",
        ));
    };
    get_key(core, KeyHolder::trusted(caller.org_id), id).await
}

/// Revokes one key of the organisation at once. Revoking twice is no mistake.
///
/// # Errors
/// [`crate::Kind::NotFound`] when the organisation has no such key.
pub async fn revoke_key(core: &Core, by: &By, holder: KeyHolder, id: ApiKeyId) -> Result<ApiKey> {
    let org_id = holder.org_id();
    revoke(core, by, org_id, id, "api_key.revoked").await?;
    get_key(core, holder, id).await
}

/// Whether the key was revoked by this call.
async fn revoke(
    core: &Core,
    by: &By,
    org_id: OrgId,
    id: ApiKeyId,
    action: &'static str,
) -> Result<bool> {
    let now = core.clock.now();
    let hash = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                let hash = store::revoke(tx, org_id, id, now).await?;
                if hash.is_some() {
                    let subject = id.to_string();
                    audit::record(tx, org_id, by, action, &subject, &[], now).await?;
                }
                Ok::<_, Error>(hash)
            })
        })
        .await?;
    if let Some(hash) = &hash {
        core.keys.forget(hash);
    }
    Ok(hash.is_some())
}

/// Revokes every key of an organisation in the transaction that closes it; whoever commits it
/// forgets the keys.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn revoke_all(
    tx: &mut colophon_db::Tx,
    org_id: OrgId,
    now: DateTime<Utc>,
) -> Result<()> {
    store::revoke_all(tx, org_id, now).await
}

/// Revokes every key that a person made, in whichever organisation; whoever commits it forgets
/// the keys.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn revoke_made_by(
    tx: &mut colophon_db::Tx,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    store::revoke_made_by(tx, person, now).await
}

/// Makes a successor with the same kind, name and permissions; the old key goes on working for
/// `grace` (at most a week), so that programs can change over.
///
/// # Errors
/// [`crate::Kind::NotFound`] when the organisation has no such live key,
/// [`crate::Kind::Invalid`] for a longer grace, [`crate::Kind::Conflict`] for a key that has a
/// successor already (`already_rotated`) and with too many keys.
pub async fn rotate_key(
    core: &Core,
    by: &By,
    holder: KeyHolder,
    id: ApiKeyId,
    grace: Duration,
) -> Result<CreatedKey> {
    let org_id = holder.org_id();
    if grace > LONGEST_GRACE {
        return Err(Error::invalid(
            "grace_seconds",
            "must be at most seven days",
        ));
    }
    let now = core.clock.now();
    let old = get_key(core, holder, id).await?;
    if !old.is_live(now) {
        return Err(Error::not_found("API key"));
    }
    let secret = Secret::generate(old.kind, old.test);
    let new = ApiKey {
        id: ApiKeyId(core.ids.next()),
        start: secret.start(),
        created_at: now,
        updated_at: now,
        last_used_at: None,
        ..old
    };
    let (new_hash, until) = (secret.hash(), now + grace);
    let old_hash = core
        .db
        .write(|tx, _| {
            let new = &new;
            Box::pin(async move {
                crate::organisations::lock(tx, org_id).await?;
                let (subject, successor) = (id.to_string(), new.id.to_string());
                if audit::happened(tx, org_id, ROTATED, &subject).await? {
                    return Err(Error::new(
                        crate::Kind::Conflict,
                        "already_rotated",
                        "This key has a successor already: rotate that one.",
                    ));
                }
                let old_hash = store::end_at(tx, org_id, id, until, now).await?;
                require_room(tx, new).await?;
                store::insert(tx, new, new_hash, Some(new.permissions)).await?;
                let details = [("successor", successor.as_str())];
                audit::record(tx, org_id, by, ROTATED, &subject, &details, now).await?;
                Ok::<_, Error>(old_hash)
            })
        })
        .await?;
    core.keys.forget(&old_hash);
    Ok(CreatedKey { key: new, secret })
}

/// Sets which `https://host[:port]` origins may frame what the key started.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming the origin that is none, [`crate::Kind::NotFound`].
pub async fn set_frame_ancestors(
    core: &Core,
    by: &By,
    holder: KeyHolder,
    id: ApiKeyId,
    origins: &[String],
) -> Result<()> {
    let org_id = holder.org_id();
    if origins.len() > MOST_FRAME_ANCESTORS {
        return Err(Error::invalid(
            "frame_ancestors",
            "must have at most 10 items",
        ));
    }
    for (index, origin) in origins.iter().enumerate() {
        if !is_https_origin(origin) {
            return Err(Error::invalid(
                format!("frame_ancestors.{index}"),
                "must be https://host or https://host:port, without a path or wildcard",
            ));
        }
    }
    let now = core.clock.now();
    let hash = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                let hash = store::set_frame_ancestors(tx, org_id, id, origins, now).await?;
                let (subject, list) = (id.to_string(), origins.join(" "));
                let details = [("frame_ancestors", list.as_str())];
                let action = "api_key.frame_ancestors_set";
                audit::record(tx, org_id, by, action, &subject, &details, now).await?;
                Ok::<_, Error>(hash)
            })
        })
        .await?;
    core.keys.forget(&hash);
    Ok(())
}

/// `https://host[:port]` and nothing else: what goes into a `frame-ancestors` directive as it is.
fn is_https_origin(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else {
        return false;
    };
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b":/.-[]".contains(&byte));
    plain && url.scheme() == "https" && url.origin().ascii_serialization() == text
}

/// How often the organisation's keys of a kind were used in a month (`2026-11`), to about five
/// seconds.
///
/// # Errors
/// When the database does not answer.
pub async fn calls(core: &Core, org_id: OrgId, kind: KeyKind, month: &str) -> Result<i64> {
    let meter = store::calls_meter(kind);
    crate::organisations::usage(&core.db, org_id, &meter, month).await
}

/// What is known about a string that somebody found in public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaked {
    /// Not one of our keys: another spelling, a wrong checksum, or never issued.
    Unknown,
    /// It was one, and opens nothing any more.
    Dead,
    /// It is one that may stand in web pages: nothing leaked.
    Published,
    /// It was live, and is revoked now.
    Revoked,
}

/// Takes in what a secret scanner found: a live key is revoked at once, whoever reports it, since
/// whoever has it may do worse.
///
/// # Errors
/// When the database does not answer.
pub async fn report_leak(core: &Core, by: &By, found: &str) -> Result<Leaked> {
    let Some(parsed) = parse_secret(found.trim()) else {
        return Ok(Leaked::Unknown);
    };
    if parsed.kind == KeyKind::TrackOriginPublishable {
        return Ok(Leaked::Published);
    }
    let Some(key) = store::find_by_hash(&core.db, &parsed.hash).await? else {
        return Ok(Leaked::Unknown);
    };
    let action = "api_key.revoked_after_leak";
    if key.is_live(core.clock.now()) && revoke(core, by, key.org_id, key.id, action).await? {
        Ok(Leaked::Revoked)
    } else {
        Ok(Leaked::Dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_origins_may_frame() {
        for good in ["https://example.org", "https://a.example.org:8443"] {
            assert!(is_https_origin(good), "{good}");
        }
        for bad in [
            "http://example.org",
            "https://example.org/",
            "https://example.org/path",
            "https://*.example.org",
            "https://example.org; script-src *",
            "https://EXAMPLE.org",
            "https://user@example.org",
            "https://example.org:443",
            "*",
            "",
        ] {
            assert!(!is_https_origin(bad), "{bad}");
        }
    }
}
