//! SQL of the log.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use colophon_db::{Db, Error, FromRow, Sql, Tx, Val, args, insert_rows};
use colophon_transparency::merkle::Hash;
use colophon_transparency::tile::{Tile, TileId};
use uuid::Uuid;

use super::Statement;

/// The newest signed state of the log.
#[derive(Clone, Debug)]
pub struct Head {
    /// Entries in the log.
    pub tree_size: u64,
    /// RFC 6962 root over them.
    pub root_hash: Hash,
    /// Hash of the newest entry (64 zeros when empty).
    pub entry_hash: Hash,
    /// The checkpoint as a signed note.
    pub note: String,
    /// When it was signed.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct HeadRow {
    tree_size: i64,
    root_hash: Vec<u8>,
    entry_hash: Vec<u8>,
    note: String,
    created_at: DateTime<Utc>,
}

/// A hash column that is not 32 bytes, or a number that is negative: someone edited the table.
fn corrupt(what: &'static str) -> Error {
    Error::Schema(format!(
        "{what} in the log tables is damaged; run `colophon log audit`"
    ))
}

fn hash(bytes: Vec<u8>) -> Result<Hash, Error> {
    bytes.try_into().map_err(|_| corrupt("a hash"))
}

fn size(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| corrupt("a size"))
}

pub(super) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl TryFrom<HeadRow> for Head {
    type Error = Error;

    fn try_from(row: HeadRow) -> Result<Self, Error> {
        Ok(Self {
            tree_size: size(row.tree_size)?,
            root_hash: hash(row.root_hash)?,
            entry_hash: hash(row.entry_hash)?,
            note: row.note,
            created_at: row.created_at,
        })
    }
}

const HEAD: &str = "SELECT tree_size, root_hash, entry_hash, note, created_at FROM log_checkpoint ORDER BY tree_size DESC LIMIT 1";

pub(super) async fn head(db: &Db) -> Result<Option<Head>, Error> {
    let row: Option<HeadRow> = db.opt(HEAD, []).await?;
    row.map(Head::try_from).transpose()
}

/// The same, inside the transaction that is about to extend it.
pub(super) async fn head_of(tx: &mut Tx) -> Result<Option<Head>, Error> {
    let row: Option<HeadRow> = tx.opt(HEAD, []).await?;
    row.map(Head::try_from).transpose()
}

