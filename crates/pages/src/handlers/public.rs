//! The pages open to everyone.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use colophon_core::{Core, identity, log};
use colophon_http::{Query, Result};

use super::{frame, utc};
use crate::response::render_public;
use crate::views::{ApiDocument, DevelopersPage, HomePage, LogHead, VerifyPage};

/// Every OpenAPI document that this server serves: name, place, and whom it is for.
const DOCUMENTS: [(&str, &str, &str); 6] = [
    (
        "colophon",
        "/openapi.json",
        "Files, proofs and the log: our own operations",
    ),
    (
        "certivu",
        "/certivu/openapi.json",
        "Sign and look up records of AI-made content",
    ),
    (
        "trackorigin",
        "/trackorigin/openapi.json",
        "Music certificates and their verification",
    ),
    (
        "lumethic",
        "/lumethic/openapi.json",
        "Photo verification and its marketplace",
    ),
    (
        "tokportal",
        "/tokportal/openapi.json",
        "Publishing, accounts and analytics",
    ),
    (
        "idle-atlas",
        "/api/customer/v1/openapi.json",
        "The organisation directory",
    ),
];

/// `GET /`
pub(super) async fn home(State(core): State<Arc<Core>>) -> Result<Response> {
    let head = log::head(&core.db).await?;
    let needs_setup = identity::needs_operator(&core.db).await?;
    let page = HomePage {
        frame: frame(),
        log: LogHead {
            origin: core.log_key.name().to_owned(),
            size: head.as_ref().map_or(0, |head| head.tree_size),
            checkpoint_at: head.map(|head| utc(head.created_at)),
            key_id: format!("{:08x}", core.log_key.id()),
        },
        needs_setup,
    };
    Ok(render_public(&page))
}

/// `GET /verify?q=…`
pub(super) async fn verify(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let query = query
        .get("q")
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    render_public(&VerifyPage {
        frame: frame(),
        query,
    })
}

/// `GET /developers`
pub(super) async fn developers() -> Response {
    let documents = DOCUMENTS.map(|(name, url, blurb)| ApiDocument {
        name: name.to_owned(),
        url: url.to_owned(),
        blurb: blurb.to_owned(),
    });
    render_public(&DevelopersPage {
        frame: frame(),
        documents: documents.into(),
    })
}
