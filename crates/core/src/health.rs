//! Whether this instance can do its work.

use std::time::Duration;

use colophon_db::{Clock, Db, args};

use crate::{Core, Result};

/// The lease that says a job worker is alive somewhere.
const WORKER: &str = "job-worker";
/// How long a worker is believed alive after it last said so.
const ALIVE_FOR: Duration = Duration::from_secs(15);

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
}

impl Health {
    /// Whether requests can be served.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.database && self.blobs && self.worker && self.keys
    }
}

/// Looks at everything now.
pub async fn check(core: &Core) -> Health {
    let worker = worker_alive(&core.db, &core.clock).await;
    Health {
        database: worker.is_ok(),
        blobs: core.blobs.ready().await.is_ok(),
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
