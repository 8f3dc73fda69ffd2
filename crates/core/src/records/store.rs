//! SQL of records and of the signatures counter.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use colophon_db::{Db, Error, FromRow, Sql, Tx, Val, args, insert_rows};
use uuid::Uuid;

use super::commit::Accepted;
use crate::{GeneratorId, OrgId, RecordId};

/// The meter of `monthly_usage` that records count on.
pub const METER: &str = "signatures";

fn places(count: usize) -> String {
    (1..=count)
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Which of these generators are revoked. Not scoped by organisation: ownership was checked
/// before, and a generator never changes hands.
pub(super) async fn revoked(
    tx: &mut Tx,
    generators: impl Iterator<Item = GeneratorId>,
) -> Result<HashSet<GeneratorId>, Error> {
    let mut ids: Vec<GeneratorId> = generators.collect();
    ids.sort_unstable();
    ids.dedup();
    let sql = format!(
        "SELECT id FROM generator WHERE revoked_at IS NOT NULL AND id IN ({})",
        places(ids.len())
    );
    let rows: Vec<(Uuid,)> = tx
        .all(Sql::Built(sql), ids.into_iter().map(Val::from))
        .await?;
    Ok(rows.into_iter().map(|(id,)| GeneratorId(id)).collect())
}

/// Locks the organisation's counter of the month until the transaction ends, and reads it.
pub(super) async fn lock_usage(tx: &mut Tx, org_id: OrgId, month: &str) -> Result<i64, Error> {
    let (used,): (i64,) = tx
        .one(
            "INSERT INTO monthly_usage (org_id, meter, month, used) VALUES ($1, $2, $3, 0) ON CONFLICT (org_id, meter, month) DO UPDATE SET used = monthly_usage.used RETURNING used",
            args![org_id, METER, month],
        )
        .await?;
    Ok(used)
}

pub(super) async fn add_usage(
    tx: &mut Tx,
    org_id: OrgId,
    month: &str,
    count: i64,
) -> Result<(), Error> {
    tx.exec(
        "UPDATE monthly_usage SET used = used + $4 WHERE org_id = $1 AND meter = $2 AND month = $3",
        args![org_id, METER, month, count],
    )
    .await?;
    Ok(())
}

/// Inserts what has a free watermark id and tells which those were.
pub(super) async fn insert(tx: &mut Tx, records: &[&Accepted]) -> Result<HashSet<RecordId>, Error> {
    let inserted = insert_rows(
        tx,
        "record",
        [
            "id",
            "org_id",
            "generator_id",
            "key_id",
            "watermark_id",
            "organisation",
            "model",
            "content_hash",
            "token",
            "document",
            "created_at",
        ],
        "ON CONFLICT (org_id, watermark_id) DO NOTHING",
        records.iter().map(|record| {
            args![
                record.id,
                record.org_id,
                record.generator_id,
                record.key_id,
                &record.watermark_id,
                &record.organisation,
                &record.model,
                record.content_hash,
                &record.token,
                &record.document,
                record.created_at
            ]
        }),
    )
    .await?;
    let ids = records.iter().map(|record| record.id);
    if inserted == records.len() as u64 {
        return Ok(ids.collect());
    }
    // Rare, so that the usual batch need not return its rows.
    let sql = format!(
        "SELECT id FROM record WHERE id IN ({})",
        places(records.len())
    );
    let rows: Vec<(Uuid,)> = tx.all(Sql::Built(sql), ids.map(Val::from)).await?;
    Ok(rows.into_iter().map(|(id,)| RecordId(id)).collect())
}

/// Takes back what this transaction inserted beyond a limit.
pub(super) async fn remove(tx: &mut Tx, ids: &[RecordId]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = format!("DELETE FROM record WHERE id IN ({})", places(ids.len()));
    tx.exec(Sql::Built(sql), ids.iter().copied().map(Val::from))
        .await?;
    Ok(())
}

#[derive(FromRow)]
pub(super) struct RecordRow {
    pub id: Uuid,
    pub token: String,
    pub document: String,
    pub public_key: Vec<u8>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub seq_no: Option<i64>,
}

// Records are public (contract: getRecord has no authentication), so that these reads are not
// scoped by organisation.

pub(super) async fn find(db: &Db, id: RecordId) -> Result<Option<RecordRow>, Error> {
    db.opt(
        "SELECT r.id, r.token, r.document, k.public_key, g.revoked_at, (SELECT min(e.seq_no) FROM log_entry e WHERE e.cert_id = $2) AS seq_no FROM record r JOIN generator g ON g.id = r.generator_id JOIN generator_key k ON k.generator_id = r.generator_id AND k.key_id = r.key_id WHERE r.id = $1",
        args![id, id.to_string()],
    )
    .await
}

/// What a look-up tells of a record: columns, not the document, which may be large.
#[derive(FromRow)]
pub(super) struct FoundRow {
    pub id: Uuid,
    pub organisation: String,
    pub model: String,
    pub generator_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Records of a content after `after`, oldest first.
pub(super) async fn by_content_hash(
    db: &Db,
    hash: &[u8; 32],
    after: Option<RecordId>,
    limit: i64,
) -> Result<Vec<FoundRow>, Error> {
    db.all(
        "SELECT r.id, r.organisation, r.model, r.generator_id, r.created_at, g.revoked_at FROM record r JOIN generator g ON g.id = r.generator_id WHERE r.content_hash = $1 AND r.id > $2 ORDER BY r.id LIMIT $3",
        args![*hash, after.map_or(Uuid::nil(), |id| id.0), limit],
    )
    .await
}

/// Not scoped by organisation: the log's audit reads everything.
pub(super) async fn documents(
    db: &Db,
    ids: &[RecordId],
) -> Result<HashMap<RecordId, String>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT id, document FROM record WHERE id IN ({})",
        places(ids.len())
    );
    let rows: Vec<(Uuid, String)> = db
        .all(Sql::Built(sql), ids.iter().copied().map(Val::from))
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, document)| (RecordId(id), document))
        .collect())
}

/// Not scoped by organisation: the log's audit reads everything.
pub(super) async fn ids_after(
    db: &Db,
    after: RecordId,
    limit: i64,
) -> Result<Vec<RecordId>, Error> {
    let rows: Vec<(Uuid,)> = db
        .all(
            "SELECT id FROM record WHERE id > $1 ORDER BY id LIMIT $2",
            args![after, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| RecordId(id)).collect())
}

pub(super) async fn ids_of(
    db: &Db,
    org_id: OrgId,
    after: Uuid,
    limit: i64,
) -> Result<Vec<RecordId>, Error> {
    let rows: Vec<(Uuid,)> = db
        .all(
            "SELECT id FROM record WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            args![org_id, after, limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| RecordId(id)).collect())
}
