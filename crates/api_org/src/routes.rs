//! The table of paths.

use std::sync::Arc;

use axum::response::Response;
use colophon_core::Core;
use colophon_core::access::KeyKind;
use colophon_http::{Accept, Gate, Idempotency, Rate, Routes, cookie, document, x_api_key};

use crate::{DOCUMENT, api_keys, invitations, locations, members, organization, roles};

/// What limits this contract's routes.
#[derive(Debug)]
pub struct Rates {
    /// Reading with a key: 120 a minute (`facts.md` §5).
    pub api: Rate,
    /// The document, by address.
    pub reads: Rate,
}

const API_KEY: Accept = Accept::Key {
    kinds: &[KeyKind::Atlas],
    present: x_api_key,
};

/// Every route of the contract.
#[must_use]
pub fn routes(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let keys = Gate::required(core, &[API_KEY]);
    let session = Gate::forbidding(core, &[Accept::SessionCookie(cookie::atlas_session)]);
    let limit = || rates.api.layer();
    let read = Routes::new()
        .get("/api/customer/v1/organization", organization::show)
        .with(limit())
        .get("/api/customer/v1/locations", locations::list)
        .with(limit())
        .get("/api/customer/v1/members", members::list)
        .with(limit())
        .get("/api/customer/v1/invitations", invitations::list)
        .with(limit())
        .get("/api/customer/v1/roles", roles::list)
        .with(limit())
        .layer(keys.layer());
    let managed = Routes::new()
        .get("/api/customer/v1/api-keys", api_keys::list::handle)
        .with(limit())
        .post("/api/customer/v1/api-keys", api_keys::create::handle)
        .with(Idempotency::refuse().layer())
        .with(limit())
        .post(
            "/api/customer/v1/api-keys/{apiKeyId}/revoke",
            api_keys::revoke::handle,
        )
        .with(limit())
        .layer(session.layer());
    Routes::new()
        .get("/api/customer/v1/openapi.json", show_document)
        .with(rates.reads.layer())
        .public()
        .merge(read)
        .merge(managed)
}

/// `GET /api/customer/v1/openapi.json`
async fn show_document() -> Response {
    document::response(DOCUMENT)
}
