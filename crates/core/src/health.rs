//! Whether this instance can do its work.

use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::{Clock, Db, args};

use crate::{Core, Result};

/// The lease that says a job worker is alive somewhere.
const WORKER: &str = "job-worker";
/// How long a worker is believed alive after it last said so.
const ALIVE_FOR: Duration = Duration::from_secs(15);

/// How long one check may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// What is needed, and whether it is there.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// The database answers.
    pub database: bool,
    /// Files can be written.
    pub blobs: bool,
    /// A job worker said it was alive in the last 15 seconds, in this process or another.
    pub worker: bool,
    /// Every purpose has an active key.
    pub keys: bool,
    /// No statement has waited for the log longer than 15 seconds.
    pub log: bool,
}

impl Health {
    /// Whether requests can be served.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.database && self.blobs && self.worker && self.keys && self.log
    }
}

/// Looks at everything now.
pub async fn check(core: &Core) -> Health {
    let (worker, waiting, blobs) = tokio::join!(
        soon(worker_alive(&core.db, &core.clock)),
        soon(crate::log::waiting_since(&core.db)),
        soon(core.blobs.ready()),
    );
    let now = core.clock.now();
    let overdue = |since: DateTime<Utc>| since + ALIVE_FOR < now;
    Health {
        log: waiting.is_some_and(|since| !since.is_some_and(overdue)),
        database: worker.is_some(),
        blobs: blobs.is_some(),
        worker: worker.unwrap_or(false),
        keys: core
            .keyring
            .published()
            .iter()
            .filter(|key| key.retired_at.is_none())
            .count()
            >= 3,
    }
}

/// What does not answer soon is not there for whoever asks.
async fn soon<T>(check: impl Future<Output = Result<T>>) -> Option<T> {
    tokio::time::timeout(ANSWERS_WITHIN, check).await.ok()?.ok()
}

async fn worker_alive(db: &Db, clock: &Clock) -> Result<bool> {
    let row: Option<(String,)> = db
        .opt(
            "SELECT holder FROM lease WHERE name = $1 AND expires_at > $2",
            args![WORKER, clock.now()],
        )
        .await?;
    Ok(row.is_some())
}

/// Says that the worker `holder` is alive; called every five seconds.
///
/// # Errors
/// When the database does not answer.
pub async fn worker_is_alive(core: &Core, holder: &str) -> Result<()> {
    let until = core.clock.now() + ALIVE_FOR;
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                tx.exec(
                    "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at",
                    args![WORKER, holder, until],
                )
                .await?;
                Ok(())
            })
        })
        .await
}
