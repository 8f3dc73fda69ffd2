//! What the job queue promises, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use colophon_core::audit::By;
use colophon_core::jobs::{
    self, Job, JobContext, JobError, NewJob, Registry, Schedule, State, Wake, Worker,
};
use colophon_core::{Error, Kind};
use colophon_db::{Clock, Db, args};
use colophon_testkit::Postgres;
use serde_json::{Value as Json, json};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Runs each of these tests on SQLite and, where it is installed, on PostgreSQL.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("test.db").display());
                super::$name(super::fresh(&url).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(cluster) = super::Postgres::shared() {
                    super::$name(super::fresh(&cluster.database()).await).await;
                }
            })*
        }
    };
}

on_both_engines!(
    eight_workers_run_200_jobs_and_none_twice,
    a_job_exists_exactly_when_its_transaction_commits,
    a_job_killed_at_any_point_has_its_effect_once,
    a_lost_lease_cannot_complete,
    a_job_whose_workers_keep_dying_is_dead,
    failures_back_off_until_the_job_is_dead,
    a_hopeless_job_is_dead_at_once_and_can_be_requeued,
    a_panic_is_a_failed_attempt,
    higher_priorities_run_first,
    a_unique_key_holds_until_the_job_is_finished,
    a_shutdown_waits_then_hands_back,
    a_heartbeat_keeps_a_long_job,
    a_cancelled_job_stops,
    kinds_without_a_handler_wait,
    a_schedule_enqueues_once_however_many_machines,
    lists_page_and_purges_forget,
    a_waiting_worker_wakes_at_once,
);

async fn fresh(url: &str) -> Db {
    let db = Db::open(url).await.unwrap();
    db.migrate(Clock::system().now()).await.unwrap();
    db
}

fn worker(db: &Db, clock: &Clock, registry: Registry) -> Worker {
    Worker::new(db.clone(), clock.clone(), "test", registry)
        .poll(Duration::from_millis(20))
        .jitter(Arc::new(|ceiling| ceiling))
}

