//! SQL of API keys.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use uuid::Uuid;

use super::{Caller, KeyKind};
use crate::organisations::Plan;
use crate::{ApiKeyId, Error, OrgId, Result};

/// An API key as its owner sees it.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its public name.
    pub id: ApiKeyId,
    /// The contract it opens.
    pub kind: KeyKind,
    /// Whether it is a test-mode key.
    pub test: bool,
    /// Its first characters.
    pub start: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last shown, to about ten seconds.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct ApiKeyRow {
    id: Uuid,
    kind: String,
    test: bool,
    start: String,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

#[allow(clippy::too_many_arguments, reason = "one parameter a column")]
pub(super) async fn insert(
    tx: &mut Tx,
    id: ApiKeyId,
    org_id: OrgId,
    kind: KeyKind,
    test: bool,
    start: &str,
    secret_hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO api_key (id, org_id, kind, test, start, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![id, org_id, kind.name(), test, start, secret_hash, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn list(db: &Db, org_id: OrgId) -> Result<Vec<ApiKey>> {
    let rows: Vec<ApiKeyRow> = db
        .all(
            "SELECT id, kind, test, start, created_at, revoked_at, last_used_at FROM api_key WHERE org_id = $1 ORDER BY created_at DESC, id DESC",
            args![org_id],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ApiKey {
                id: ApiKeyId(row.id),
                kind: row.kind.parse()?,
                test: row.test,
                start: row.start,
                created_at: row.created_at,
                revoked_at: row.revoked_at,
                last_used_at: row.last_used_at,
            })
        })
        .collect()
}

pub(super) async fn revoke(
    tx: &mut Tx,
    org_id: OrgId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<[u8; 32]> {
    let row: Option<(Vec<u8>,)> = tx
        .opt(
            "UPDATE api_key SET revoked_at = $3 WHERE id = $1 AND org_id = $2 AND revoked_at IS NULL RETURNING secret_hash",
            args![id, org_id, now],
        )
        .await?;
    row.and_then(|(hash,)| hash.try_into().ok())
        .ok_or_else(|| Error::not_found("API key"))
}

#[derive(FromRow)]
struct CallerRow {
    key_id: Uuid,
    kind: String,
    test: bool,
    org_id: Uuid,
    organisation: String,
    plan: String,
}

/// Not scoped by organisation: the secret's hash is what tells which organisation calls.
pub(super) async fn find_caller(db: &Db, secret_hash: &[u8; 32]) -> Result<Option<Caller>> {
    let row: Option<CallerRow> = db
        .opt(
            "SELECT k.id AS key_id, k.kind, k.test, o.id AS org_id, o.name AS organisation, o.plan FROM api_key k JOIN organisation o ON o.id = k.org_id WHERE k.secret_hash = $1 AND k.revoked_at IS NULL",
            args![*secret_hash],
        )
        .await?;
    row.map(|row| {
        Ok(Caller {
            org_id: OrgId(row.org_id),
            organisation: row.organisation,
            plan: row.plan.parse::<Plan>()?,
            key_id: ApiKeyId(row.key_id),
            kind: row.kind.parse()?,
            test: row.test,
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
