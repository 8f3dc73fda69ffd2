//! Telling a waiting worker that there is work. Only ever a hint: workers poll as well.

use std::sync::Arc;
use std::time::Duration;

use colophon_db::Db;
use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::Notify;

use super::store::CHANNEL;

const RECONNECT_PAUSE: Duration = Duration::from_secs(5);

/// Wakes this process's worker; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// A handle to share with the worker, by [`super::Worker::wake`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that a job was enqueued; to be called after the commit.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.0.notified().await;
    }
}

/// Wakes on every notification from other machines. Never returns.
pub(super) async fn listen(db: &Db, wake: &Wake) {
    let Db::Postgres(pool) = db else {
        return std::future::pending().await;
    };
    loop {
        if let Err(error) = forward(pool, wake).await {
            tracing::debug!(%error, "not listening for jobs; polling goes on");
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn forward(pool: &PgPool, wake: &Wake) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        listener.recv().await?;
        wake.wake();
    }
}