pub(super) async fn enqueue(tx: &mut Tx, statements: &[Statement]) -> Result<(), Error> {
    insert_rows(
        tx,
        "log_pending",
        ["id", "cert_id", "kind", "manifest_hash"],
        "",
        statements.iter().map(|statement| {
            args![
                statement.order,
                &statement.cert_id,
                statement.kind,
                statement.manifest_hash
            ]
        }),
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
pub(super) struct Pending {
    pub id: Uuid,
    pub cert_id: String,
    pub kind: String,
    pub manifest_hash: Vec<u8>,
}

impl Pending {
    pub(super) fn manifest_hash(&self) -> Result<Hash, Error> {
        hash(self.manifest_hash.clone())
    }
}

pub(super) async fn waiting(tx: &mut Tx, limit: i64) -> Result<Vec<Pending>, Error> {
    tx.all(
        "SELECT id, cert_id, kind, manifest_hash FROM log_pending ORDER BY id LIMIT $1",
        args![limit],
    )
    .await
}

/// Removes exactly these statements: one that committed late under an earlier id stays.
pub(super) async fn dequeue(tx: &mut Tx, done: &[Pending]) -> Result<u64, Error> {
    let mut removed = 0;
    for chunk in done.chunks(1_000) {
        let places: Vec<String> = (1..=chunk.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "DELETE FROM log_pending WHERE id IN ({})",
            places.join(", ")
        );
        removed += tx
            .exec(Sql::Built(sql), chunk.iter().map(|row| Val::from(row.id)))
            .await?;
    }
    Ok(removed)
}

pub(super) struct NewEntry {
    pub seq_no: u64,
    pub cert_id: String,
    pub text: String,
    pub hash: Hash,
}

pub(super) async fn append(
    tx: &mut Tx,
    entries: &[NewEntry],
    tiles: &[Tile],
    head: &Head,
) -> Result<(), Error> {
    insert_rows(
        tx,
        "log_entry",
        ["seq_no", "cert_id", "entry", "entry_hash"],
        "",
        entries.iter().map(|entry| {
            args![
                column(entry.seq_no),
                &entry.cert_id,
                &entry.text,
                entry.hash
            ]
        }),
    )
    .await?;
    insert_rows(
        tx,
        "log_tile",
        ["level", "position", "hashes"],
        "ON CONFLICT (level, position) DO UPDATE SET hashes = excluded.hashes",
        tiles.iter().map(|tile| {
            args![
                i64::from(tile.id.level),
                column(tile.id.index),
                tile.to_bytes()
            ]
        }),
    )
    .await?;
    tx.exec(
        "INSERT INTO log_checkpoint (tree_size, root_hash, entry_hash, note, created_at) VALUES ($1, $2, $3, $4, $5)",
        args![
            column(head.tree_size),
            head.root_hash,
            head.entry_hash,
            &head.note,
            head.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Takes or renews the sequencer's lease; `false` while another holds it.
pub(super) async fn take_lease(
    tx: &mut Tx,
    name: &'static str,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, Error> {
    let touched = tx
        .exec(
            "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $4) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at WHERE lease.holder = excluded.holder OR lease.expires_at < $3",
            args![name, holder, now, until],
        )
        .await?;
    Ok(touched == 1)
}

pub(super) async fn give_lease_back(
    tx: &mut Tx,
    name: &'static str,
    holder: &str,
) -> Result<(), Error> {
    tx.exec(
        "DELETE FROM lease WHERE name = $1 AND holder = $2",
        args![name, holder],
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct TileRow {
    level: i64,
    position: i64,
    hashes: Vec<u8>,
}

/// The stored bytes of the wanted tiles, cut to the width that was asked for: a tile that has
/// grown since still answers for its earlier, partial self.
pub(super) async fn tiles(db: &Db, wanted: &[TileId]) -> Result<Vec<(TileId, Vec<u8>)>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..wanted.len())
        .map(|n| format!("(level = ${} AND position = ${})", 2 * n + 1, 2 * n + 2))
        .collect();
    // Spelled out: for a list of pairs, SQLite reads the whole table.
    let sql = format!(
        "SELECT level, position, hashes FROM log_tile WHERE {}",
        places.join(" OR ")
    );
    let values = wanted
        .iter()
        .flat_map(|id| [Val::from(i64::from(id.level)), Val::from(column(id.index))]);
    let rows: Vec<TileRow> = db.all(Sql::Built(sql), values).await?;
    let mut found = Vec::with_capacity(rows.len());
    for id in wanted {
        let row = rows
            .iter()
            .find(|row| row.level == i64::from(id.level) && row.position == column(id.index));
        let bytes = row.and_then(|row| row.hashes.get(..usize::from(id.width) * 32));
        if let Some(bytes) = bytes {
            found.push((*id, bytes.to_vec()));
        }
    }
    Ok(found)
}

#[derive(FromRow)]
pub(super) struct EntryRow {
    pub seq_no: i64,
    pub entry: String,
    pub entry_hash: Vec<u8>,
}

pub(super) async fn entries(db: &Db, after: u64, limit: i64) -> Result<Vec<EntryRow>, Error> {
    db.all(
        "SELECT seq_no, entry, entry_hash FROM log_entry WHERE seq_no > $1 ORDER BY seq_no LIMIT $2",
        args![column(after), limit],
    )
    .await
}

pub(super) async fn entry_of(db: &Db, cert_id: &str) -> Result<Option<EntryRow>, Error> {
    db.opt(
        "SELECT seq_no, entry, entry_hash FROM log_entry WHERE cert_id = $1 ORDER BY seq_no LIMIT 1",
        args![cert_id],
    )
    .await
}

/// Entry numbers of those statements that are in the log.
pub(super) async fn numbers(db: &Db, cert_ids: &[String]) -> Result<HashMap<String, u64>, Error> {
    if cert_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let places: Vec<String> = (1..=cert_ids.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT cert_id, min(seq_no) FROM log_entry WHERE cert_id IN ({}) GROUP BY cert_id",
        places.join(", ")
    );
    let rows: Vec<(String, i64)> = db
        .all(Sql::Built(sql), cert_ids.iter().map(Val::from))
        .await?;
    rows.into_iter()
        .map(|(id, number)| Ok((id, size(number)?)))
        .collect()
}

pub(super) async fn waits(db: &Db, cert_id: &str) -> Result<bool, Error> {
    let row: Option<(String,)> = db
        .opt(
            "SELECT cert_id FROM log_pending WHERE cert_id = $1 LIMIT 1",
            args![cert_id],
        )
        .await?;
    Ok(row.is_some())
}

/// The oldest waiting statement's id, a UUIDv7.
pub(super) async fn oldest_waiting(db: &Db) -> Result<Option<Uuid>, Error> {
    let row: Option<(Uuid,)> = db
        .opt("SELECT id FROM log_pending ORDER BY id LIMIT 1", [])
        .await?;
    Ok(row.map(|(id,)| id))
}

pub(super) async fn any_waiting(db: &Db) -> Result<bool, Error> {
    let row: Option<(Uuid,)> = db.opt("SELECT id FROM log_pending LIMIT 1", []).await?;
    Ok(row.is_some())
}

pub(super) async fn count_waiting(db: &Db) -> Result<i64, Error> {
    let (count,): (i64,) = db
        .one("SELECT CAST(count(*) AS BIGINT) FROM log_pending", [])
        .await?;
    Ok(count)
}

pub(super) async fn keep_documents<'a>(
    tx: &mut Tx,
    documents: impl ExactSizeIterator<Item = (&'a Statement, &'a str)> + Send,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    insert_rows(
        tx,
        "statement",
        ["cert_id", "kind", "document", "created_at"],
        "",
        documents
            .map(|(statement, document)| args![&statement.cert_id, statement.kind, document, now]),
    )
    .await?;
    Ok(())
}

pub(super) async fn document(db: &Db, cert_id: &str) -> Result<Option<String>, Error> {
    let row: Option<(String,)> = db
        .opt(
            "SELECT document FROM statement WHERE cert_id = $1",
            args![cert_id],
        )
        .await?;
    Ok(row.map(|(document,)| document))
}

/// Which of these statements are in the log or wait for it.
pub(super) async fn known(db: &Db, cert_ids: &[String]) -> Result<HashSet<String>, Error> {
    if cert_ids.is_empty() {
        return Ok(HashSet::new());
    }
    let places: Vec<String> = (1..=cert_ids.len()).map(|n| format!("${n}")).collect();
    let places = places.join(", ");
    // One statement, so that an entry which moves from one table to the other is seen in one.
    let sql = format!(
        "SELECT cert_id FROM log_entry WHERE cert_id IN ({places}) UNION SELECT cert_id FROM log_pending WHERE cert_id IN ({places})"
    );
    let rows: Vec<(String,)> = db
        .all(Sql::Built(sql), cert_ids.iter().map(Val::from))
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
