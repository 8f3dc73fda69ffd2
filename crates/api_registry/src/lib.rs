//! What belongs to no contract because it belongs to all: what is known about a file, offline
//! proofs, the log as tiles, stored files, metrics. Documented in `openapi.json`; errors are
//! RFC 9457 problem details.

mod bundles;
mod documents;
mod files;
mod keys;
mod log;
mod media;
mod metrics;
mod routes;

pub use metrics::Metrics;
pub use routes::{Documents, Limits, routes};

/// The document of our own operations.
pub const DOCUMENT: &str = include_str!("../openapi.json");
