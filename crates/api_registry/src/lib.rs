//! What belongs to no contract because it belongs to all: organisations, sessions and apps, what is
//! known about a file, offline proofs, the log as tiles, stored files, metrics. Documented in `openapi.json`; errors are
//! RFC 9457 problem details.

mod apps;
mod bundles;
mod documents;
mod files;
mod invitations;
mod keys;
mod leaks;
mod log;
mod media;
mod metrics;
mod organisations;
mod routes;
mod sessions;

pub use metrics::Metrics;
pub use routes::{Documents, Limits, routes};

use chrono::{DateTime, SecondsFormat, Utc};
use colophon_core::Error;

/// The document of our own operations.
pub const DOCUMENT: &str = include_str!("../openapi.json");

/// A time as our own operations spell it.
fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// How many items a page may have: 100 when nobody says.
fn limit(asked: Option<i64>, most: usize) -> Result<usize, Error> {
    let asked = asked.map_or(Ok(100), usize::try_from);
    asked
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| Error::invalid("limit", format!("must be 1 to {most}")))
}
