//! The table of paths.

use std::sync::Arc;

use colophon_core::Core;
use colophon_core::access::KeyKind;
use colophon_core::identity::Audience;
use colophon_http::{Accept, Gate, Idempotency, Rate, Routes, bearer_key, x_api_key};

use crate::{LOGIN, apikeys, health, login};

/// What limits this contract's routes.
#[derive(Debug)]
pub struct Rates {
    /// Reading, by address.
    pub reads: Rate,
    /// Signing in: few a minute, by address.
    pub sign_in: Rate,
}

/// A key in its own header, a key in the header of tokens, a token: the first that is shown counts.
const ACCOUNT: &[Accept] = &[
    Accept::Key {
        kinds: &[KeyKind::Lumethic],
        present: x_api_key,
    },
    Accept::Key {
        kinds: &[KeyKind::Lumethic],
        present: bearer_key,
    },
    Accept::Token(&[Audience::Photographer]),
];

/// Every route of the contract that is served.
#[must_use]
pub fn routes(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let account = Routes::new()
        .post("/v1/apikeys/", apikeys::create::handle)
        .with(Idempotency::refuse().layer())
        .get("/v1/apikeys/", apikeys::list::handle)
        .delete("/v1/apikeys/{key_id}", apikeys::revoke::handle)
        .layer(Gate::required(core, ACCOUNT).layer());
    Routes::new()
        .get("/v1/public/health", health::handle)
        .with(rates.reads.layer())
        .public()
        .merge(account)
}

/// What the contract speaks of and does not describe.
#[must_use]
pub fn beside_the_document(rates: &Rates) -> Routes<Arc<Core>> {
    Routes::new()
        .post(LOGIN, login::handle)
        .with(rates.sign_in.layer())
}
