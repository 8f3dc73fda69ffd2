//! The TokPortal contract: brands order accounts and videos, review and publish them.
//!
//! `openapi.json` is the contract, verbatim. No operation is served yet; what is asked below
//! `/api/ext` is refused in the contract's own envelope.

mod error;

use axum::http::HeaderName;
use colophon_http::{Product, document};

/// The contract.
pub const DOCUMENT: &str = include_str!("../openapi.json");
/// The operations served, one `METHOD path` a line.
pub const IMPLEMENTED: &str = include_str!("../implemented.txt");

/// How the server tells this contract's requests and refusals.
#[must_use]
pub fn product() -> Product {
    Product {
        name: "tokportal",
        prefixes: &["/tokportal/api/ext", "/tokportal", "/api/ext"],
        paths: document::paths(DOCUMENT, "/api/ext"),
        render: error::render,
        replay_header: HeaderName::from_static("idempotent-replayed"),
    }
}
