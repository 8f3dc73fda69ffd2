//! Sessions: one sign-in of one person on one device, and the credentials that stand for it.
//!
//! | credential | lives | for |
//! |---|---|---|
//! | the cookie's value | as long as the session | pages, the Idle Atlas contract |
//! | a refresh token | until it is used | the next access token and the next refresh token |
//! | an access token | 15 minutes, and no longer than the session | APIs |
//!
//! The refresh tokens of a session are a family. One that is shown twice was stolen, from the
//! device or on the way: the whole session ends, for the thief and for the person.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::access_token::Audience;
use super::{Person, store};
use crate::access::{Caller, Grants, Permission, Permissions};
use crate::audit::{self, By, Origin};
use crate::{Core, Error, Kind, OrgId, PersonId, Result, SessionId, oauth, organisations};

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// A person's own affairs.
    Person,
    /// Running the server.
    Operator,
}

impl SessionKind {
    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Operator => "operator",
        }
    }

    /// How long a session lasts: an operator's from its start, a person's from its last use.
    #[must_use]
    pub fn lasts(self) -> Duration {
        match self {
            Self::Person => Duration::from_secs(30 * 24 * 60 * 60),
            Self::Operator => Duration::from_secs(12 * 60 * 60),
        }
    }
}

/// A session in use.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// Whose it is.
    pub person: Person,
    /// What every form of this session must carry.
    pub csrf: String,
    /// The organisation it acts for, and what it may do there; the personal one until another is
    /// chosen.
    pub caller: Caller,
    /// When it ends, if it is not used before.
    pub expires_at: DateTime<Utc>,
}

/// What everybody who is signed in may do with their own account.
const OWN_ACCOUNT: Permissions = Permissions::of(&[
    Permission::ReadAccount,
    Permission::ManageAccount,
    Permission::ReadCertificates,
]);

/// What a person may do in an organisation, and with their own account.
pub(super) fn with_own_account(grants: Grants) -> Grants {
    Grants {
        everywhere: grants.everywhere.and(OWN_ACCOUNT),
        at: grants.at,
    }
}

/// A session as its owner sees it in a list.
#[derive(Clone, Debug)]
pub struct Device {
    /// The session.
    pub id: SessionId,
    /// What it is for.
    pub kind: SessionKind,
    /// Where it was started from.
    pub ip: String,
    /// What the browser or program said it was.
    pub user_agent: String,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to about ten seconds.
    pub seen_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// The credentials of a session that was just started or refreshed; never stored as they are.
#[derive(Clone)]
pub struct Credentials {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub person: PersonId,
    /// The cookie's value; `None` after a refresh, which leaves it as it is.
    pub cookie: Option<String>,
    /// What forms and the `X-CSRF-Token` header must carry.
    pub csrf: String,
    /// The access token.
    pub access: String,
    /// When the access token ends.
    pub access_expires_at: DateTime<Utc>,
    /// The refresh token.
    pub refresh: String,
    /// When the session ends, if it is not used before.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

fn secret() -> String {
    hex::encode(crate::entropy::bytes::<32>())
}

/// Starts a session for a person who has shown who they are; `None` if the account is gone, or its
/// password is no longer the one of the `hash` that was checked.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn start(
    core: &Core,
    person: PersonId,
    hash: Option<&str>,
    kind: SessionKind,
    audience: Audience,
    origin: &Origin,
) -> Result<Option<Credentials>> {
    let (cookie, csrf, refresh) = (secret(), secret(), secret());
    let id = SessionId(core.ids.next());
    let now = core.clock.now();
    let expires_at = now + kind.lasts();
    let (access, access_expires_at) = core.access_tokens.mint(audience, person, id, now)?;
    let new = store::NewSession {
        id,
        person,
        kind,
        cookie_hash: crate::fingerprint(&cookie),
        refresh_hash: crate::fingerprint(&refresh),
        csrf: &csrf,
        origin,
        now,
        expires_at,
    };
    let by = By::person(person, origin.clone());
    let started = core
        .db
        .write(|tx, _| {
            let (new, by) = (&new, &by);
            Box::pin(async move {
                let still = match hash {
                    Some(hash) => store::has_password(tx, person, hash).await?,
                    None => store::hold(tx, person).await?,
                };
                if !still {
                    return Ok(false);
                }
                store::insert_session(tx, new).await?;
                let chain = store::chain_of(tx, person).await?;
                let details = [("kind", kind.name())];
                audit::record(
                    tx,
                    chain,
                    by,
                    "session.started",
                    &id.to_string(),
                    &details,
                    now,
                )
                .await?;
                Ok::<_, Error>(true)
            })
        })
        .await?;
    Ok(started.then_some(Credentials {
        session: id,
        person,
        cookie: Some(cookie),
        csrf,
        access,
        access_expires_at,
        refresh,
        expires_at,
    }))
}

fn session_over() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "session_ended",
        "This session has ended. Sign in again.",
    )
}

