//! Reading records and their proofs.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use colophon_db::Db;
use colophon_transparency::bundle::Bundle;
use colophon_transparency::digest::{ContentHash, HashFunction};
use colophon_transparency::keys::PublicKey;
use colophon_transparency::note::VerifierKey;
use colophon_transparency::proof::TlogProof;
use colophon_transparency::record::Record;

use super::store::{self, RecordRow};
use crate::log::{self, Included};
use crate::{Error, GeneratorId, OrgId, RecordId, Result};

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

/// Records one page of a look-up may hold.
const PAGE: usize = 100;

/// A record as a look-up tells of it.
#[derive(Clone, Debug)]
pub struct FoundRecord {
    /// Its id.
    pub id: RecordId,
    /// The organisation, by the name that the record states.
    pub organisation: String,
    /// The model.
    pub model: String,
    /// The generator that signed it.
    pub generator_id: GeneratorId,
    /// Whether the generator was revoked since.
    pub generator_revoked: bool,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// Its number in the log; `None` while it waits for the sequencer.
    pub seq_no: Option<u64>,
}

/// Some records of a content, oldest first.
#[derive(Clone, Debug)]
pub struct FoundPage {
    /// The records, at most 100.
    pub records: Vec<FoundRecord>,
    /// After which record the next page starts, if there is one.
    pub next_after: Option<RecordId>,
}

/// The records of this content after `after`. Records are made over SHA3-256, so that a SHA-256
/// finds none.
///
/// # Errors
/// When the database does not answer.
pub async fn by_content_hash(
    db: &Db,
    hash: &ContentHash,
    after: Option<RecordId>,
) -> Result<FoundPage> {
    let mut page = FoundPage {
        records: Vec::new(),
        next_after: None,
    };
    if hash.function != HashFunction::Sha3_256 {
        return Ok(page);
    }
    let mut rows = store::by_content_hash(db, &hash.digest, after, PAGE as i64 + 1).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let ids: Vec<String> = rows
        .iter()
        .map(|row| RecordId(row.id).to_string())
        .collect();
    let numbers = log::numbers(db, &ids).await?;
    page.records = rows
        .into_iter()
        .zip(ids)
        .map(|(row, id)| FoundRecord {
            id: RecordId(row.id),
            organisation: row.organisation,
            model: row.model,
            generator_id: GeneratorId(row.generator_id),
            generator_revoked: row.revoked_at.is_some(),
            created_at: row.created_at,
            seq_no: numbers.get(&id).copied(),
        })
        .collect();
    page.next_after = page.records.last().filter(|_| more).map(|last| last.id);
    Ok(page)
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

/// Ids of an organisation's records after `after`, in order.
pub(crate) async fn ids_of(
    db: &Db,
    org_id: OrgId,
    after: Option<RecordId>,
    limit: i64,
) -> Result<Vec<RecordId>> {
    let after = after.map_or(uuid::Uuid::nil(), |id| id.0);
    Ok(store::ids_of(db, org_id, after, limit).await?)
}
