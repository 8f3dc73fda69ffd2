//! The loop that claims jobs and runs them.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use colophon_db::{Clock, Db};
use futures::FutureExt as _;
use metrics::{counter, gauge, histogram};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::backoff::{self, Jitter};
use super::context::Progress;
use super::registry::Handler;
use super::store::{self, Claim, Claimed, Lease};
use super::{JobContext, JobError, Registry, Schedule, Wake, purge, wake};
use crate::{Result, entropy};

/// Between two writes of one job's progress.
const PROGRESS_PAUSE: Duration = Duration::from_secs(1);
/// Between two measurements of the queue's length.
const GAUGE_PAUSE: Duration = Duration::from_secs(10);
/// How long a cancelled handler may take to be dropped before its job is handed back anyway.
const DROP_PAUSE: Duration = Duration::from_secs(2);

/// Claims jobs and runs them, some at a time, until it is told to stop.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    clock: Clock,
    holder: String,
    registry: Registry,
    schedules: Vec<Schedule>,
    wake: Wake,
    concurrency: usize,
    lease: Duration,
    poll: Duration,
    grace: Duration,
    jitter: Jitter,
}

impl Worker {
    /// A worker with as many slots as the machine has cores, leases of 30 s, a poll each second
    /// and 20 s of grace at shutdown. `holder` names it to operators, such as the host name.
    #[must_use]
    pub fn new(db: Db, clock: Clock, holder: &str, registry: Registry) -> Self {
        Self {
            db,
            clock,
            // Two workers must never share a name: the name is what a lease is checked by.
            holder: format!("{holder}/{}", hex::encode(entropy::bytes::<4>())),
            registry: registry.on(purge::KIND, purge::purge),
            schedules: vec![purge::SCHEDULE],
            wake: Wake::new(),
            concurrency: std::thread::available_parallelism().map_or(1, Into::into),
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(20),
            jitter: backoff::full_jitter(),
        }
    }

