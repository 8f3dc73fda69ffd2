//! SQL of identity providers and the accounts they vouch for.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use uuid::Uuid;

use crate::identity::Issuer;
use crate::{IssuerId, PersonId, Result};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    issuer: String,
    audience: String,
    jwks_uri: String,
    created_at: DateTime<Utc>,
}

impl From<Row> for Issuer {
    fn from(row: Row) -> Self {
        Self {
            id: IssuerId(row.id),
            name: row.name,
            issuer: row.issuer,
            audience: row.audience,
            jwks_uri: row.jwks_uri,
            created_at: row.created_at,
        }
    }
}

/// False for an issuer that is registered already.
pub(in crate::identity) async fn insert_issuer(tx: &mut Tx, issuer: &Issuer) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO oidc_issuer (id, name, issuer, audience, jwks_uri, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (issuer) DO NOTHING",
            args![
                issuer.id,
                &issuer.name,
                &issuer.issuer,
                &issuer.audience,
                &issuer.jwks_uri,
                issuer.created_at
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Removes a provider: its `iss`, once.
pub(in crate::identity) async fn delete_issuer(
    tx: &mut Tx,
    id: IssuerId,
) -> Result<Option<String>> {
    let row: Option<(String,)> = tx
        .opt(
            "DELETE FROM oidc_issuer WHERE id = $1 RETURNING issuer",
            args![id],
        )
        .await?;
    Ok(row.map(|(issuer,)| issuer))
}

pub(in crate::identity) async fn issuer(db: &Db, issuer: &str) -> Result<Option<Issuer>> {
    let row: Option<Row> = db
        .opt(
            "SELECT id, name, issuer, audience, jwks_uri, created_at FROM oidc_issuer WHERE issuer = $1",
            args![issuer],
        )
        .await?;
    Ok(row.map(Issuer::from))
}

pub(in crate::identity) async fn issuers(db: &Db) -> Result<Vec<Issuer>> {
    let rows: Vec<Row> = db
        .all(
            "SELECT id, name, issuer, audience, jwks_uri, created_at FROM oidc_issuer ORDER BY id DESC",
            args![],
        )
        .await?;
    Ok(rows.into_iter().map(Issuer::from).collect())
}

pub(in crate::identity) async fn person_of_identity(
    db: &Db,
    issuer: &str,
    subject: &str,
) -> Result<Option<PersonId>> {
    let row: Option<(Uuid,)> = db
        .opt(
            "SELECT e.person_id FROM external_identity e JOIN person p ON p.id = e.person_id WHERE e.issuer = $1 AND e.subject = $2 AND p.deleted_at IS NULL",
            args![issuer, subject],
        )
        .await?;
    Ok(row.map(|(id,)| PersonId(id)))
}

pub(in crate::identity) async fn insert_identity(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO external_identity (issuer, subject, person_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (issuer, subject) DO UPDATE SET person_id = excluded.person_id",
        args![issuer, subject, person, now],
    )
    .await?;
    Ok(())
}
