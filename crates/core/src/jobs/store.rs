//! SQL of jobs and schedules. Jobs belong to the instance, not to an organisation: what a
//! handler touches is scoped by its payload.

use chrono::{DateTime, Utc};
use colophon_db::{Db, Engine, Error, FromRow, Sql, Tx, Val, args};
use serde_json::Value as Json;
use uuid::Uuid;

use super::context::Progress;
use super::{Job, NewJob, State};

/// The channel on which PostgreSQL tells of new jobs.
pub(super) const CHANNEL: &str = "colophon_jobs";

/// Finished jobs deleted by one transaction.
const PURGE_BATCH: i64 = 500;

/// One claim of one job. A job claimed again has another holder or another attempt, so every
/// statement that names all three fails for whoever lost it.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub job: Uuid,
    pub holder: String,
    pub attempt: i64,
}

/// A job just claimed.
#[derive(Debug, FromRow)]
pub(super) struct Claimed {
    pub id: Uuid,
    pub kind: String,
    #[sqlx(json)]
    pub payload: Json,
    pub attempts: i64,
    pub max_attempts: i64,
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub holder: &'a str,
    pub kinds: &'a Json,
    pub limit: i64,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub(super) async fn insert(tx: &mut Tx, id: Uuid, job: NewJob) -> Result<Uuid, Error> {
    // An update that changes nothing, because DO NOTHING would not return the other job's id.
    let (id,) = tx
        .one(
            "INSERT INTO job (id, kind, payload, priority, state, run_at, attempts, max_attempts, unique_key, progress_note, created_at)
             VALUES ($1, $2, $3, $4, 'queued', $5, 0, $6, $7, '', $8)
             ON CONFLICT (unique_key) WHERE state IN ('queued', 'running')
             DO UPDATE SET unique_key = excluded.unique_key
             RETURNING id",
            args![
                id,
                job.kind,
                job.payload,
                job.priority,
                job.run_at,
                i64::from(job.max_attempts.max(1)),
                job.unique_key,
                job.created_at
            ],
        )
        .await?;
    Ok(id)
}

/// Wakes the workers of every machine when the transaction commits; SQLite has only one machine.
pub(super) async fn notify(tx: &mut Tx) -> Result<(), Error> {
    if tx.engine() == Engine::Postgres {
        tx.exec("SELECT pg_notify($1, '')", args![CHANNEL]).await?;
    }
    Ok(())
}

/// Whether a claim would find anything: a read, so that idle workers never queue to write.
pub(super) async fn is_work(db: &Db, kinds: &Json, now: DateTime<Utc>) -> Result<bool, Error> {
    let found: Option<(i64,)> = db
        .opt(
            Sql::Each {
                sqlite: "SELECT 1 FROM job
                     WHERE (state = 'queued' AND run_at <= $1 AND kind IN (SELECT value FROM json_each($2)))
                        OR (state = 'running' AND lease_expires_at <= $1)
                     LIMIT 1",
                postgres: "SELECT CAST(1 AS BIGINT) FROM job
                     WHERE (state = 'queued' AND run_at <= $1 AND kind IN (SELECT jsonb_array_elements_text($2)))
                        OR (state = 'running' AND lease_expires_at <= $1)
                     LIMIT 1",
            },
            args![now, kinds.clone()],
        )
        .await?;
    Ok(found.is_some())
}

/// Takes back the jobs whose leases ran out: into the queue, or among the dead when that was
/// their last attempt. Returns the kinds of the dead ones.
pub(super) async fn reclaim(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
    // SKIP LOCKED: a handler that is just completing may hold its job's row for long.
    let reclaimed: Vec<(String, String)> = tx
        .all(
            Sql::Each {
                sqlite: "UPDATE job SET
                         state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'queued' END,
                         finished_at = CASE WHEN attempts >= max_attempts THEN $1 END,
                         lease_expires_at = NULL,
                         last_error = 'The worker stopped without a word; its lease ran out.'
                     WHERE state = 'running' AND lease_expires_at <= $1
                     RETURNING kind, state",
                postgres: "UPDATE job SET
                         state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'queued' END,
                         finished_at = CASE WHEN attempts >= max_attempts THEN $1 END,
                         lease_expires_at = NULL,
                         last_error = 'The worker stopped without a word; its lease ran out.'
                     WHERE id IN (
                         SELECT id FROM job WHERE state = 'running' AND lease_expires_at <= $1
                         FOR UPDATE SKIP LOCKED)
                     RETURNING kind, state",
            },
            args![now],
        )
        .await?;
    let dead = reclaimed
        .into_iter()
        .filter(|(_, state)| state == State::Dead.name());
    Ok(dead.map(|(kind, _)| kind).collect())
}

/// Leases the next jobs: highest priority first, then longest due.
pub(super) async fn claim(tx: &mut Tx, claim: Claim<'_>) -> Result<Vec<Claimed>, Error> {
    tx.all(
        Sql::Each {
            sqlite: "UPDATE job SET state = 'running', attempts = attempts + 1, lease_holder = $3,
                         lease_expires_at = $4, started_at = $1, progress = NULL, progress_note = ''
                     WHERE id IN (
                         SELECT id FROM job
                         WHERE state = 'queued' AND run_at <= $1
                           AND kind IN (SELECT value FROM json_each($2))
                         ORDER BY priority DESC, run_at, id LIMIT $5)
                     RETURNING id, kind, payload, attempts, max_attempts",
            // MATERIALIZED: in a plain subquery the planner may lock more rows than the limit.
            postgres: "WITH ready AS MATERIALIZED (
                         SELECT id FROM job
                         WHERE state = 'queued' AND run_at <= $1
                           AND kind IN (SELECT jsonb_array_elements_text($2))
                         ORDER BY priority DESC, run_at, id LIMIT $5
                         FOR UPDATE SKIP LOCKED)
                     UPDATE job SET state = 'running', attempts = attempts + 1, lease_holder = $3,
                         lease_expires_at = $4, started_at = $1, progress = NULL, progress_note = ''
                     FROM ready WHERE job.id = ready.id
                     RETURNING job.id, kind, payload, attempts, max_attempts",
        },
        args![
            claim.now,
            claim.kinds.clone(),
            claim.holder,
            claim.expires_at,
            claim.limit
        ],
    )
    .await
}