/// Exchanges a refresh token for new credentials. Each works once; a second use ends the session.
///
/// # Errors
/// [`Kind::Unauthenticated`] code `session_ended`, with the same words for an unknown, expired or
/// used token.
pub async fn refresh(
    core: &Core,
    token: &str,
    audience: Audience,
    origin: &Origin,
) -> Result<Credentials> {
    let next = secret();
    let (hash, next_hash) = (crate::fingerprint(token), crate::fingerprint(&next));
    let now = core.clock.now();
    let found = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                let Some(found) = store::session_of_refresh(tx, hash, now).await? else {
                    return Ok::<_, Error>(None);
                };
                if store::spend_refresh(tx, hash, now).await? {
                    store::insert_refresh(tx, found.id, next_hash, now).await?;
                    let until = found.expires_after(now);
                    store::prolong(tx, found.id, now, until).await?;
                    return Ok(Some((found, true)));
                }
                store::end_session(tx, found.id).await?;
                let by = By::person(found.person, origin.clone());
                let chain = store::chain_of(tx, found.person).await?;
                let subject = found.id.to_string();
                let action = "session.ended_by_reuse";
                audit::record(tx, chain, &by, action, &subject, &[], now).await?;
                Ok(Some((found, false)))
            })
        })
        .await?;
    let Some((found, fresh)) = found else {
        return Err(session_over());
    };
    if !fresh {
        core.sessions.forget(found.id);
        return Err(session_over());
    }
    let (access, access_expires_at) =
        core.access_tokens
            .mint(audience, found.person, found.id, now)?;
    Ok(Credentials {
        session: found.id,
        person: found.person,
        cookie: None,
        expires_at: found.expires_after(now),
        csrf: found.csrf,
        access,
        access_expires_at,
        refresh: next,
    })
}

/// Ends a session: its cookie, its refresh tokens, and its access tokens with it. Ending one that
/// has ended is no error.
///
/// # Errors
/// When the database does not answer.
pub async fn end(core: &Core, session: &Session, by: &By) -> Result<()> {
    let (id, person) = (session.id, session.person.id);
    end_where(core, by, person, store::Which::One(id), "session.ended").await
}

/// Ends the session that a refresh token belongs to, used or not. A token of no session ends none,
/// which is no error.
///
/// # Errors
/// When the database does not answer.
pub async fn end_by_refresh(core: &Core, token: &str, origin: &Origin) -> Result<()> {
    let (hash, now) = (crate::fingerprint(token), core.clock.now());
    let found = core
        .db
        .write(|tx, _| Box::pin(store::session_of_refresh(tx, hash, now)))
        .await?;
    match found {
        Some(found) => {
            let by = By::person(found.person, origin.clone());
            let which = store::Which::One(found.id);
            end_where(core, &by, found.person, which, "session.ended").await
        }
        None => Ok(()),
    }
}

/// Ends one of a person's sessions, by its id in the list.
///
/// # Errors
/// [`Kind::NotFound`] when the person has no such session.
pub async fn end_device(core: &Core, person: PersonId, id: SessionId, by: &By) -> Result<()> {
    let found = devices(core, person).await?;
    if !found.iter().any(|device| device.id == id) {
        return Err(Error::not_found("session"));
    }
    end_where(core, by, person, store::Which::One(id), "session.ended").await
}

/// Ends every session of a person, and what they let apps do.
///
/// # Errors
/// When the database does not answer.
pub async fn end_all(core: &Core, person: PersonId, by: &By) -> Result<()> {
    end_where(core, by, person, store::Which::All, "session.all_ended").await
}

async fn end_where(
    core: &Core,
    by: &By,
    person: PersonId,
    which: store::Which,
    action: &'static str,
) -> Result<()> {
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                if matches!(which, store::Which::All) {
                    oauth::revoke_all_of(tx, person, now).await?;
                }
                if store::end_sessions(tx, person, which).await? == 0 {
                    return Ok(());
                }
                let chain = store::chain_of(tx, person).await?;
                let subject = which.subject(person);
                audit::record(tx, chain, by, action, &subject, &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(())
}

/// A person's sessions, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn devices(core: &Core, person: PersonId) -> Result<Vec<Device>> {
    store::devices(&core.db, person, core.clock.now()).await
}

/// Lets a session act for another organisation of its person.
///
/// # Errors
/// As [`caller_in`].
pub async fn choose_organisation(
    core: &Core,
    session: &Session,
    by: &By,
    org_id: OrgId,
) -> Result<()> {
    let (id, person, now) = (session.id, session.person.id, core.clock.now());
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                if !store::choose_organisation(tx, id, person, org_id).await? {
                    return Err(Error::not_found("organisation"));
                }
                let chain = store::chain_of(tx, person).await?;
                let (subject, chosen) = (id.to_string(), org_id.to_string());
                let details = [("organisation", chosen.as_str())];
                let action = "session.organisation_chosen";
                audit::record(tx, chain, by, action, &subject, &details, now).await
            })
        })
        .await?;
    core.sessions.forget(id);
    Ok(())
}

/// The session's person in one of their organisations, whichever the session acts for.
///
/// # Errors
/// [`Kind::NotFound`] for an organisation that the person is no active member of: whether there
/// is one does not show.
pub async fn caller_in(core: &Core, session: &Session, org_id: OrgId) -> Result<Caller> {
    if session.caller.org_id == org_id {
        return Ok(session.caller.clone());
    }
    let person = session.person.id;
    let organisation = organisations::of_member(&core.db, person, org_id).await?;
    let grants = organisations::grants(&core.db, org_id, person).await?;
    Ok(Caller {
        org_id,
        organisation: organisation.name,
        plan: organisation.plan,
        grants: with_own_account(grants),
        ..session.caller.clone()
    })
}
