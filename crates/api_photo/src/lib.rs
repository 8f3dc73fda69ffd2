//! The Lumethic contract: photographers prove that a JPEG is an honest export of a RAW file.
//!
//! `openapi.json` is the contract, verbatim; `implemented.txt` lists the operations that this
//! crate serves. One operation more is served than the document has: it names
//! `POST /v1/accounts/login` as where its tokens come from, and says no more about it.

mod apikeys;
mod error;
mod health;
mod login;
mod routes;

pub use routes::{Rates, beside_the_document, routes};

use axum::http::HeaderName;
use chrono::{DateTime, SecondsFormat, Utc};
use colophon_http::{Product, document};

/// The contract.
pub const DOCUMENT: &str = include_str!("../openapi.json");
/// The operations served, one `METHOD path` a line.
pub const IMPLEMENTED: &str = include_str!("../implemented.txt");
/// Where tokens come from.
const LOGIN: &str = "/v1/accounts/login";

/// How the server tells this contract's requests and refusals.
#[must_use]
pub fn product() -> Product {
    let mut paths = document::paths(DOCUMENT, "");
    paths.push(LOGIN.to_owned());
    Product {
        name: "lumethic",
        prefixes: &["/lumethic"],
        paths,
        render: error::render,
        replay_header: HeaderName::from_static("idempotent-replay"),
    }
}

/// A time as this contract spells it.
fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
