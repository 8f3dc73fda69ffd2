//! The table of paths.

use std::sync::Arc;

use colophon_core::Core;
use colophon_core::access::KeyKind;
use colophon_http::{Accept, Gate, Rate, Routes, bearer};

use crate::{health, public_keys, transparency};

/// What limits this contract's routes.
#[derive(Debug)]
pub struct Rates {
    /// `/api/v1`: by address without a key, by key with one.
    pub api: Rate,
}

const API_KEY: Accept = Accept::Key {
    kinds: &[KeyKind::TrackOriginPublishable, KeyKind::TrackOriginSecret],
    present: bearer,
};

/// Every route of the contract that is served.
#[must_use]
pub fn routes(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let keys = Gate::optional(core, &[API_KEY]);
    let api = Routes::new()
        .get("/api/v1/transparency/log", transparency::log)
        .with(rates.api.layer())
        .public()
        .get("/api/v1/transparency/sth", transparency::tree_head)
        .with(rates.api.layer())
        .public()
        .layer(keys.layer());
    Routes::new()
        .get("/v1/healthz", health::alive)
        .get("/v1/readyz", health::ready)
        .get("/.well-known/trackorigin-pubkey.pem", public_keys::pem)
        .public()
        .get("/.well-known/trackorigin-public-key", public_keys::pem)
        .public()
        .get(
            "/.well-known/trackorigin-public-key.json",
            public_keys::current,
        )
        .public()
        .get(
            "/.well-known/trackorigin-public-keys.json",
            public_keys::all,
        )
        .public()
        .merge(api)
}
