//! Reading records and their proofs.

use std::collections::HashMap;

use colophon_db::Db;
use colophon_transparency::bundle::Bundle;
use colophon_transparency::digest::{ContentHash, HashFunction};
use colophon_transparency::keys::PublicKey;
use colophon_transparency::note::VerifierKey;
use colophon_transparency::proof::TlogProof;
use colophon_transparency::record::Record;

use super::store::{self, RecordRow};
use crate::log::{self, Included};
use crate::{Error, RecordId, Result};

/// A stored record with what is known about it now.
#[derive(Clone, Debug)]
pub struct RecordView {
    /// Its id.
    pub id: RecordId,
    /// Its token.
    pub token: String,
    /// The exact document that the log commits to.
    pub document: String,
    /// The document, read.
    pub record: Record,
    /// The generator's key that verified it.
    pub key: PublicKey,
    /// Whether its generator was revoked since.
    pub generator_revoked: bool,
    /// Its number in the log; `None` while it waits for the sequencer.
    pub seq_no: Option<u64>,
}

fn view(row: RecordRow) -> Result<RecordView> {
    let record = Record::parse(&row.document).map_err(Error::internal)?;
    // A round-3 signature is checked with the same bytes as a round-3 key.
    let key = PublicKey::from_raw(record.algorithm, &row.public_key).map_err(Error::internal)?;
    Ok(RecordView {
        id: RecordId(row.id),
        token: row.token,
        record,
        document: row.document,
        key,
        generator_revoked: row.revoked_at.is_some(),
        seq_no: row.seq_no.and_then(|number| u64::try_from(number).ok()),
    })
}

/// One record. Records are public.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub async fn get(db: &Db, id: RecordId) -> Result<RecordView> {
    store::find(db, id)
        .await?
        .map(view)
        .transpose()?
        .ok_or_else(|| Error::not_found("record"))
}

/// Every record of this content, oldest first, at most 100. Records are made over SHA3-256, so
/// that a SHA-256 finds none.
///
/// # Errors
/// When the database does not answer.
pub async fn by_content_hash(db: &Db, hash: &ContentHash) -> Result<Vec<RecordView>> {
    if hash.function != HashFunction::Sha3_256 {
        return Ok(Vec::new());
    }
    let rows = store::by_content_hash(db, &hash.digest).await?;
    let ids: Vec<String> = rows
        .iter()
        .map(|row| RecordId(row.id).to_string())
        .collect();
    let numbers = log::numbers(db, &ids).await?;
    rows.into_iter()
        .zip(ids)
        .map(|(row, id)| {
            let mut view = view(row)?;
            view.seq_no = numbers.get(&id).copied();
            Ok(view)
        })
        .collect()
}

/// Everything needed to check a record offline, against the newest checkpoint.
///
/// # Errors
/// [`crate::Kind::NotFound`]: `not_found`, or `not_yet_included` (with `retry_after`) in the moment
/// before the sequencer has taken it in.
pub async fn bundle(db: &Db, id: RecordId, log_key: &VerifierKey) -> Result<Bundle> {
    let record = get(db, id).await?;
    let Included::Yes(entry) = log::included(db, &id.to_string()).await? else {
        return Err(log::not_yet_included());
    };
    let proof = log::inclusion(db, entry.entry.index(), None).await?;
    Ok(Bundle {
        document: record.document,
        key: record.key,
        entry: entry.text,
        proof: TlogProof {
            extra: None,
            index: proof.index,
            hashes: proof.hashes,
            checkpoint: proof.checkpoint,
        },
        log: log_key.clone(),
    })
}

/// The exact documents of these records.
pub(crate) async fn documents(db: &Db, ids: &[RecordId]) -> Result<HashMap<RecordId, String>> {
    Ok(store::documents(db, ids).await?)
}

/// Ids of records after `after`, in order.
pub(crate) async fn ids_after(db: &Db, after: RecordId, limit: i64) -> Result<Vec<RecordId>> {
    Ok(store::ids_after(db, after, limit).await?)
}