/// A worker at work in the background.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(worker: Worker) -> Self {
        let stop = CancellationToken::new();
        Self {
            task: tokio::spawn(worker.run(stop.clone())),
            stop,
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// As when the process is killed: nothing of it runs on, nothing is handed back.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

async fn enqueue(db: &Db, job: NewJob) -> Uuid {
    let job = &job;
    db.write(|tx, _| Box::pin(jobs::enqueue(tx, job.clone())))
        .await
        .unwrap()
}

fn job(kind: &'static str, clock: &Clock) -> NewJob {
    NewJob::new(kind, json!({}), clock.now())
}

async fn until(db: &Db, id: Uuid, wanted: impl Fn(&Job) -> bool) -> Job {
    for _ in 0..1500 {
        let job = jobs::find(db, id).await.unwrap();
        if wanted(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still {:?}", jobs::find(db, id).await.unwrap());
}

async fn until_state(db: &Db, id: Uuid, state: State) -> Job {
    until(db, id, |job| job.state == state).await
}

/// An effect that shows how often it happened, committed together with the job's end.
async fn effect(context: &JobContext) -> Result<(), Error> {
    effect_and(context, std::future::ready).await
}

async fn effect_and<F, R>(context: &JobContext, before_commit: F) -> Result<(), Error>
where
    F: Fn(()) -> R + Send + Sync,
    R: Future<Output = ()> + Send,
{
    let before_commit = &before_commit;
    context
        .db()
        .write(|tx, _| {
            Box::pin(async move {
                tx.exec(
                    "INSERT INTO setting (name, value) VALUES ('effect', '1')
                     ON CONFLICT (name) DO UPDATE SET value = setting.value || '1'",
                    [],
                )
                .await?;
                context.complete(tx).await?;
                before_commit(()).await;
                Ok(())
            })
        })
        .await
}

async fn effects(db: &Db) -> usize {
    let row: Option<(String,)> = db
        .opt("SELECT value FROM setting WHERE name = 'effect'", [])
        .await
        .unwrap();
    row.map_or(0, |(value,)| value.len())
}

async fn eight_workers_run_200_jobs_and_none_twice(db: Db) {
    let clock = Clock::system();
    for number in 0..200 {
        enqueue(
            &db,
            NewJob::new("count", json!({ "number": number }), clock.now()),
        )
        .await;
    }
    let runs = Arc::new(Mutex::new(HashMap::<Uuid, u32>::new()));
    let (done, mut finished) = mpsc::unbounded_channel();
    let registry = Registry::new().on("count", {
        let runs = runs.clone();
        move |context: JobContext, _| {
            *runs.lock().unwrap().entry(context.id()).or_default() += 1;
            let done = done.clone();
            async move {
                done.send(())
                    .map_err(|error| JobError::Dead(error.to_string()))
            }
        }
    });
    let workers: Vec<Running> = (0..8)
        .map(|_| Running::start(worker(&db, &clock, registry.clone())))
        .collect();
    for _ in 0..200 {
        finished.recv().await.unwrap();
    }
    for worker in workers {
        worker.stop().await;
    }
    let runs = runs.lock().unwrap();
    assert_eq!(runs.len(), 200);
    assert!(runs.values().all(|count| *count == 1));
}

async fn a_job_exists_exactly_when_its_transaction_commits(db: Db) {
    let clock = Clock::system();
    let refused = &job("never", &clock);
    let rolled_back: Result<(), Error> = db
        .write(|tx, _| {
            Box::pin(async move {
                jobs::enqueue(tx, refused.clone()).await?;
                Err(Error::invalid("cause", "rolled back"))
            })
        })
        .await;
    assert!(rolled_back.is_err());
    assert_eq!(count(&db, State::Queued).await, 0);
    let id = enqueue(&db, job("once", &clock)).await;
    assert_eq!(jobs::find(&db, id).await.unwrap().state, State::Queued);
    assert_eq!(
        jobs::find(&db, Uuid::nil()).await.unwrap_err().kind,
        Kind::NotFound
    );
}

async fn count(db: &Db, state: State) -> i64 {
    let counts = jobs::counts(db).await.unwrap();
    counts
        .into_iter()
        .find(|(name, _)| *name == state)
        .unwrap()
        .1
}

async fn a_job_killed_at_any_point_has_its_effect_once(db: Db) {
    let clock = Clock::system();
    for (round, point) in ["before the effect", "before the commit", "after the commit"]
        .into_iter()
        .enumerate()
    {
        let (reached, mut arrivals) = mpsc::unbounded_channel();
        let registry = Registry::new().on("effect", move |context: JobContext, _| {
            let reached = reached.clone();
            async move {
                let hang = |here: &'static str| {
                    let dies = here == point && context.attempt() == 1;
                    let reached = reached.clone();
                    async move {
                        if dies {
                            reached.send(()).unwrap();
                            std::future::pending().await
                        }
                    }
                };
                hang("before the effect").await;
                effect_and(&context, |()| hang("before the commit")).await?;
                hang("after the commit").await;
                Ok(())
            }
        });
        let worker = || worker(&db, &clock, registry.clone()).lease(Duration::from_millis(400));
        let id = enqueue(&db, job("effect", &clock)).await;
        let victim = Running::start(worker());
        arrivals.recv().await.unwrap();
        victim.kill().await;
        let heir = Running::start(worker());
        let done = until_state(&db, id, State::Done).await;
        heir.stop().await;
        assert_eq!(effects(&db).await, round + 1, "killed {point}");
        assert_eq!(
            done.attempts,
            if point == "after the commit" { 1 } else { 2 },
            "{point}"
        );
    }
}

async fn a_lost_lease_cannot_complete(db: Db) {
    let clock = Clock::system();
    let (started, mut starts) = mpsc::unbounded_channel();
    let (outcome, mut outcomes) = mpsc::unbounded_channel();
    let first_may_go_on = Arc::new(Notify::new());
    let registry = Registry::new().on("effect", {
        let first_may_go_on = first_may_go_on.clone();
        move |context: JobContext, _| {
            let (started, outcome) = (started.clone(), outcome.clone());
            let first_may_go_on = first_may_go_on.clone();
            async move {
                started.send(()).unwrap();
                if context.attempt() == 1 {
                    first_may_go_on.notified().await;
                }
                let result = effect(&context).await;
                outcome
                    .send(result.as_ref().err().map(|error| error.code))
                    .unwrap();
                Ok(result?)
            }
        }
    });
    let first = Running::start(worker(&db, &clock, registry.clone()));
    let id = enqueue(&db, job("effect", &clock)).await;
    starts.recv().await.unwrap();
    // The first worker stalls for longer than its lease, as a suspended machine does.
    let past = clock.now() - TimeDelta::seconds(1);
    let expired = db
        .write(|tx, _| {
            let sql = "UPDATE job SET lease_expires_at = $2 WHERE id = $1";
            Box::pin(tx.exec(sql, args![id, past]))
        })
        .await;
    assert_eq!(expired.unwrap(), 1);
    let second = Running::start(worker(&db, &clock, registry));
    assert_eq!(outcomes.recv().await.unwrap(), None);
    first_may_go_on.notify_one();
    assert_eq!(outcomes.recv().await.unwrap(), Some("lease_lost"));
    first.stop().await;
    second.stop().await;
    let job = jobs::find(&db, id).await.unwrap();
    assert_eq!((job.state, job.attempts), (State::Done, 2));
    assert_eq!(effects(&db).await, 1);
}

async fn a_job_whose_workers_keep_dying_is_dead(db: Db) {
    let clock = Clock::system();
    let (started, mut starts) = mpsc::unbounded_channel();
    let registry = Registry::new().on("deadly", move |_, _| {
        let started = started.clone();
        async move {
            started.send(()).unwrap();
            std::future::pending().await
        }
    });
    let worker = || worker(&db, &clock, registry.clone()).lease(Duration::from_millis(100));
    let id = enqueue(
        &db,
        NewJob {
            max_attempts: 2,
            ..job("deadly", &clock)
        },
    )
    .await;
    for _ in 0..2 {
        let victim = Running::start(worker());
        starts.recv().await.unwrap();
        victim.kill().await;
    }
    let heir = Running::start(worker());
    let dead = until_state(&db, id, State::Dead).await;
    heir.stop().await;
    assert_eq!(dead.attempts, 2);
    assert!(dead.last_error.unwrap().contains("lease ran out"));
}

async fn failures_back_off_until_the_job_is_dead(db: Db) {
    let clock = Clock::fixed("2026-11-22T00:00:00Z".parse().unwrap());
    let registry = Registry::new().on("fail", |_, _| async {
        Err(JobError::Retry("the other side is down".into()))
    });
    let running = Running::start(worker(&db, &clock, registry));
    let id = enqueue(
        &db,
        NewJob {
            max_attempts: 4,
            ..job("fail", &clock)
        },
    )
    .await;
    for (attempt, seconds) in [(1, 2), (2, 4), (3, 8)] {
        let failed = until(&db, id, |job| {
            job.attempts == attempt && job.state == State::Queued
        });
        let failed = failed.await;
        assert_eq!(failed.run_at, clock.now() + TimeDelta::seconds(seconds));
        assert_eq!(failed.last_error.as_deref(), Some("the other side is down"));
        clock.advance(Duration::from_secs(seconds.unsigned_abs()) - Duration::from_millis(1));
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(
            jobs::find(&db, id).await.unwrap().attempts,
            attempt,
            "too early"
        );
        clock.advance(Duration::from_millis(1));
    }
    let dead = until_state(&db, id, State::Dead).await;
    running.stop().await;
    assert_eq!(dead.attempts, 4);
    assert_eq!(dead.finished_at, Some(clock.now()));
}

async fn a_hopeless_job_is_dead_at_once_and_can_be_requeued(db: Db) {
    let clock = Clock::system();
    let mended = Arc::new(AtomicUsize::new(0));
    let registry = Registry::new().on("typed", {
        let mended = mended.clone();
        move |_, payload: Json| {
            let mended = mended.load(Ordering::SeqCst) > 0;
            async move {
                if !mended {
                    let _: u64 = serde_json::from_value(payload)?;
                }
                Ok(())
            }
        }
    });
    let running = Running::start(worker(&db, &clock, registry));
    let id = enqueue(&db, job("typed", &clock)).await;
    let dead = until_state(&db, id, State::Dead).await;
    assert_eq!(dead.attempts, 1);
    assert!(dead.last_error.unwrap().starts_with("payload: "));

    mended.store(1, Ordering::SeqCst);
    requeue(&db, id, clock.now()).await.unwrap();
    let done = until_state(&db, id, State::Done).await;
    assert_eq!(done.attempts, 1);
    assert_eq!(
        requeue(&db, id, clock.now()).await.unwrap_err().code,
        "job_not_dead"
    );
    let nothing = requeue(&db, Uuid::nil(), clock.now()).await.unwrap_err();
    assert_eq!(nothing.kind, Kind::NotFound);
    running.stop().await;
}

async fn requeue(db: &Db, id: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    let by = By::command();
    db.write(|tx, _| Box::pin(jobs::requeue(tx, &by, id, now)))
        .await
}

async fn cancel(db: &Db, id: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    let by = By::command();
    db.write(|tx, _| Box::pin(jobs::cancel(tx, &by, id, now)))
        .await
}

async fn a_panic_is_a_failed_attempt(db: Db) {
    let clock = Clock::system();
    let registry = Registry::new()
        .on("panic", |_, _| async { panic!("a bug") })
        .on("fine", |_, _| async { Ok(()) });
    let running = Running::start(worker(&db, &clock, registry));
    let id = enqueue(
        &db,
        NewJob {
            max_attempts: 1,
            ..job("panic", &clock)
        },
    )
    .await;
    let dead = until_state(&db, id, State::Dead).await;
    assert_eq!(
        dead.last_error.as_deref(),
        Some("the handler panicked: a bug")
    );
    let next = enqueue(&db, job("fine", &clock)).await;
    until_state(&db, next, State::Done).await;
    running.stop().await;
}

async fn higher_priorities_run_first(db: Db) {
    let clock = Clock::system();
    let (ran, mut order) = mpsc::unbounded_channel();
    for (name, priority) in [("low", -5), ("common", 0), ("urgent", 10), ("high", 5)] {
        let job = NewJob::new("note", json!(name), clock.now());
        enqueue(&db, NewJob { priority, ..job }).await;
    }
    let registry = Registry::new().on("note", move |_, payload| {
        let ran = ran.clone();
        async move {
            ran.send(payload).unwrap();
            Ok(())
        }
    });
    let running = Running::start(worker(&db, &clock, registry).concurrency(1));
    for expected in ["urgent", "high", "common", "low"] {
        assert_eq!(order.recv().await.unwrap(), json!(expected));
    }
    running.stop().await;
}

async fn a_unique_key_holds_until_the_job_is_finished(db: Db) {
    let clock = Clock::system();
    let keyed = || NewJob {
        unique_key: Some("index:42".into()),
        ..job("index", &clock)
    };
    let first = enqueue(&db, keyed()).await;
    assert_eq!(enqueue(&db, keyed()).await, first);
    assert_ne!(enqueue(&db, job("index", &clock)).await, first);

    let may_fail = Arc::new(Notify::new());
    let registry = Registry::new().on("index", {
        let may_fail = may_fail.clone();
        move |context: JobContext, _| {
            let may_fail = may_fail.clone();
            async move {
                if context.id() == first && context.attempt() == 1 {
                    may_fail.notified().await;
                    return Err(JobError::Dead("broken".into()));
                }
                Ok(())
            }
        }
    });
    let running = Running::start(worker(&db, &clock, registry));
    until_state(&db, first, State::Running).await;
    assert_eq!(enqueue(&db, keyed()).await, first);
    may_fail.notify_one();
    until_state(&db, first, State::Dead).await;
    running.stop().await;

    let second = enqueue(&db, keyed()).await;
    assert_ne!(second, first);
    assert_eq!(
        requeue(&db, first, clock.now()).await.unwrap_err().code,
        "job_duplicate"
    );
    cancel(&db, second, clock.now()).await.unwrap();
    requeue(&db, first, clock.now()).await.unwrap();
    assert_eq!(enqueue(&db, keyed()).await, first);
}

async fn a_shutdown_waits_then_hands_back(db: Db) {
    let clock = Clock::system();
    let registry = Registry::new()
        .on("endless", |context: JobContext, _| async move {
            context.progress(30, "far from done");
            std::future::pending().await
        })
        .on("short", |_, _| async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            Ok(())
        });
    let running = Running::start(
        worker(&db, &clock, registry)
            .concurrency(2)
            .grace(Duration::from_millis(400)),
    );
    let endless = enqueue(&db, job("endless", &clock)).await;
    let short = enqueue(&db, job("short", &clock)).await;
    until_state(&db, endless, State::Running).await;
    until(&db, short, |job| job.state != State::Queued).await;
    running.stop().await;
    assert_eq!(jobs::find(&db, short).await.unwrap().state, State::Done);
    let handed_back = jobs::find(&db, endless).await.unwrap();
    assert_eq!(
        (handed_back.state, handed_back.attempts),
        (State::Queued, 0)
    );

    let registry = Registry::new().on("endless", |_, _| async { Ok(()) });
    let next = Running::start(worker(&db, &clock, registry));
    assert_eq!(until_state(&db, endless, State::Done).await.attempts, 1);
    next.stop().await;
}

async fn a_heartbeat_keeps_a_long_job(db: Db) {
    let clock = Clock::system();
    let registry = Registry::new().on("long", |context: JobContext, _| async move {
        context.progress(40, "halfway, nearly");
        // Computes on the runtime's own thread, as no handler should.
        std::thread::sleep(Duration::from_millis(900));
        tokio::time::sleep(Duration::from_millis(600)).await;
        Ok(())
    });
    let worker = || worker(&db, &clock, registry.clone()).lease(Duration::from_millis(600));
    let (first, second) = (Running::start(worker()), Running::start(worker()));
    let id = enqueue(&db, job("long", &clock)).await;
    let told = until(&db, id, |job| job.progress == Some(40)).await;
    assert_eq!(told.progress_note, "halfway, nearly");
    let done = until_state(&db, id, State::Done).await;
    assert_eq!((done.attempts, done.progress), (1, Some(100)));
    first.stop().await;
    second.stop().await;
}

async fn a_cancelled_job_stops(db: Db) {
    let clock = Clock::system();
    let (told, mut stopped) = mpsc::unbounded_channel();
    let registry = Registry::new().on("endless", move |context: JobContext, _| {
        let (told, cancellation) = (told.clone(), context.cancellation().clone());
        // What runs outside the handler's future watches the token.
        tokio::spawn(async move {
            cancellation.cancelled().await;
            told.send(()).unwrap();
        });
        std::future::pending()
    });
    let running = Running::start(worker(&db, &clock, registry).lease(Duration::from_millis(300)));
    let id = enqueue(&db, job("endless", &clock)).await;
    until_state(&db, id, State::Running).await;
    cancel(&db, id, clock.now()).await.unwrap();
    stopped.recv().await.unwrap();
    running.stop().await;
    assert_eq!(jobs::find(&db, id).await.unwrap().state, State::Cancelled);
    assert_eq!(
        cancel(&db, id, clock.now()).await.unwrap_err().code,
        "job_finished"
    );
}

async fn kinds_without_a_handler_wait(db: Db) {
    let clock = Clock::system();
    let id = enqueue(&db, job("of.a.newer.version", &clock)).await;
    let known = enqueue(&db, job("known", &clock)).await;
    let registry = Registry::new().on("known", |_, _| async { Ok(()) });
    let running = Running::start(worker(&db, &clock, registry));
    until_state(&db, known, State::Done).await;
    running.stop().await;
    let waiting = jobs::find(&db, id).await.unwrap();
    assert_eq!((waiting.state, waiting.attempts), (State::Queued, 0));
}

async fn a_schedule_enqueues_once_however_many_machines(db: Db) {
    let clock = Clock::fixed("2026-11-22T00:00:00Z".parse().unwrap());
    let schedule = Schedule {
        name: "report",
        every: Duration::from_secs(60),
        job: |now| NewJob {
            unique_key: Some(format!("report:{}", now.timestamp())),
            ..NewJob::new("report", json!({}), now)
        },
    };
    for minute in 1..=5 {
        let machines = (0..8).map(|_| schedule.run(&db, &clock));
        let ran = futures::future::try_join_all(machines).await.unwrap();
        assert_eq!(ran.into_iter().filter(|ran| *ran).count(), 1);
        assert_eq!(count(&db, State::Queued).await, minute);
        clock.advance(Duration::from_secs(59));
        assert!(!schedule.run(&db, &clock).await.unwrap());
        clock.advance(Duration::from_secs(1));
    }
    // Runs that were missed are not made up for.
    clock.advance(Duration::from_secs(3600));
    assert!(schedule.run(&db, &clock).await.unwrap());
    assert!(!schedule.run(&db, &clock).await.unwrap());
}

async fn lists_page_and_purges_forget(db: Db) {
    let clock = Clock::fixed("2026-11-22T00:00:00Z".parse().unwrap());
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(enqueue(&db, job("old", &clock)).await);
    }
    let dead = enqueue(&db, job("doomed", &clock)).await;
    ids.reverse();

    let registry = Registry::new()
        .on("old", |_, _| async { Ok(()) })
        .on("doomed", |_, _| async { Err(JobError::Dead("no".into())) });
    let running = Running::start(worker(&db, &clock, registry));
    for id in &ids {
        until_state(&db, *id, State::Done).await;
    }
    until_state(&db, dead, State::Dead).await;

    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = jobs::list(&db, State::Done, cursor.as_deref(), 3)
            .await
            .unwrap();
        assert!(page.jobs.len() <= 3);
        seen.extend(
            page.jobs
                .into_iter()
                .filter(|job| job.kind == "old")
                .map(|job| job.id),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let error = jobs::list(&db, State::Done, Some("bogus"), 3)
        .await
        .unwrap_err();
    assert_eq!(error.fields.first().unwrap().field, "cursor");

    clock.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if jobs::find(&db, ids[0]).await.is_err() {
            break;
        }
    }
    running.stop().await;
    for id in ids {
        assert_eq!(jobs::find(&db, id).await.unwrap_err().kind, Kind::NotFound);
    }
    assert_eq!(count(&db, State::Dead).await, 1);
}

async fn a_waiting_worker_wakes_at_once(db: Db) {
    let clock = Clock::system();
    let wake = Wake::new();
    let registry = Registry::new().on("urgent", |_, _| async { Ok(()) });
    // It would look for itself only after an hour.
    let sleepy = worker(&db, &clock, registry)
        .poll(Duration::from_secs(3600))
        .wake(wake.clone());
    let running = Running::start(sleepy);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let id = enqueue(&db, job("urgent", &clock)).await;
    // PostgreSQL tells the worker itself.
    if db.engine() == colophon_db::Engine::Sqlite {
        wake.wake();
    }
    until_state(&db, id, State::Done).await;
    running.stop().await;
}
