//! The Lumethic contract: photographers prove that a JPEG is an honest export of a RAW file.
//!
//! `openapi.json` is the contract, verbatim; `implemented.txt` lists the operations that this
//! crate serves.

mod error;
mod health;

use axum::http::HeaderName;
use colophon_http::{Product, Rate, Routes, document};

/// The contract.
pub const DOCUMENT: &str = include_str!("../openapi.json");
/// The operations served, one `METHOD path` a line.
pub const IMPLEMENTED: &str = include_str!("../implemented.txt");

/// How the server tells this contract's requests and refusals.
#[must_use]
pub fn product() -> Product {
    Product {
        name: "lumethic",
        prefixes: &["/lumethic"],
        paths: document::paths(DOCUMENT, ""),
        render: error::render,
        replay_header: HeaderName::from_static("idempotent-replay"),
    }
}

/// Every route of the contract that is served.
#[must_use]
pub fn routes<S: Clone + Send + Sync + 'static>(reads: &Rate) -> Routes<S> {
    Routes::new()
        .get("/v1/public/health", health::handle)
        .with(reads.layer())
        .public()
}
