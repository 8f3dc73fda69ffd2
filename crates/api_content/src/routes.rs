//! The table of paths.

use std::sync::Arc;

use colophon_core::Core;
use colophon_core::access::KeyKind;
use colophon_http::{ApiKeys, Idempotency, Rate, Routes, bearer};

use crate::records;

/// What limits this contract's routes.
#[derive(Debug)]
pub struct Rates {
    /// Storing records, by key.
    pub records: Rate,
    /// Reading, by address.
    pub reads: Rate,
}

/// Every route of the contract that is served.
#[must_use]
pub fn routes(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let keys = ApiKeys::required(Arc::clone(core), &[KeyKind::Certivu], bearer);
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
