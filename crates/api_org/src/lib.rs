//! The Idle Atlas contract: companies run locations, members, roles and API keys.
//!
//! `openapi.json` is the contract, verbatim; `implemented.txt` lists the operations that this
//! crate serves.

mod error;

use axum::http::HeaderName;
use axum::response::Response;
use colophon_http::{Product, Rate, Routes, document};

/// The contract.
pub const DOCUMENT: &str = include_str!("../openapi.json");
/// The operations served, one `METHOD path` a line.
pub const IMPLEMENTED: &str = include_str!("../implemented.txt");

/// How the server tells this contract's requests and refusals.
#[must_use]
pub fn product() -> Product {
    Product {
        name: "idle-atlas",
        prefixes: &["/idle-atlas", "/api/customer/v1"],
        paths: document::paths(DOCUMENT, ""),
        render: error::render,
        replay_header: HeaderName::from_static("idempotent-replay"),
    }
}

/// Every route of the contract that is served.
#[must_use]
pub fn routes<S: Clone + Send + Sync + 'static>(reads: &Rate) -> Routes<S> {
    Routes::new()
        .get("/api/customer/v1/openapi.json", show_document)
        .with(reads.layer())
        .public()
}

/// `GET /api/customer/v1/openapi.json`
async fn show_document() -> Response {
    document::response(DOCUMENT)
}
