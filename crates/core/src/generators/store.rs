//! SQL of generators and their public keys.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use colophon_transparency::keys::{Algorithm, PublicKey};
use uuid::Uuid;

use crate::{Error, GeneratorId, OrgId, Result};

/// A generator with its keys, newest key first.
#[derive(Clone, Debug)]
pub struct Generator {
    /// Its id.
    pub id: GeneratorId,
    /// Who owns it.
    pub org_id: OrgId,
    /// Its name.
    pub name: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Its public keys.
    pub keys: Vec<GeneratorKey>,
}

/// A public key of a generator.
#[derive(Clone, Debug)]
pub struct GeneratorKey {
    /// The key.
    pub key: PublicKey,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct GeneratorRow {
    id: Uuid,
    org_id: Uuid,
    name: String,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct KeyRow {
    generator_id: Uuid,
    algorithm: String,
    public_key: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl KeyRow {
    fn key(&self) -> Result<GeneratorKey> {
        Ok(GeneratorKey {
            key: parse_key(&self.algorithm, &self.public_key)?,
            created_at: self.created_at,
        })
    }
}

/// Reads a key that we stored.
pub(crate) fn parse_key(algorithm: &str, bytes: &[u8]) -> Result<PublicKey> {
    let algorithm: Algorithm = algorithm.parse().map_err(Error::internal)?;
    PublicKey::from_raw(algorithm, bytes).map_err(Error::internal)
}

pub(super) async fn insert(tx: &mut Tx, generator: &Generator) -> Result<()> {
    tx.exec(
        "INSERT INTO generator (id, org_id, name, created_at) VALUES ($1, $2, $3, $4)",
        args![
            generator.id,
            generator.org_id,
            &generator.name,
            generator.created_at
        ],
    )
    .await?;
    for GeneratorKey { key, created_at } in &generator.keys {
        tx.exec(
            "INSERT INTO generator_key (generator_id, key_id, algorithm, public_key, created_at) VALUES ($1, $2, $3, $4, $5)",
            args![
                generator.id,
                key.id(),
                key.algorithm().to_string(),
                key.as_bytes(),
                *created_at
            ],
        )
        .await?;
    }
    Ok(())
}

/// Not scoped by organisation: whether the generator is the caller's is the question asked.
pub(super) async fn find(db: &Db, id: GeneratorId) -> Result<Option<Generator>> {
    let row: Option<GeneratorRow> = db
        .opt(
            "SELECT id, org_id, name, created_at, revoked_at FROM generator WHERE id = $1",
            args![id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let keys: Vec<KeyRow> = db
        .all(
            "SELECT generator_id, algorithm, public_key, created_at FROM generator_key WHERE generator_id = $1 ORDER BY created_at DESC, key_id",
            args![id],
        )
        .await?;
    Ok(Some(assemble(row, &keys)?))
}

pub(super) async fn list(db: &Db, org_id: OrgId) -> Result<Vec<Generator>> {
    let rows: Vec<GeneratorRow> = db
        .all(
            "SELECT id, org_id, name, created_at, revoked_at FROM generator WHERE org_id = $1 ORDER BY created_at DESC, id DESC",
            args![org_id],
        )
        .await?;
    let keys: Vec<KeyRow> = db
        .all(
            "SELECT k.generator_id, k.algorithm, k.public_key, k.created_at FROM generator_key k JOIN generator g ON g.id = k.generator_id WHERE g.org_id = $1 ORDER BY k.created_at DESC, k.key_id",
            args![org_id],
        )
        .await?;
    rows.into_iter().map(|row| assemble(row, &keys)).collect()
}

fn assemble(row: GeneratorRow, keys: &[KeyRow]) -> Result<Generator> {
    Ok(Generator {
        id: GeneratorId(row.id),
        org_id: OrgId(row.org_id),
        name: row.name,
        created_at: row.created_at,
        revoked_at: row.revoked_at,
        keys: keys
            .iter()
            .filter(|key| key.generator_id == row.id)
            .map(KeyRow::key)
            .collect::<Result<_>>()?,
    })
}

pub(super) async fn revoke(
    tx: &mut Tx,
    org_id: OrgId,
    id: GeneratorId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let touched = tx
        .exec(
            "UPDATE generator SET revoked_at = $3 WHERE id = $1 AND org_id = $2 AND revoked_at IS NULL",
            args![id, org_id, now],
        )
        .await?;
    Ok(touched == 1)
}
