//! SQL of our public keys.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use colophon_transparency::keys::PublicKey;

use super::Purpose;
use crate::Result;
use crate::generators::parse_key;

/// A key of ours that the world may know.
#[derive(Clone, Debug)]
pub struct PublishedKey {
    /// What it is for.
    pub purpose: Purpose,
    /// The key.
    pub key: PublicKey,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when, if it was retired; what it signed stays valid.
    pub retired_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct KeyRow {
    purpose: String,
    algorithm: String,
    public_key: Vec<u8>,
    created_at: DateTime<Utc>,
    retired_at: Option<DateTime<Utc>>,
}

impl TryFrom<KeyRow> for PublishedKey {
    type Error = crate::Error;

    fn try_from(row: KeyRow) -> Result<Self> {
        Ok(Self {
            purpose: row.purpose.parse()?,
            key: parse_key(&row.algorithm, &row.public_key)?,
            created_at: row.created_at,
            retired_at: row.retired_at,
        })
    }
}

pub(super) async fn all(db: &Db) -> Result<Vec<PublishedKey>> {
    let rows: Vec<KeyRow> = db
        .all(
            "SELECT purpose, algorithm, public_key, created_at, retired_at FROM signing_key ORDER BY created_at DESC, key_id",
            [],
        )
        .await?;
    rows.into_iter().map(PublishedKey::try_from).collect()
}

pub(super) async fn active(db: &Db, purpose: Purpose) -> Result<Option<PublishedKey>> {
    let row: Option<KeyRow> = db
        .opt(
            "SELECT purpose, algorithm, public_key, created_at, retired_at FROM signing_key WHERE purpose = $1 AND retired_at IS NULL",
            args![purpose.name()],
        )
        .await?;
    row.map(PublishedKey::try_from).transpose()
}

pub(super) async fn insert(
    tx: &mut Tx,
    purpose: Purpose,
    key: &PublicKey,
    now: DateTime<Utc>,
) -> Result<(), colophon_db::Error> {
    tx.exec(
        "INSERT INTO signing_key (key_id, purpose, algorithm, public_key, created_at) VALUES ($1, $2, $3, $4, $5)",
        args![key.id_hex(), purpose.name(), key.algorithm().to_string(), key.as_bytes(), now],
    )
    .await?;
    Ok(())
}

pub(super) async fn retire(
    tx: &mut Tx,
    key: &PublicKey,
    now: DateTime<Utc>,
) -> Result<(), colophon_db::Error> {
    tx.exec(
        "UPDATE signing_key SET retired_at = $2 WHERE key_id = $1 AND retired_at IS NULL",
        args![key.id_hex(), now],
    )
    .await?;
    Ok(())
}
