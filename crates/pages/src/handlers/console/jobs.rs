//! Background work: looking at it, requeueing, cancelling.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::jobs::{self, Job, State as JobState};
use colophon_core::{Core, JobId};
use colophon_http::{Path, Result};

use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::handlers::{frame, utc};
use crate::views::{DeadJob, JobCount, JobsPage, RunningJob, WaitingJob};

const PAGE: &str = "/console/jobs";
/// Jobs of each state on the page.
const SHOWN: u32 = 50;

/// `GET /console/jobs`
pub(super) async fn show(State(core): State<Arc<Core>>, operator: Operator) -> Result<Response> {
    let counts = jobs::counts(&core.db).await?;
    let counts = counts.map(|(state, count)| JobCount {
        name: word(state).to_owned(),
        count,
    });
    let running = newest(&core, JobState::Running).await?;
    let waiting = newest(&core, JobState::Queued).await?;
    let dead = newest(&core, JobState::Dead).await?;
    let page = JobsPage {
        frame: frame(),
        session: operator.view(),
        counts: counts.into(),
        running: running.into_iter().map(running_job).collect(),
        waiting: waiting.into_iter().map(waiting_job).collect(),
        dead: dead.into_iter().map(dead_job).collect(),
    };
    Ok(operator.page(StatusCode::OK, &page))
}

async fn newest(core: &Core, state: JobState) -> Result<Vec<Job>> {
    Ok(jobs::list(&core.db, state, None, SHOWN).await?.jobs)
}

/// `POST /console/jobs/{job}/requeue`
pub(super) async fn requeue(
    State(core): State<Arc<Core>>,
    Path(job): Path<String>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    let JobId(id) = job.parse()?;
    let now = core.clock.now();
    core.db
        .write(|tx, _| Box::pin(jobs::requeue(tx, operator.by(), id, now)))
        .await?;
    Ok(operator.go(PAGE, Flash::JobRequeued))
}

/// `POST /console/jobs/{job}/cancel`
pub(super) async fn cancel(
    State(core): State<Arc<Core>>,
    Path(job): Path<String>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    let JobId(id) = job.parse()?;
    let now = core.clock.now();
    core.db
        .write(|tx, _| Box::pin(jobs::cancel(tx, operator.by(), id, now)))
        .await?;
    Ok(operator.go(PAGE, Flash::JobCancelled))
}

fn word(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "Waiting",
        JobState::Running => "Running",
        JobState::Done => "Done in the last 7 days",
        JobState::Dead => "Given up on",
        JobState::Cancelled => "Cancelled",
    }
}

fn running_job(job: Job) -> RunningJob {
    RunningJob {
        id: JobId(job.id).to_string(),
        kind: job.kind,
        percent: job.progress,
        step: job.progress_note,
        worker: job.lease_holder.unwrap_or_default(),
        started_at: utc(job.started_at.unwrap_or(job.created_at)),
    }
}

fn waiting_job(job: Job) -> WaitingJob {
    WaitingJob {
        id: JobId(job.id).to_string(),
        kind: job.kind,
        attempts: job.attempts,
        last_error: job.last_error,
        run_at: utc(job.run_at),
    }
}

fn dead_job(job: Job) -> DeadJob {
    DeadJob {
        id: JobId(job.id).to_string(),
        kind: job.kind,
        attempts: job.attempts,
        error: job.last_error.unwrap_or_default(),
        died_at: utc(job.finished_at.unwrap_or(job.created_at)),
    }
}
