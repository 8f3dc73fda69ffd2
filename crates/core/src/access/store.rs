//! SQL of API keys.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Sql, Tx, args};
use serde_json::Value as Json;
use uuid::Uuid;

use super::verifier::Calls;
use super::{Caller, Credential, Grants, KeyKind, Permission, Permissions};
use crate::organisations::Plan;
use crate::{ApiKeyId, Error, OrgId, PersonId, Result};

/// An API key as its owner sees it.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its public name.
    pub id: ApiKeyId,
    /// Whose it is.
    pub org_id: OrgId,
    /// The contract it opens.
    pub kind: KeyKind,
    /// Whether it is a test-mode key.
    pub test: bool,
    /// Its name for people; may be empty.
    pub name: String,
    /// Its first characters.
    pub start: String,
    /// What it may do.
    pub permissions: Permissions,
    /// Origins that may frame what it started.
    pub frame_ancestors: Vec<String>,
    /// Who made it; nobody for one made at the server's terminal.
    pub created_by: Option<PersonId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When something about it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last shown, to about ten seconds.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }
}

const COLUMNS: &str = "id, org_id, kind, test, name, start, permissions, frame_ancestors, created_by, created_at, updated_at, expires_at, revoked_at, last_used_at";

/// Of a key at `$2`.
const LIVE: &str = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";

#[derive(FromRow)]
struct ApiKeyRow {
    id: Uuid,
    org_id: Uuid,
    kind: String,
    test: bool,
    name: String,
    start: String,
    permissions: Option<Json>,
    frame_ancestors: Json,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self> {
        let kind: KeyKind = row.kind.parse()?;
        Ok(Self {
            id: ApiKeyId(row.id),
            org_id: OrgId(row.org_id),
            kind,
            test: row.test,
            name: row.name,
            start: row.start,
            permissions: allowed(kind, row.test, row.permissions.as_ref()),
            frame_ancestors: texts(&row.frame_ancestors).map(str::to_owned).collect(),
            created_by: row.created_by.map(PersonId),
            created_at: row.created_at,
            updated_at: row.updated_at.unwrap_or(row.created_at),
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        })
    }
}

fn texts(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
}

/// What a key may do: all that its kind may, or less. A permission that there is no more is none.
fn allowed(kind: KeyKind, test: bool, limited: Option<&Json>) -> Permissions {
    let most = kind.permissions(test);
    match limited {
        None => most,
        Some(list) => texts(list)
            .filter_map(|key| key.parse::<Permission>().ok())
            .collect::<Permissions>()
            .only(most),
    }
}

pub(super) async fn count_live(tx: &mut Tx, org_id: OrgId, now: DateTime<Utc>) -> Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT CAST(count(*) AS BIGINT) FROM api_key WHERE org_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
            args![org_id, now],
        )
        .await?;
    Ok(count)
}

