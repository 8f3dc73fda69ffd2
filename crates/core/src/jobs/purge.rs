//! Forgetting jobs that finished long ago. Dead letters stay until an operator decides.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::{JobContext, JobError, NewJob, Schedule, store};

pub(super) const KIND: &str = "jobs.purge";

const KEPT: TimeDelta = TimeDelta::days(7);

pub(super) const SCHEDULE: Schedule = Schedule {
    name: KIND,
    every: Duration::from_secs(60 * 60),
    job: |now| NewJob::new(KIND, json!({}), now),
};

pub(super) async fn purge(context: JobContext, _payload: Json) -> Result<(), JobError> {
    let before = context.clock().now() - KEPT;
    let mut purged = 0;
    loop {
        let ids = store::finished_before(context.db(), before).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let ids = &ids;
        purged += context
            .db()
            .write(|tx, _| Box::pin(store::delete_finished(tx, ids, before)))
            .await?;
        tracing::info!(purged, "purged finished jobs");
    }
}
