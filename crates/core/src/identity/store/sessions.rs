//! SQL of sessions.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Sql, Tx, args};
use uuid::Uuid;

use super::people::{COLUMNS, PersonRow};
use crate::access::{Caller, Credential};
use crate::audit::Origin;
use crate::identity::session::with_own_account;
use crate::identity::{Device, Person, Session, SessionKind};
use crate::organisations::{self, Plan};
use crate::{Error, OrgId, PersonId, Result, SessionId};

pub(in crate::identity) struct NewSession<'a> {
    pub id: SessionId,
    pub person: PersonId,
    pub kind: SessionKind,
    pub cookie_hash: [u8; 32],
    pub refresh_hash: [u8; 32],
    pub csrf: &'a str,
    pub origin: &'a Origin,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub(in crate::identity) async fn insert_session(tx: &mut Tx, new: &NewSession<'_>) -> Result<()> {
    tx.exec(
        "INSERT INTO session (id, person_id, kind, cookie_hash, csrf, ip, user_agent, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
        args![
            new.id,
            new.person,
            new.kind.name(),
            new.cookie_hash,
            new.csrf,
            &new.origin.ip,
            &new.origin.user_agent,
            new.now,
            new.expires_at
        ],
    )
    .await?;
    insert_refresh(tx, new.id, new.refresh_hash, new.now).await
}

pub(in crate::identity) async fn insert_refresh(
    tx: &mut Tx,
    session: SessionId,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO refresh_token (token_hash, session_id, created_at) VALUES ($1, $2, $3)",
        args![hash, session, now],
    )
    .await?;
    Ok(())
}

/// The session that a refresh token belongs to, used or not.
pub(in crate::identity) struct Refreshed {
    pub id: SessionId,
    pub person: PersonId,
    pub kind: SessionKind,
    pub csrf: String,
    expires_at: DateTime<Utc>,
}

impl Refreshed {
    /// When the session ends if it is used now.
    pub fn expires_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        prolonged(self.kind, now).unwrap_or(self.expires_at)
    }
}

/// A use prolongs a person's session, and not an operator's.
fn prolonged(kind: SessionKind, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (kind == SessionKind::Person).then(|| now + kind.lasts())
}

fn kind_of(text: &str) -> SessionKind {
    if text == SessionKind::Operator.name() {
        SessionKind::Operator
    } else {
        SessionKind::Person
    }
}

#[derive(FromRow)]
struct RefreshedRow {
    id: Uuid,
    person_id: Uuid,
    kind: String,
    csrf: String,
    expires_at: DateTime<Utc>,
}

pub(in crate::identity) async fn session_of_refresh(
    tx: &mut Tx,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Refreshed>> {
    let row: Option<RefreshedRow> = tx
        .opt(
            "SELECT s.id, s.person_id, s.kind, s.csrf, s.expires_at FROM refresh_token r JOIN session s ON s.id = r.session_id WHERE r.token_hash = $1 AND s.expires_at > $2",
            args![hash, now],
        )
        .await?;
    Ok(row.map(|row| Refreshed {
        id: SessionId(row.id),
        person: PersonId(row.person_id),
        kind: kind_of(&row.kind),
        csrf: row.csrf,
        expires_at: row.expires_at,
    }))
}

/// Spends a refresh token: true once.
pub(in crate::identity) async fn spend_refresh(
    tx: &mut Tx,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE refresh_token SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL",
            args![hash, now],
        )
        .await?;
    Ok(changed == 1)
}

pub(in crate::identity) async fn prolong(
    tx: &mut Tx,
    id: SessionId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "UPDATE session SET seen_at = $2, expires_at = $3 WHERE id = $1",
        args![id, now, until],
    )
    .await?;
    Ok(())
}

pub(in crate::identity) async fn end_session(tx: &mut Tx, id: SessionId) -> Result<()> {
    tx.exec("DELETE FROM session WHERE id = $1", args![id])
        .await?;
    Ok(())
}

/// Removes some sessions that have ended, with their refresh tokens, and tells how many.
pub(in crate::identity) async fn purge_sessions(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(tx
        .exec(
            "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at <= $1 LIMIT 500)",
            args![now],
        )
        .await?)
}

/// Removes some refresh tokens that were used before a time, and tells how many.
pub(in crate::identity) async fn purge_refreshed(
    tx: &mut Tx,
    before: DateTime<Utc>,
) -> Result<u64> {
    Ok(tx
        .exec(
            "DELETE FROM refresh_token WHERE token_hash IN (SELECT token_hash FROM refresh_token WHERE used_at < $1 LIMIT 500)",
            args![before],
        )
        .await?)
}

/// Which of a person's sessions.
#[derive(Clone, Copy)]
pub(in crate::identity) enum Which {
    One(SessionId),
    All,
}

