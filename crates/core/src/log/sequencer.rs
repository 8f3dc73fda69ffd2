//! The one writer of the log.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use colophon_db::{Clock, Db, Tx};
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::entry::{Entry, GENESIS, entry_hash, leaf_hash};
use colophon_transparency::merkle::{Frontier, Tiles};
use colophon_transparency::note::NoteSigner;

use super::Wake;
use super::store::{self, Head, NewEntry};
use crate::{Error, Result};

const LEASE: &str = "log-sequencer";
/// How long a sequencer that wrote last keeps the others from writing next. Short, because a
/// dead one must not hold the log up; safe however short, because every batch locks the lease's
/// row and every entry's number is a primary key.
const LEASE_FOR: Duration = Duration::from_millis(1_500);
/// How long a statement of another process may wait to be noticed.
const POLL: Duration = Duration::from_millis(200);
/// How long statements gather after a batch before the next one takes them. A statement that
/// comes when all is quiet does not wait; under load, the sequencer would otherwise commit as
/// often as everybody else together, on SQLite through the same single writer.
const GATHER: Duration = Duration::from_millis(50);
/// Statements sequenced by one transaction.
const BATCH: i64 = 2_000;

/// Where the log ends: what the next entry is chained to. Lost and reloaded without harm.
#[derive(Clone)]
struct Tail {
    frontier: Frontier,
    entry_hash: [u8; 32],
}

/// Moves waiting statements into the log. Any number may run, on any number of machines: a
/// lease in the database lets one of them write, and every batch renews it inside its own
/// transaction, so that one that lost it cannot commit.
pub struct Sequencer {
    db: Db,
    clock: Clock,
    signer: Arc<NoteSigner>,
    wake: Wake,
    holder: String,
    tail: Option<Tail>,
}

impl std::fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sequencer")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

impl Sequencer {
    /// A sequencer that signs checkpoints as `signer`; `holder` names this process.
    #[must_use]
    pub fn new(db: Db, clock: Clock, signer: Arc<NoteSigner>, wake: Wake, holder: String) -> Self {
        Self {
            db,
            clock,
            signer,
            wake,
            holder,
            tail: None,
        }
    }