/// Lengthens a lease and writes what the job told of itself; `false` when it is not ours.
pub(super) async fn renew(
    tx: &mut Tx,
    lease: &Lease,
    expires_at: DateTime<Utc>,
    progress: &Progress,
) -> Result<bool, Error> {
    fenced(
        tx,
        lease,
        "UPDATE job SET lease_expires_at = $4, progress = $5, progress_note = $6
         WHERE id = $1 AND state = 'running' AND lease_holder = $2 AND attempts = $3",
        args![expires_at, progress.percent.map(i64::from), &progress.note],
    )
    .await
}

/// Marks the job done, and forgets what it was told: an address, perhaps, of somebody who is gone
/// before the job is. `false` when it is not ours.
pub(super) async fn complete(
    tx: &mut Tx,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    fenced(
        tx,
        lease,
        "UPDATE job SET state = 'done', payload = '{}', finished_at = $4, lease_expires_at = NULL, progress = 100
         WHERE id = $1 AND state = 'running' AND lease_holder = $2 AND attempts = $3",
        args![now],
    )
    .await
}

/// Puts the job back for another attempt; `false` when it is not ours.
pub(super) async fn retry(
    tx: &mut Tx,
    lease: &Lease,
    run_at: DateTime<Utc>,
    message: &str,
) -> Result<bool, Error> {
    fenced(
        tx,
        lease,
        "UPDATE job SET state = 'queued', run_at = $4, last_error = $5, lease_expires_at = NULL
         WHERE id = $1 AND state = 'running' AND lease_holder = $2 AND attempts = $3",
        args![run_at, message],
    )
    .await
}

/// Gives the job up; `false` when it is not ours.
pub(super) async fn bury(
    tx: &mut Tx,
    lease: &Lease,
    now: DateTime<Utc>,
    message: &str,
) -> Result<bool, Error> {
    fenced(
        tx,
        lease,
        "UPDATE job SET state = 'dead', finished_at = $4, last_error = $5, lease_expires_at = NULL
         WHERE id = $1 AND state = 'running' AND lease_holder = $2 AND attempts = $3",
        args![now, message],
    )
    .await
}

async fn fenced<const N: usize>(
    tx: &mut Tx,
    lease: &Lease,
    sql: &'static str,
    values: [Val; N],
) -> Result<bool, Error> {
    let fence = args![lease.job, &lease.holder, lease.attempt];
    Ok(tx.exec(sql, fence.into_iter().chain(values)).await? == 1)
}

/// Whether this very attempt completed the job (the done job keeps its last holder).
pub(super) async fn is_completed(db: &Db, lease: &Lease) -> Result<bool, Error> {
    let done: Option<(Uuid,)> = db
        .opt(
            "SELECT id FROM job WHERE id = $1 AND state = 'done' AND lease_holder = $2 AND attempts = $3",
            args![lease.job, &lease.holder, lease.attempt],
        )
        .await?;
    Ok(done.is_some())
}

