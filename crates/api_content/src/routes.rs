//! The table of paths.

use std::sync::Arc;

use colophon_core::Core;
use colophon_core::access::KeyKind;
use colophon_http::{Accept, Gate, Idempotency, Rate, Routes, bearer};

use crate::records;

/// What limits this contract's routes.
#[derive(Debug)]
pub struct Rates {
    /// Storing records, by key.
    pub records: Rate,
    /// Reading, by address.
    pub reads: Rate,
}

const API_KEY: Accept = Accept::Key {
    kinds: &[KeyKind::Certivu],
    present: bearer,
};

/// Every route of the contract that is served.
#[must_use]
pub fn routes(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let keys = Gate::required(core, &[API_KEY]);
    let idempotency = Idempotency::replay(core.db.clone(), core.clock.clone());
    let signed = Routes::new()
        .post("/v1/records", records::create::handle)
        .with(idempotency.layer())
        .with(rates.records.layer())
        .layer(keys.layer());
    let public = Routes::new()
        .get("/v1/records/{record_id}", records::show::handle)
        .with(rates.reads.layer())
        .public();
    signed.merge(public)
}
