//! Storing verified records, many in one commit.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use colophon_db::{Db, Error, GroupCommit, Tx};

use super::store;
use crate::log::{self, Statement};
use crate::{GeneratorId, OrgId, RecordId};

/// Records that one commit may hold.
const BATCH: usize = 256;

/// A record whose signature was verified.
#[derive(Debug)]
pub struct Accepted {
    pub(super) id: RecordId,
    pub(super) org_id: OrgId,
    pub(super) generator_id: GeneratorId,
    pub(super) signature_limit: Option<i64>,
    pub(super) key_id: [u8; 32],
    pub(super) watermark_id: String,
    pub(super) organisation: String,
    pub(super) model: String,
    pub(super) content_hash: [u8; 32],
    pub(super) token: String,
    pub(super) document: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) statement: Statement,
}

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, and waiting for the log.
    Stored,
    /// The organisation has another record with this watermark id.
    WatermarkTaken,
    /// The generator was revoked in this moment.
    GeneratorRevoked,
    /// The plan's limit is reached.
    LimitReached {
        /// The plan's limit.
        limit: i64,
        /// What is used.
        current: i64,
    },
}

/// The queue of records that wait for a commit.
pub type Commits = GroupCommit<Accepted, Outcome>;

/// Starts the committing task.
#[must_use]
pub(crate) fn start(db: Db) -> Commits {
    GroupCommit::start(db, BATCH, |tx, records| Box::pin(commit(tx, records)))
}

/// Record rows, usage counters and log statements of a whole batch, in one transaction.
async fn commit(tx: &mut Tx, records: &[Accepted]) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = vec![Outcome::Stored; records.len()];
    let revoked = store::revoked(tx, records.iter().map(|record| record.generator_id)).await?;
    let mut by_month: BTreeMap<(OrgId, String), Vec<usize>> = BTreeMap::new();
    for (number, (record, outcome)) in records.iter().zip(&mut outcomes).enumerate() {
        if revoked.contains(&record.generator_id) {
            *outcome = Outcome::GeneratorRevoked;
        } else {
            let month = record.created_at.format("%Y-%m").to_string();
            by_month
                .entry((record.org_id, month))
                .or_default()
                .push(number);
        }
    }
    // Ordered by organisation, so that two batches lock the counters in the same order.
    for ((org_id, month), numbers) in by_month {
        let batch: Vec<&Accepted> = numbers.iter().filter_map(|&n| records.get(n)).collect();
        let used = store::lock_usage(tx, org_id, &month).await?;
        let inserted: HashSet<RecordId> = store::insert(tx, &batch).await?;
        let mut count = 0;
        let mut beyond = Vec::new();
        for (&number, record) in numbers.iter().zip(&batch) {
            let outcome = match record.signature_limit {
                _ if !inserted.contains(&record.id) => Outcome::WatermarkTaken,
                Some(limit) if used + count >= limit => {
                    beyond.push(record.id);
                    Outcome::LimitReached {
                        limit,
                        current: used + count,
                    }
                }
                _ => {
                    count += 1;
                    Outcome::Stored
                }
            };
            if let Some(slot) = outcomes.get_mut(number) {
                *slot = outcome;
            }
        }
        store::remove(tx, &beyond).await?;
        store::add_usage(tx, org_id, &month, count).await?;
    }
    let statements: Vec<Statement> = records
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == Outcome::Stored)
        .map(|(record, _)| record.statement.clone())
        .collect();
    log::publish(tx, &statements).await?;
    Ok(outcomes)
}