impl Which {
    /// What the audit log says it was done to.
    pub fn subject(self, person: PersonId) -> String {
        match self {
            Self::One(id) => id.to_string(),
            Self::All => person.to_string(),
        }
    }
}

pub(in crate::identity) async fn end_sessions(
    tx: &mut Tx,
    person: PersonId,
    which: Which,
) -> Result<u64> {
    Ok(match which {
        Which::One(id) => {
            tx.exec(
                "DELETE FROM session WHERE person_id = $1 AND id = $2",
                args![person, id],
            )
            .await?
        }
        Which::All => {
            tx.exec("DELETE FROM session WHERE person_id = $1", args![person])
                .await?
        }
    })
}

pub(in crate::identity) async fn end_other_sessions(
    tx: &mut Tx,
    person: PersonId,
    but: SessionId,
) -> Result<()> {
    tx.exec(
        "DELETE FROM session WHERE person_id = $1 AND id <> $2",
        args![person, but],
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct DeviceRow {
    id: Uuid,
    kind: String,
    ip: String,
    user_agent: String,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

pub(in crate::identity) async fn devices(
    db: &Db,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<Device>> {
    let rows: Vec<DeviceRow> = db
        .all(
            "SELECT id, kind, ip, user_agent, created_at, seen_at, expires_at FROM session WHERE person_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC",
            args![person, now],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Device {
            id: SessionId(row.id),
            kind: kind_of(&row.kind),
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: row.created_at,
            seen_at: row.seen_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// False for an organisation the person is no active member of.
pub(in crate::identity) async fn choose_organisation(
    tx: &mut Tx,
    id: SessionId,
    person: PersonId,
    org_id: OrgId,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE session SET org_id = $3 WHERE id = $1 AND person_id = $2 AND EXISTS (SELECT 1 FROM membership m JOIN organisation o ON o.id = m.org_id WHERE m.org_id = $3 AND m.person_id = $2 AND m.status = 'active' AND o.status = 'active')",
            args![id, person, org_id],
        )
        .await?;
    Ok(changed == 1)
}

/// What a session is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::identity) enum By {
    /// The hash of its cookie.
    Cookie([u8; 32]),
    /// Its id.
    Id(SessionId),
}

#[derive(FromRow)]
struct SessionRow {
    #[sqlx(flatten)]
    person: PersonRow,
    session_id: Uuid,
    kind: String,
    csrf: String,
    expires_at: DateTime<Utc>,
    org_id: Uuid,
    organisation: String,
    plan: String,
}

/// A running session, the organisation it acts for and what it may do there. The chosen
/// organisation counts while the person is an active member and it is active; else the personal
/// one.
pub(in crate::identity) async fn session(
    db: &Db,
    by: By,
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let (condition, value) = match by {
        By::Cookie(hash) => ("s.cookie_hash", colophon_db::Val::from(hash)),
        By::Id(id) => ("s.id", colophon_db::Val::from(id)),
    };
    let sql = Sql::Built(format!(
        "SELECT {COLUMNS}, s.id AS session_id, s.kind, s.csrf, s.expires_at, o.id AS org_id, o.name AS organisation, o.plan FROM session s JOIN person p ON p.id = s.person_id JOIN organisation o ON o.id = COALESCE((SELECT c.id FROM organisation c JOIN membership m ON m.org_id = c.id WHERE c.id = s.org_id AND c.status = 'active' AND m.person_id = s.person_id AND m.status = 'active'), (SELECT c.id FROM organisation c WHERE c.personal_of = s.person_id)) WHERE {condition} = $1 AND s.expires_at > $2 AND p.deleted_at IS NULL"
    ));
    let row: Option<SessionRow> = db.opt(sql, [value, colophon_db::Val::from(now)]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let person = Person::from(row.person);
    let id = SessionId(row.session_id);
    let org_id = OrgId(row.org_id);
    let grants = organisations::grants(db, org_id, person.id).await?;
    Ok(Some(Session {
        id,
        kind: kind_of(&row.kind),
        csrf: row.csrf,
        expires_at: row.expires_at,
        caller: Caller {
            org_id,
            organisation: row.organisation,
            plan: row.plan.parse::<Plan>().map_err(Error::internal)?,
            credential: Credential::Session {
                id,
                person: person.id,
            },
            grants: with_own_account(grants),
            expires_at: Some(row.expires_at),
        },
        person,
    }))
}

pub(in crate::identity) async fn touch_sessions(
    tx: &mut Tx,
    used: &[(SessionId, DateTime<Utc>)],
) -> Result<()> {
    for (id, at) in used {
        let until = *at + SessionKind::Person.lasts();
        tx.exec(
            "UPDATE session SET seen_at = $2, expires_at = CASE WHEN kind = 'person' THEN $3 ELSE expires_at END WHERE id = $1",
            args![*id, *at, until],
        )
        .await?;
    }
    Ok(())
}
