//! SQL of blobs. A blob belongs to no organisation: two that upload the same bytes share it, and
//! what refers to it decides who may read it.

use chrono::{DateTime, Utc};
use colophon_db::{Db, Tx, args};
use colophon_transparency::digest::FileDigests;

use crate::Result;

/// What we know of stored content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Length in bytes.
    pub size: u64,
    /// Media type, as the first one to store it found.
    pub content_type: String,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
}

/// Records content that [`super::Blobs::put_stream`] has stored, in the transaction that refers
/// to it. Content that is known already stays as it is.
///
/// # Errors
/// As the database fails.
pub async fn record_blob(
    tx: &mut Tx,
    digests: &FileDigests,
    content_type: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let size = i64::try_from(digests.size).unwrap_or(i64::MAX);
    tx.exec(
        "INSERT INTO blob (sha256, size, content_type, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (sha256) DO NOTHING",
        args![digests.sha256, size, content_type, now],
    )
    .await?;
    Ok(())
}

/// What we know of content, by its hash.
///
/// # Errors
/// As the database fails.
pub async fn find_blob(db: &Db, sha256: &[u8; 32]) -> Result<Option<Blob>> {
    let row: Option<(i64, String, DateTime<Utc>)> = db
        .opt(
            "SELECT size, content_type, created_at FROM blob WHERE sha256 = $1",
            args![*sha256],
        )
        .await?;
    Ok(row.map(|(size, content_type, created_at)| Blob {
        size: size.unsigned_abs(),
        content_type,
        created_at,
    }))
}

/// Forgets content that nothing refers to any more, before [`super::Blobs::delete`] removes it.
///
/// # Errors
/// As the database fails.
pub(crate) async fn forget_blob(tx: &mut Tx, sha256: [u8; 32]) -> Result<()> {
    tx.exec("DELETE FROM blob WHERE sha256 = $1", args![sha256])
        .await?;
    Ok(())
}
