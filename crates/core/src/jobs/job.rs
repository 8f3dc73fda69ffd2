//! What a job is, and how one enters the queue.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use colophon_db::{IdGenerator, Tx};
use serde_json::Value as Json;
use uuid::Uuid;

use super::store;
use crate::{Error, Result};

/// Attempts before a job that keeps failing is given up.
const DEFAULT_MAX_ATTEMPTS: u32 = 8;

/// A job to enqueue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Which handler runs it, such as `webhook.deliver`.
    pub kind: &'static str,
    /// What the handler gets.
    pub payload: Json,
    /// Higher runs first; 0 unless told.
    pub priority: i64,
    /// Not before this time.
    pub run_at: DateTime<Utc>,
    /// How many times it is tried; at least once.
    pub max_attempts: u32,
    /// While an unfinished job has this key, enqueueing another one with it does nothing.
    pub unique_key: Option<String>,
    /// When it is enqueued.
    pub created_at: DateTime<Utc>,
}

impl NewJob {
    /// A job that may run at once, at the common priority, up to eight times.
    #[must_use]
    pub fn new(kind: &'static str, payload: Json, now: DateTime<Utc>) -> Self {
        Self {
            kind,
            payload,
            priority: 0,
            run_at: now,
            max_attempts: DEFAULT_MAX_ATTEMPTS,
            unique_key: None,
            created_at: now,
        }
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for its time and a free worker.
    Queued,
    /// Leased by a worker.
    Running,
    /// Its handler succeeded.
    Done,
    /// Failed at every attempt, or for good.
    Dead,
    /// Stopped by an operator.
    Cancelled,
}

impl State {
    /// Every state, in the order to show them.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Done,
        Self::Dead,
        Self::Cancelled,
    ];

    /// Its name in the database and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| {
                Error::invalid("state", "must be queued, running, done, dead or cancelled")
            })
    }
}

/// A job as an operator or a progress page sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id, which sorts by the time it was enqueued.
    pub id: Uuid,
    /// Which handler runs it.
    pub kind: String,
    /// What the handler gets.
    pub payload: Json,
    /// Higher runs first.
    pub priority: i64,
    /// Where it stands.
    pub state: State,
    /// Not before this time; moves when a failed attempt is to be repeated.
    pub run_at: DateTime<Utc>,
    /// Attempts begun.
    pub attempts: i64,
    /// Attempts allowed.
    pub max_attempts: i64,
    /// The worker that has or had the lease.
    pub lease_holder: Option<String>,
    /// Percent, 0 to 100, when the handler tells.
    pub progress: Option<u8>,
    /// The step it is at; may be empty.
    pub progress_note: String,
    /// How the last failed attempt failed.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// When the latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it became done, dead or cancelled.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Enqueues a job in the caller's transaction and returns its id, or the id of the unfinished
/// job that has the same unique key.
///
/// Workers notice it within a second; call [`super::Wake::wake`] after the commit, and a worker
/// of this process notices at once. On PostgreSQL the commit itself wakes every machine's.
///
/// # Errors
/// As the database fails.
pub async fn enqueue(tx: &mut Tx, job: NewJob) -> Result<Uuid> {
    let due = job.run_at <= job.created_at;
    let id = store::insert(tx, IdGenerator.next(), job).await?;
    if due {
        store::notify(tx).await?;
    }
    Ok(id)
}