pub(super) async fn insert(
    tx: &mut Tx,
    key: &ApiKey,
    secret_hash: [u8; 32],
    limited: Option<Permissions>,
) -> Result<()> {
    let limited: Option<Json> = limited.map(|set| set.iter().map(Permission::key).collect());
    tx.exec(
        "INSERT INTO api_key (id, org_id, kind, test, name, start, secret_hash, permissions, frame_ancestors, created_by, created_at, updated_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        args![
            key.id,
            key.org_id,
            key.kind.name(),
            key.test,
            &key.name,
            &key.start,
            secret_hash,
            limited,
            Json::from(key.frame_ancestors.clone()),
            key.created_by,
            key.created_at,
            key.updated_at,
            key.expires_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn list(db: &Db, org_id: OrgId, now: DateTime<Utc>) -> Result<Vec<ApiKey>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM api_key WHERE org_id = $1 AND (({LIVE}) OR id IN (SELECT id FROM api_key WHERE org_id = $1 AND NOT ({LIVE}) ORDER BY created_at DESC, id DESC LIMIT 1000)) ORDER BY created_at DESC, id DESC"
    );
    let rows: Vec<ApiKeyRow> = db.all(Sql::Built(sql), args![org_id, now]).await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

pub(super) async fn find(db: &Db, org_id: OrgId, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let sql = format!("SELECT {COLUMNS} FROM api_key WHERE org_id = $1 AND id = $2");
    let row: Option<ApiKeyRow> = db.opt(Sql::Built(sql), args![org_id, id]).await?;
    row.map(ApiKey::try_from).transpose()
}

/// Not scoped by organisation: whoever reports a leaked key has its secret and nothing else.
pub(super) async fn find_by_hash(db: &Db, secret_hash: &[u8; 32]) -> Result<Option<ApiKey>> {
    let sql = format!("SELECT {COLUMNS} FROM api_key WHERE secret_hash = $1");
    let row: Option<ApiKeyRow> = db.opt(Sql::Built(sql), args![*secret_hash]).await?;
    row.map(ApiKey::try_from).transpose()
}

fn changed(row: Option<(Vec<u8>,)>) -> Result<[u8; 32]> {
    row.and_then(|(hash,)| hash.try_into().ok())
        .ok_or_else(|| Error::not_found("API key"))
}

/// Revokes a key that is not revoked yet: the hash of its secret.
pub(super) async fn revoke(
    tx: &mut Tx,
    org_id: OrgId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<Option<[u8; 32]>> {
    let row: Option<(Vec<u8>,)> = tx
        .opt(
            "UPDATE api_key SET revoked_at = $3, updated_at = $3 WHERE id = $1 AND org_id = $2 AND revoked_at IS NULL RETURNING secret_hash",
            args![id, org_id, now],
        )
        .await?;
    Ok(row.and_then(|(hash,)| hash.try_into().ok()))
}

/// Revokes every key of an organisation that is closed.
pub(super) async fn revoke_all(tx: &mut Tx, org_id: OrgId, now: DateTime<Utc>) -> Result<()> {
    tx.exec(
        "UPDATE api_key SET revoked_at = $2, updated_at = $2 WHERE org_id = $1 AND revoked_at IS NULL",
        args![org_id, now],
    )
    .await?;
    Ok(())
}

/// Not scoped by organisation: whoever made the keys is not who they said they were.
pub(super) async fn revoke_made_by(
    tx: &mut Tx,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "UPDATE api_key SET revoked_at = $2, updated_at = $2 WHERE created_by = $1 AND revoked_at IS NULL",
        args![person, now],
    )
    .await?;
    Ok(())
}

/// Lets a live key end at `until`, or earlier if it would anyway.
pub(super) async fn end_at(
    tx: &mut Tx,
    org_id: OrgId,
    id: ApiKeyId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<[u8; 32]> {
    changed(
        tx.opt(
            "UPDATE api_key SET expires_at = CASE WHEN expires_at IS NOT NULL AND expires_at < $3 THEN expires_at ELSE $3 END, updated_at = $4 WHERE id = $1 AND org_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $4) RETURNING secret_hash",
            args![id, org_id, until, now],
        )
        .await?,
    )
}

pub(super) async fn set_frame_ancestors(
    tx: &mut Tx,
    org_id: OrgId,
    id: ApiKeyId,
    origins: &[String],
    now: DateTime<Utc>,
) -> Result<[u8; 32]> {
    changed(
        tx.opt(
            "UPDATE api_key SET frame_ancestors = $3, updated_at = $4 WHERE id = $1 AND org_id = $2 AND revoked_at IS NULL RETURNING secret_hash",
            args![id, org_id, Json::from(origins.to_vec()), now],
        )
        .await?,
    )
}

#[derive(FromRow)]
struct CallerRow {
    key_id: Uuid,
    kind: String,
    test: bool,
    permissions: Option<Json>,
    expires_at: Option<DateTime<Utc>>,
    org_id: Uuid,
    organisation: String,
    plan: String,
}

/// Not scoped by organisation: the secret's hash is what tells which organisation calls.
pub(super) async fn find_caller(
    db: &Db,
    secret_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Caller>> {
    let row: Option<CallerRow> = db
        .opt(
            "SELECT k.id AS key_id, k.kind, k.test, k.permissions, k.expires_at, o.id AS org_id, o.name AS organisation, o.plan FROM api_key k JOIN organisation o ON o.id = k.org_id WHERE k.secret_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2) AND o.status = 'active'",
            args![*secret_hash, now],
        )
        .await?;
    row.map(|row| {
        let kind: KeyKind = row.kind.parse()?;
        Ok(Caller {
            org_id: OrgId(row.org_id),
            organisation: row.organisation,
            plan: row.plan.parse::<Plan>()?,
            credential: Credential::Key {
                id: ApiKeyId(row.key_id),
                kind,
                test: row.test,
            },
            grants: Grants {
                everywhere: allowed(kind, row.test, row.permissions.as_ref()),
                at: Vec::new(),
            },
            expires_at: row.expires_at,
        })
    })
    .transpose()
}

/// Not scoped by organisation: the ids come from keys that were just verified.
pub(super) async fn touch(tx: &mut Tx, used: &[(ApiKeyId, DateTime<Utc>)]) -> Result<()> {
    for (id, at) in used {
        tx.exec(
            "UPDATE api_key SET last_used_at = $2 WHERE id = $1",
            args![*id, *at],
        )
        .await?;
    }
    Ok(())
}

/// The meter of `monthly_usage` that calls with keys of a kind count on.
pub(super) fn calls_meter(kind: KeyKind) -> String {
    format!("api_calls.{}", kind.name())
}

pub(super) async fn count_calls(tx: &mut Tx, calls: &[(Calls, i64)]) -> Result<()> {
    for (of, count) in calls {
        let (year, month) = of.month;
        tx.exec(
            "INSERT INTO monthly_usage (org_id, meter, month, used) VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, meter, month) DO UPDATE SET used = monthly_usage.used + $4",
            args![
                of.org_id,
                calls_meter(of.kind),
                format!("{year:04}-{month:02}"),
                *count
            ],
        )
        .await?;
    }
    Ok(())
}
