//! Durable background work: a queue in the database.
//!
//! A job is enqueued in the transaction that makes it necessary, so it exists exactly when its
//! cause does. A [`Worker`] claims it under a lease, runs its handler and keeps the lease alive;
//! a worker that dies loses the lease and another one runs the job again. A handler whose effect
//! must happen once writes it and [`JobContext::complete`] in one transaction: an attempt that
//! lost its lease cannot commit.
//!
//! | state | meaning | leaves it by |
//! |---|---|---|
//! | queued | waits for its time and a free worker | claim, [`cancel`] |
//! | running | leased by a worker | success, failure, lease running out, [`cancel`] |
//! | done | its handler succeeded | purge after 7 days |
//! | dead | failed at every attempt, or for good | [`requeue`] |
//! | cancelled | stopped by an operator | purge after 7 days |

mod backoff;
mod context;
mod job;
mod operators;
mod purge;
mod registry;
mod schedule;
mod store;
mod wake;
mod worker;

pub use backoff::Jitter;
pub use context::JobContext;
pub use job::{Job, NewJob, State, enqueue};
pub use operators::{Counts, Page, cancel, counts, find, list, requeue};
pub use registry::{JobError, Registry};
pub use schedule::Schedule;
pub use wake::Wake;
pub use worker::Worker;