    /// Adds a schedule.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.push(schedule);
        self
    }

    /// Shares the handle that wakes this worker.
    #[must_use]
    pub fn wake(mut self, wake: Wake) -> Self {
        self.wake = wake;
        self
    }

    /// How many jobs run at once; at least one.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs.max(1);
        self
    }

    /// How long a lease lasts without a heartbeat; heartbeats come three times as often.
    #[must_use]
    pub fn lease(mut self, length: Duration) -> Self {
        self.lease = length;
        self
    }

    /// How often to look for work that nobody woke us for.
    #[must_use]
    pub fn poll(mut self, pause: Duration) -> Self {
        self.poll = pause;
        self
    }

    /// How long running jobs may go on after a stop.
    #[must_use]
    pub fn grace(mut self, period: Duration) -> Self {
        self.grace = period;
        self
    }

    /// How the pause before a retry is chosen below its ceiling.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Works until `stop` is cancelled, then waits for the grace period and hands back what has
    /// not finished: another worker runs it, and the attempt does not count.
    pub async fn run(self, stop: CancellationToken) {
        describe_metrics();
        let halt = CancellationToken::new();
        let mut running = JoinSet::new();
        tokio::select! {
            () = self.claim_until(&stop, &mut running, &halt) => {}
            () = self.schedule_forever() => {}
            () = self.measure_forever() => {}
            () = wake::listen(&self.db, &self.wake) => {}
        }
        self.stop(running, halt).await;
    }

    async fn claim_until(
        &self,
        stop: &CancellationToken,
        running: &mut JoinSet<()>,
        halt: &CancellationToken,
    ) {
        let kinds = self.registry.kinds();
        // A claim under way is never dropped: its commit could land after we hand back.
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let free = self.concurrency.saturating_sub(running.len());
            if free > 0 {
                match self.claim(&kinds, free).await {
                    Ok(jobs) => {
                        for (job, handler) in jobs {
                            running.spawn(self.clone().attempt(job, handler, halt.child_token()));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, cause = error.cause(), "cannot claim jobs")
                    }
                }
            }
            let full = running.len() >= self.concurrency;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = running.join_next() => {}
                () = self.wake.woken(), if !full => {}
                () = sleep(self.poll), if !full => {}
            }
        }
    }

    async fn claim(
        &self,
        kinds: &serde_json::Value,
        free: usize,
    ) -> Result<Vec<(Claimed, Handler)>> {
        let now = self.clock.now();
        if !store::is_work(&self.db, kinds, now).await? {
            return Ok(Vec::new());
        }
        let claim = Claim {
            holder: &self.holder,
            kinds,
            limit: i64::try_from(free).unwrap_or(i64::MAX),
            now,
            expires_at: self.lease_end(now),
        };
        let (dead, claimed) = self
            .db
            .write(|tx, _| {
                Box::pin(async move {
                    let dead = store::reclaim(tx, now).await?;
                    Ok::<_, colophon_db::Error>((dead, store::claim(tx, claim).await?))
                })
            })
            .await?;
        for kind in dead {
            tracing::error!(kind, "a job is dead: its worker stopped at every attempt");
            count(&kind, "dead");
        }
        let handler = |job: Claimed| Some((self.registry.handler(&job.kind)?, job));
        Ok(claimed
            .into_iter()
            .filter_map(handler)
            .map(|(handler, job)| (job, handler))
            .collect())
    }

    /// One attempt, from the claim to its outcome in the database.
    async fn attempt(self, job: Claimed, handler: Handler, cancellation: CancellationToken) {
        let started = Instant::now();
        let lease = Lease {
            job: job.id,
            holder: self.holder.clone(),
            attempt: job.attempts,
        };
        let span =
            tracing::info_span!("job", kind = %job.kind, id = %job.id, attempt = job.attempts);
        let (progress, told) = watch::channel(Progress::default());
        let context = JobContext {
            db: self.db.clone(),
            clock: self.clock.clone(),
            lease: lease.clone(),
            progress,
            cancellation: cancellation.clone(),
        };
        let work = async {
            // A task of its own: a handler that computes must not starve its heartbeat.
            let mut heart = JoinSet::new();
            heart.spawn(
                self.clone()
                    .keep_alive(lease.clone(), told, cancellation.clone())
                    .in_current_span(),
            );
            // Its first poll must not wait behind the handler's, on the same thread.
            tokio::task::yield_now().await;
            let result = tokio::select! {
                biased;
                result = AssertUnwindSafe(handler(context, job.payload)).catch_unwind() => {
                    result.unwrap_or_else(|panic| Err(JobError::Retry(panic_message(&*panic))))
                }
                () = cancellation.cancelled() => {
                    tracing::warn!("the attempt was stopped: its lease is lost, or the worker must end");
                    return "interrupted";
                }
            };
            heart.shutdown().await;
            match self.settle(&lease, result, job.max_attempts).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::error!(error = %error, cause = error.cause(), "cannot write a job's outcome; it will run again");
                    "interrupted"
                }
            }
        };
        let outcome = work.instrument(span).await;
        count(&job.kind, outcome);
        histogram!("colophon_job_seconds", "kind" => job.kind).record(started.elapsed());
    }

    /// Writes the outcome, unless the job is done already or no longer ours.
    async fn settle(
        &self,
        lease: &Lease,
        result: Result<(), JobError>,
        max_attempts: i64,
    ) -> Result<&'static str> {
        let now = self.clock.now();
        let result = match result {
            Err(JobError::Retry(message)) if lease.attempt >= max_attempts => {
                Err(JobError::Dead(message))
            }
            result => result,
        };
        let pause = (self.jitter)(backoff::ceiling(lease.attempt));
        let run_at = now + TimeDelta::from_std(pause).unwrap_or_default();
        let (result, outcome) = (&result, name_outcome(&result));
        let written = self
            .db
            .write(|tx, _| {
                Box::pin(async move {
                    match result {
                        Ok(()) => store::complete(tx, lease, now).await,
                        Err(JobError::Retry(message)) => {
                            store::retry(tx, lease, run_at, message).await
                        }
                        Err(JobError::Dead(message)) => store::bury(tx, lease, now, message).await,
                    }
                })
            })
            .await?;
        if !written {
            let completed = store::is_completed(&self.db, lease).await?;
            return Ok(if completed { "done" } else { "interrupted" });
        }
        match result {
            Ok(()) => {}
            Err(JobError::Retry(message)) => tracing::warn!(message, %run_at, "a job failed"),
            Err(JobError::Dead(message)) => tracing::error!(message, "a job is dead"),
        }
        Ok(outcome)
    }

    /// Renews the lease until it is lost, and then cancels the attempt.
    async fn keep_alive(
        self,
        lease: Lease,
        mut told: watch::Receiver<Progress>,
        cancellation: CancellationToken,
    ) {
        let beat = self.lease / 3;
        let pause = PROGRESS_PAUSE.min(beat);
        let mut valid_until = Instant::now() + self.lease;
        loop {
            sleep(pause).await;
            tokio::select! {
                () = sleep(beat - pause) => {}
                Ok(()) = told.changed() => {}
            }
            let asked_at = Instant::now();
            let progress = told.borrow_and_update().clone();
            match timeout_at(valid_until, self.renew(&lease, &progress)).await {
                Ok(Ok(true)) => valid_until = asked_at + self.lease,
                Ok(Ok(false)) => {
                    // The handler may just have completed the job in its own transaction.
                    if !store::is_completed(&self.db, &lease).await.unwrap_or(false) {
                        cancellation.cancel();
                    }
                    return;
                }
                Ok(Err(error)) => tracing::warn!(%error, "cannot renew a lease"),
                Err(_) => {
                    cancellation.cancel();
                    return;
                }
            }
        }
    }

    async fn renew(&self, lease: &Lease, progress: &Progress) -> Result<bool, colophon_db::Error> {
        let expires_at = self.lease_end(self.clock.now());
        self.db
            .write(|tx, _| Box::pin(store::renew(tx, lease, expires_at, progress)))
            .await
    }

    fn lease_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::from_std(self.lease).unwrap_or_default()
    }

    async fn schedule_forever(&self) {
        loop {
            for schedule in &self.schedules {
                match schedule.run(&self.db, &self.clock).await {
                    Ok(true) => self.wake.wake(),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(schedule = schedule.name, error = %error, cause = error.cause(), "cannot run a schedule");
                    }
                }
            }
            sleep(self.poll).await;
        }
    }

    async fn measure_forever(&self) {
        loop {
            match store::count_ready(&self.db, self.clock.now()).await {
                #[allow(clippy::cast_precision_loss, reason = "a queue is shorter than 2^52")]
                Ok(ready) => gauge!("colophon_jobs_ready").set(ready as f64),
                Err(error) => tracing::debug!(%error, "cannot measure the queue"),
            }
            sleep(GAUGE_PAUSE).await;
        }
    }

    async fn stop(&self, mut running: JoinSet<()>, halt: CancellationToken) {
        let finish = async { while running.join_next().await.is_some() {} };
        if timeout(self.grace, finish).await.is_err() {
            halt.cancel();
            let drop = async { while running.join_next().await.is_some() {} };
            if timeout(DROP_PAUSE, drop).await.is_err() {
                running.abort_all();
            }
        }
        let handed_back = self
            .db
            .write(|tx, _| Box::pin(store::hand_back(tx, &self.holder)))
            .await;
        match handed_back {
            Ok(0) => {}
            Ok(jobs) => tracing::info!(jobs, "handed unfinished jobs back"),
            Err(error) => {
                tracing::warn!(%error, "cannot hand jobs back; others take them when the leases run out");
            }
        }
    }
}

fn name_outcome(result: &Result<(), JobError>) -> &'static str {
    match result {
        Ok(()) => "done",
        Err(JobError::Retry(_)) => "retry",
        Err(JobError::Dead(_)) => "dead",
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!(
        "the handler panicked: {}",
        text.unwrap_or("without a message")
    )
}

fn count(kind: &str, outcome: &'static str) {
    counter!("colophon_jobs_finished_total", "kind" => kind.to_owned(), "outcome" => outcome)
        .increment(1);
}

fn describe_metrics() {
    metrics::describe_counter!(
        "colophon_jobs_finished_total",
        "Attempts at jobs by kind and outcome: done, retry, dead, interrupted"
    );
    metrics::describe_histogram!(
        "colophon_job_seconds",
        metrics::Unit::Seconds,
        "Time an attempt at a job took"
    );
    metrics::describe_gauge!(
        "colophon_jobs_ready",
        "Jobs that are due and wait for a worker"
    );
}
