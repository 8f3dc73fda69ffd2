//! What an operator does with jobs: look, requeue, cancel.

use chrono::{DateTime, Utc};
use colophon_db::{Cursor, Db, Tx};
use uuid::Uuid;

use super::{Job, State, store};
use crate::audit::{self, By, Chain};
use crate::{Error, JobId, Kind, Result};

/// Some jobs of one state, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// The cursor of the page after this one, if there is one.
    pub next: Option<String>,
}

/// How many jobs are in each state, in the order of [`State::ALL`].
pub type Counts = [(State, i64); State::ALL.len()];

/// One job, by its id.
///
/// # Errors
/// [`Kind::NotFound`] when there is none, or as the database fails.
pub async fn find(db: &Db, id: Uuid) -> Result<Job> {
    store::find(db, id)
        .await?
        .ok_or_else(|| Error::not_found("job"))
}

/// The jobs of one state, newest first, up to `limit` a page (at most 500).
///
/// # Errors
/// [`Kind::Invalid`] naming `cursor` when it is not one of this list's, or as the database fails.
pub async fn list(db: &Db, state: State, cursor: Option<&str>, limit: u32) -> Result<Page> {
    let before = match cursor {
        Some(text) => {
            Cursor::<Uuid>::decode(text)
                .map_err(|error| Error::invalid("cursor", error.to_string()))?
                .0
        }
        None => Uuid::max(),
    };
    let limit = limit.clamp(1, 500) as usize;
    let mut jobs = store::list(db, state, before, limit as i64 + 1).await?;
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let next = jobs
        .last()
        .filter(|_| more)
        .map(|job| Cursor(job.id).encode());
    Ok(Page { jobs, next })
}

/// How many jobs are in each state.
///
/// # Errors
/// As the database fails.
pub async fn counts(db: &Db) -> Result<Counts> {
    let found = store::counts(db).await?;
    Ok(State::ALL.map(|state| {
        let count = found.iter().find(|(name, _)| name == state.name());
        (state, count.map_or(0, |(_, count)| *count))
    }))
}

/// Puts a dead letter back into the queue, with all its attempts.
///
/// # Errors
/// [`Kind::NotFound`], or [`Kind::Conflict`] with code `job_not_dead`, or `job_duplicate` when
/// another unfinished job has its unique key by now.
pub async fn requeue(tx: &mut Tx, by: &By, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    match store::requeue(tx, id, now).await {
        Ok(true) => {
            store::notify(tx).await?;
            done(tx, by, "job.requeued", id, now).await
        }
        Ok(false) => Err(refused(
            tx,
            id,
            "job_not_dead",
            "Only a dead letter can be requeued.",
        )
        .await),
        Err(colophon_db::Error::Unique) => Err(Error::new(
            Kind::Conflict,
            "job_duplicate",
            "An unfinished job for the same purpose exists already.",
        )),
        Err(error) => Err(error.into()),
    }
}

/// Stops a job that is queued or running. A running handler is told at its next heartbeat.
///
/// # Errors
/// [`Kind::NotFound`], or [`Kind::Conflict`] with code `job_finished`.
pub async fn cancel(tx: &mut Tx, by: &By, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    if store::cancel(tx, id, now).await? {
        return done(tx, by, "job.cancelled", id, now).await;
    }
    Err(refused(tx, id, "job_finished", "The job has finished already.").await)
}

async fn done(
    tx: &mut Tx,
    by: &By,
    action: &'static str,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<()> {
    let subject = JobId(id).to_string();
    audit::record(tx, Chain::Server, by, action, &subject, &[], now).await
}

async fn refused(tx: &mut Tx, id: Uuid, code: &'static str, detail: &'static str) -> Error {
    match store::exists(tx, id).await {
        Ok(true) => Error::new(Kind::Conflict, code, detail),
        Ok(false) => Error::not_found("job"),
        Err(error) => error.into(),
    }
}