    /// Sequences until `stop` resolves, then gives the lease back.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let (gather, pause) = match self.sequence().await {
                Ok(Some(length)) if length == BATCH as usize => (Duration::ZERO, Duration::ZERO),
                Ok(Some(1..)) => (GATHER, POLL),
                Ok(_) => (Duration::ZERO, POLL),
                Err(error) => {
                    tracing::error!(%error, cause = ?error.cause(), "sequencing failed; trying again");
                    self.tail = None;
                    (Duration::from_secs(1), POLL)
                }
            };
            tokio::select! {
                () = &mut stop => break,
                () = self.rest(gather, pause) => {}
            }
        }
        let holder = self.holder.clone();
        let given = self
            .db
            .write(|tx, _| Box::pin(store::give_lease_back(tx, LEASE, &holder)))
            .await;
        if let Err(error) = given {
            tracing::warn!(%error, "the sequencer's lease was not given back; it expires by itself");
        }
    }

    /// Rests for `gather`, then until somebody wakes us, but no longer than `pause`.
    async fn rest(&self, gather: Duration, pause: Duration) {
        tokio::time::sleep(gather).await;
        tokio::select! {
            () = self.wake.wait(), if !pause.is_zero() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Sequences one batch: how many statements, or `None` while another process holds the
    /// lease.
    ///
    /// # Errors
    /// When the database does not answer or does not fit what this sequencer wrote.
    pub async fn sequence(&mut self) -> Result<Option<usize>> {
        if !store::any_waiting(&self.db).await? && store::head(&self.db).await?.is_some() {
            return Ok(Some(0));
        }
        loop {
            let tail = match self.tail.take() {
                Some(tail) => tail,
                None => self.load().await?,
            };
            let now = self.clock.now();
            let outcome = self
                .db
                .write(|tx, _| Box::pin(batch(tx, &tail, &self.signer, &self.holder, now)))
                .await?;
            match outcome {
                Outcome::NotOurs => return Ok(None),
                // The lease is ours now, so that what is loaded next stays true.
                Outcome::Stale => {}
                Outcome::Sequenced { next, length } => {
                    metrics::gauge!("colophon_log_size").set(next.frontier.size() as f64);
                    self.tail = Some(*next);
                    return Ok(Some(length));
                }
            }
        }
    }

    async fn load(&self) -> Result<Tail> {
        let Some(head) = store::head(&self.db).await? else {
            return Ok(Tail {
                frontier: Frontier::new(),
                entry_hash: GENESIS,
            });
        };
        let mut tiles = Tiles::new();
        for (id, bytes) in store::tiles(&self.db, &Frontier::tiles_for(head.tree_size)).await? {
            tiles.insert(id, &bytes).map_err(Error::internal)?;
        }
        let frontier = Frontier::load(head.tree_size, &tiles).map_err(Error::internal)?;
        if frontier.root() != head.root_hash {
            return Err(Error::internal(
                "the stored tiles do not give the signed root; run `colophon log audit`",
            ));
        }
        Ok(Tail {
            frontier,
            entry_hash: head.entry_hash,
        })
    }
}

/// What became of one batch.
enum Outcome {
    /// Another process holds the lease.
    NotOurs,
    /// Another process wrote since the tail was loaded.
    Stale,
    /// Committed.
    Sequenced { next: Box<Tail>, length: usize },
}

/// One batch in one transaction.
async fn batch(
    tx: &mut Tx,
    tail: &Tail,
    signer: &NoteSigner,
    holder: &str,
    now: DateTime<Utc>,
) -> Result<Outcome> {
    if !store::take_lease(tx, LEASE, holder, now, now + LEASE_FOR).await? {
        return Ok(Outcome::NotOurs);
    }
    let size = store::head_of(tx).await?.map(|head| head.tree_size);
    if size.unwrap_or(0) != tail.frontier.size() {
        return Ok(Outcome::Stale);
    }
    let waiting = store::waiting(tx, BATCH).await?;
    if waiting.is_empty() && size.is_some() {
        return Ok(Outcome::Sequenced {
            next: Box::new(tail.clone()),
            length: 0,
        });
    }
    let mut next = tail.clone();
    let ts = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut entries = Vec::with_capacity(waiting.len());
    let mut leaves = Vec::with_capacity(waiting.len());
    for statement in &waiting {
        let seq_no = next.frontier.size() + leaves.len() as u64 + 1;
        let entry = Entry {
            cert_id: statement.cert_id.clone(),
            kind: statement.kind.clone(),
            manifest_hash: statement.manifest_hash()?,
            prev_hash: next.entry_hash,
            seq_no,
            ts: ts.clone(),
        };
        let text = entry.to_text().map_err(Error::internal)?;
        let hash = entry_hash(text.as_bytes());
        leaves.push(leaf_hash(text.as_bytes()));
        next.entry_hash = hash;
        entries.push(NewEntry {
            seq_no,
            cert_id: statement.cert_id.clone(),
            text,
            hash,
        });
    }
    let tiles = next.frontier.append(&leaves);
    let checkpoint = Checkpoint {
        origin: signer.verifier_key().name().to_owned(),
        size: next.frontier.size(),
        root: next.frontier.root(),
        extensions: Vec::new(),
    };
    let head = Head {
        tree_size: checkpoint.size,
        root_hash: checkpoint.root,
        entry_hash: next.entry_hash,
        note: checkpoint
            .sign(signer)
            .map_err(Error::internal)?
            .to_string(),
        created_at: now,
    };
    store::append(tx, &entries, &tiles, &head).await?;
    if store::dequeue(tx, &waiting).await? != waiting.len() as u64 {
        return Err(Error::internal(
            "a waiting statement was removed by another sequencer",
        ));
    }
    Ok(Outcome::Sequenced {
        next: Box::new(next),
        length: waiting.len(),
    })
}
