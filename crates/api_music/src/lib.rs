//! The TrackOrigin contract: artists prove that a track is human-made.
//!
//! `openapi.json` is the contract, verbatim; `implemented.txt` lists the operations that this
//! crate serves. The contract's pages are in the `pages` crate.

mod admin;
mod auth;
mod error;
mod health;
mod me;
mod oauth;
mod public_keys;
mod routes;
mod transparency;

pub use error::render as render_error;
pub use routes::{Rates, routes};

use axum::http::HeaderName;
use chrono::{DateTime, SecondsFormat, Utc};
use colophon_http::{Product, document};

/// The contract.
pub const DOCUMENT: &str = include_str!("../openapi.json");
/// The operations served, one `METHOD path` a line.
pub const IMPLEMENTED: &str = include_str!("../implemented.txt");

/// How the server tells this contract's requests and refusals.
#[must_use]
pub fn product() -> Product {
    Product {
        name: "trackorigin",
        prefixes: &["/trackorigin"],
        paths: document::paths(DOCUMENT, ""),
        render: render_error,
        replay_header: HeaderName::from_static("idempotent-replay"),
    }
}

/// A time as this contract spells it.
fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
