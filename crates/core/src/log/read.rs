//! Reading the log: heads, entries, tiles.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use colophon_db::Db;
use colophon_transparency::entry::Entry;
use colophon_transparency::merkle::Hash;
use colophon_transparency::sth::{SignedTreeHead, TreeHead};
use colophon_transparency::tile::{TileId, encode_entries};

use super::store::{self, EntryRow, Head};
use crate::{Core, Error, Kind, Result};

/// Entries one page of the contract's log may hold.
const MOST_ENTRIES: i64 = 1_000;

/// The newest signed state; `None` in the moment before the first sequencer ran.
///
/// # Errors
/// When the database does not answer.
pub async fn head(db: &Db) -> Result<Option<Head>> {
    Ok(store::head(db).await?)
}

/// The newest checkpoint as a signed note, and when it was signed.
///
/// # Errors
/// [`crate::Kind::Unavailable`] in the moment before the first sequencer ran.
pub async fn checkpoint_note(db: &Db) -> Result<(String, DateTime<Utc>)> {
    let head = require_head(db).await?;
    Ok((head.note, head.created_at))
}

pub(super) async fn require_head(db: &Db) -> Result<Head> {
    store::head(db)
        .await?
        .ok_or_else(|| Error::unavailable("log", "no checkpoint has been signed yet"))
}

/// The newest state as a signed tree head of the TrackOrigin contract.
///
/// # Errors
/// [`crate::Kind::Unavailable`] in the moment before the first sequencer ran.
pub async fn tree_head(core: &Core) -> Result<SignedTreeHead> {
    let head = require_head(&core.db).await?;
    TreeHead {
        seq_no: head.tree_size,
        entry_hash: head.entry_hash,
        tree_size: head.tree_size,
        root_hash: head.root_hash,
        ts: head.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
    .sign(&core.keyring.issuer())
    .map_err(Error::internal)
}

/// An entry with the hash that the next one is chained to.
#[derive(Clone, Debug)]
pub struct EntryView {
    /// The entry.
    pub entry: Entry,
    /// Its exact text, as hashed.
    pub text: String,
    /// SHA-256 of that text.
    pub entry_hash: Hash,
}

fn view(row: EntryRow) -> Result<EntryView> {
    let entry = Entry::parse(row.entry.as_bytes()).map_err(Error::internal)?;
    if Ok(row.seq_no) != i64::try_from(entry.seq_no) {
        let found = format!("row {} of the log holds entry {}", row.seq_no, entry.seq_no);
        return Err(Error::internal(found));
    }
    let entry_hash = row
        .entry_hash
        .try_into()
        .map_err(|_| Error::internal("a damaged hash"))?;
    Ok(EntryView {
        entry,
        text: row.entry,
        entry_hash,
    })
}

/// Up to `limit` (at most 1,000) entries after `since`, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn entries(db: &Db, since: u64, limit: i64) -> Result<Vec<EntryView>> {
    store::entries(db, since, limit.clamp(1, MOST_ENTRIES))
        .await?
        .into_iter()
        .map(view)
        .collect()
}

/// Where a statement stands in the log.
#[derive(Clone, Debug)]
pub enum Included {
    /// In the log, as this entry.
    Yes(Box<EntryView>),
    /// Acknowledged, and about to be sequenced.
    Pending,
    /// Never stated.
    No,
}

/// Whether this is spelled as ids are. Nothing else was ever stated, and PostgreSQL does not even
/// take U+0000 as a text to look for.
pub(super) fn may_be_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether and where a statement stands in the log.
///
/// # Errors
/// When the database does not answer.
pub async fn included(db: &Db, cert_id: &str) -> Result<Included> {
    if !may_be_id(cert_id) {
        return Ok(Included::No);
    }
    if let Some(row) = store::entry_of(db, cert_id).await? {
        return Ok(Included::Yes(Box::new(view(row)?)));
    }
    if store::waits(db, cert_id).await? {
        return Ok(Included::Pending);
    }
    // Between the two look-ups the sequencer may have moved it.
    Ok(match store::entry_of(db, cert_id).await? {
        Some(row) => Included::Yes(Box::new(view(row)?)),
        None => Included::No,
    })
}

/// Entry numbers of those of `cert_ids` that are in the log.
pub(crate) async fn numbers(db: &Db, cert_ids: &[String]) -> Result<HashMap<String, u64>> {
    Ok(store::numbers(db, cert_ids).await?)
}

/// The refusal in the moment between acknowledgement and sequencing.
#[must_use]
pub fn not_yet_included() -> Error {
    let mut error = Error::new(
        Kind::NotFound,
        "not_yet_included",
        "This is stored and will be in the log in a moment.",
    );
    error.retry_after = Some(1);
    error
}

/// Since when the oldest waiting statement waits: the time in its id.
pub(crate) async fn waiting_since(db: &Db) -> Result<Option<DateTime<Utc>>> {
    let id = store::oldest_waiting(db).await?;
    let made = id.and_then(|id| id.get_timestamp());
    Ok(made.and_then(|made| {
        let (seconds, nanos) = made.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }))
}

/// How many statements wait for the sequencer.
///
/// # Errors
/// When the database does not answer.
pub async fn pending(db: &Db) -> Result<i64> {
    Ok(store::count_waiting(db).await?)
}

/// The bytes of a hash tile (C2SP tlog-tiles): `width` hashes of 32 bytes.
///
/// # Errors
/// [`crate::Kind::NotFound`] for a tile the log has not reached.
pub async fn hash_tile(db: &Db, id: TileId) -> Result<Vec<u8>> {
    let head = require_head(db).await?;
    // A level-L hash stands for 256^L entries; only those of a signed tree are served.
    let per_hash = 256_u64.checked_pow(u32::from(id.level));
    let complete = per_hash.map_or(0, |per_hash| head.tree_size / per_hash);
    let end = id
        .index
        .checked_mul(256)
        .and_then(|start| start.checked_add(u64::from(id.width)));
    if end.is_none_or(|end| end > complete) {
        return Err(Error::not_found("tile"));
    }
    let found = store::tiles(db, &[id]).await?;
    found
        .into_iter()
        .next()
        .map(|(_, bytes)| bytes)
        .ok_or_else(|| Error::not_found("tile"))
}

/// The bytes of an entry bundle: `width` entries from `index * 256`, each behind its 16-bit
/// length.
///
/// # Errors
/// [`crate::Kind::NotFound`] for a bundle the log has not reached.
pub async fn entry_tile(db: &Db, index: u64, width: u16) -> Result<Vec<u8>> {
    let start = index
        .checked_mul(256)
        .ok_or_else(|| Error::not_found("tile"))?;
    let rows = store::entries(db, start, i64::from(width)).await?;
    let contiguous = rows
        .first()
        .is_some_and(|row| row.seq_no == store::column(start) + 1);
    if rows.len() != usize::from(width) || !contiguous {
        return Err(Error::not_found("tile"));
    }
    let texts: Vec<&[u8]> = rows.iter().map(|row| row.entry.as_bytes()).collect();
    encode_entries(&texts).map_err(Error::internal)
}