/// Gives back everything a stopping worker holds; those attempts do not count.
pub(super) async fn hand_back(tx: &mut Tx, holder: &str) -> Result<u64, Error> {
    tx.exec(
        "UPDATE job SET state = 'queued', attempts = attempts - 1, lease_holder = NULL, lease_expires_at = NULL
         WHERE state = 'running' AND lease_holder = $1",
        args![holder],
    )
    .await
}

#[derive(FromRow)]
struct JobRow {
    id: Uuid,
    kind: String,
    #[sqlx(json)]
    payload: Json,
    priority: i64,
    state: String,
    run_at: DateTime<Utc>,
    attempts: i64,
    max_attempts: i64,
    lease_holder: Option<String>,
    progress: Option<i64>,
    progress_note: String,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            payload: row.payload,
            priority: row.priority,
            // The table's CHECK allows only names that parse.
            state: row.state.parse().unwrap_or(State::Dead),
            run_at: row.run_at,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            lease_holder: row.lease_holder,
            progress: row.progress.and_then(|percent| u8::try_from(percent).ok()),
            progress_note: row.progress_note,
            last_error: row.last_error,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

pub(super) async fn find(db: &Db, id: Uuid) -> Result<Option<Job>, Error> {
    let row: Option<JobRow> = db.opt("SELECT * FROM job WHERE id = $1", args![id]).await?;
    Ok(row.map(Job::from))
}

pub(super) async fn exists(tx: &mut Tx, id: Uuid) -> Result<bool, Error> {
    let row: Option<(Uuid,)> = tx
        .opt("SELECT id FROM job WHERE id = $1", args![id])
        .await?;
    Ok(row.is_some())
}

pub(super) async fn list(
    db: &Db,
    state: State,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    let rows: Vec<JobRow> = db
        .all(
            "SELECT * FROM job WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            args![state.name(), before, limit],
        )
        .await?;
    Ok(rows.into_iter().map(Job::from).collect())
}

pub(super) async fn counts(db: &Db) -> Result<Vec<(String, i64)>, Error> {
    db.all("SELECT state, COUNT(*) FROM job GROUP BY state", [])
        .await
}

pub(super) async fn count_ready(db: &Db, now: DateTime<Utc>) -> Result<i64, Error> {
    let (count,) = db
        .one(
            "SELECT COUNT(*) FROM job WHERE state = 'queued' AND run_at <= $1",
            args![now],
        )
        .await?;
    Ok(count)
}

pub(super) async fn requeue(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let changed = tx
        .exec(
            "UPDATE job SET state = 'queued', run_at = $2, attempts = 0, lease_holder = NULL, finished_at = NULL
             WHERE id = $1 AND state = 'dead'",
            args![id, now],
        )
        .await?;
    Ok(changed == 1)
}

pub(super) async fn cancel(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let changed = tx
        .exec(
            "UPDATE job SET state = 'cancelled', finished_at = $2, lease_expires_at = NULL
             WHERE id = $1 AND state IN ('queued', 'running')",
            args![id, now],
        )
        .await?;
    Ok(changed == 1)
}

pub(super) async fn finished_before(db: &Db, before: DateTime<Utc>) -> Result<Vec<Uuid>, Error> {
    let rows: Vec<(Uuid,)> = db
        .all(
            "SELECT id FROM job WHERE state IN ('done', 'cancelled') AND finished_at < $1 LIMIT $2",
            args![before, PURGE_BATCH],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn delete_finished(
    tx: &mut Tx,
    ids: &[Uuid],
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let mut deleted = 0;
    for id in ids {
        deleted += tx
            .exec(
                "DELETE FROM job WHERE id = $1 AND state IN ('done', 'cancelled') AND finished_at < $2",
                args![*id, before],
            )
            .await?;
    }
    Ok(deleted)
}

pub(super) async fn next_run(db: &Db, name: &str) -> Result<Option<DateTime<Utc>>, Error> {
    let row: Option<(DateTime<Utc>,)> = db
        .opt(
            "SELECT next_run_at FROM job_schedule WHERE name = $1",
            args![name],
        )
        .await?;
    Ok(row.map(|(next,)| next))
}

/// Moves a schedule on; `false` when another machine did so first.
pub(super) async fn advance_schedule(
    tx: &mut Tx,
    name: &str,
    planned: Option<DateTime<Utc>>,
    next: DateTime<Utc>,
) -> Result<bool, Error> {
    let changed = match planned {
        Some(planned) => {
            tx.exec(
                "UPDATE job_schedule SET next_run_at = $3 WHERE name = $1 AND next_run_at = $2",
                args![name, planned, next],
            )
            .await?
        }
        None => {
            tx.exec(
                "INSERT INTO job_schedule (name, next_run_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                args![name, next],
            )
            .await?
        }
    };
    Ok(changed == 1)
}
