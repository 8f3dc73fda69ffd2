//! What a running job knows and may do.

use colophon_db::{Clock, Db, Tx};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{self, Lease};
use crate::{Error, Kind, Result};

/// How far a job has come, as it tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub percent: Option<u8>,
    pub note: String,
}

/// Handed to a handler together with the payload.
#[derive(Debug)]
pub struct JobContext {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) lease: Lease,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) cancellation: CancellationToken,
}

impl JobContext {
    /// The job's id: the same at every attempt, so a key for effects outside the database.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.lease.job
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> i64 {
        self.lease.attempt
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Tells how far the job is, in percent up to 100, and at which step. Cheap: it is written
    /// at most once a second.
    pub fn progress(&self, percent: u8, note: impl Into<String>) {
        let progress = Progress {
            percent: Some(percent.min(100)),
            note: note.into(),
        };
        self.progress.send_replace(progress);
    }

    /// Cancelled when the lease is lost, an operator cancels the job or the worker must stop.
    /// The handler's future is dropped then; work on other threads has to watch this itself.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Marks the job done in the handler's own transaction, so that its effect and the end of
    /// the job commit together: killed before the commit it runs again, after it never. To be
    /// called last: the job's row is locked from here on.
    ///
    /// # Errors
    /// [`Kind::Conflict`] with code `lease_lost` when the job is no longer ours; the caller
    /// returns it, which rolls the transaction back.
    pub async fn complete(&self, tx: &mut Tx) -> Result<()> {
        if store::complete(tx, &self.lease, self.clock.now()).await? {
            return Ok(());
        }
        Err(Error::new(
            Kind::Conflict,
            "lease_lost",
            "The job's lease has run out and another worker may have taken it.",
        ))
    }
}
