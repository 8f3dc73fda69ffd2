//! The table of paths.

use std::sync::Arc;

use axum::Extension;
use colophon_core::Core;
use colophon_http::{Rate, Routes};

use crate::metrics::Metrics;
use crate::{bundles, documents, files, keys, log, media, metrics};

/// What limits these routes.
#[derive(Debug)]
pub struct Limits {
    /// Reading, by address.
    pub reads: Rate,
    /// Deep checks, by address.
    pub uploads: Rate,
    /// Largest file of a deep check, in bytes.
    pub upload_bytes: u64,
}

/// The contracts' documents: where each is served, and its text.
pub type Documents = &'static [(&'static str, &'static str)];

/// Every route of our own.
#[must_use]
pub fn routes(limits: &Limits, metrics: Metrics, served: Documents) -> Routes<Arc<Core>> {
    let reads = || limits.reads.layer();
    let routes = Routes::new()
        .get("/files/{hash}", files::show)
        .with(reads())
        .public()
        .post("/files", files::check)
        .with(limits.uploads.layer())
        .with(Extension(files::Limit(limits.upload_bytes)))
        .body_limit(limits.upload_bytes.saturating_add(64 << 10))
        .no_deadline()
        .get("/bundles/{id}", bundles::show)
        .with(reads())
        .public()
        .get("/log/checkpoint", log::checkpoint)
        .with(reads())
        .public()
        .get("/log/key", log::key)
        .with(reads())
        .public()
        .get("/log/tile/{*path}", log::tile)
        .with(reads())
        .public()
        .get("/log/proof/inclusion", log::inclusion)
        .with(reads())
        .public()
        .get("/log/proof/consistency", log::consistency)
        .with(reads())
        .public()
        .get("/log/statements/{id}", log::statement)
        .with(reads())
        .public()
        .get("/.well-known/jwks.json", keys::jwks)
        .with(reads())
        .public()
        .get("/media/{sha256}", media::download)
        .with(reads())
        .no_deadline()
        .get("/metrics", metrics::show)
        .with(Extension(metrics))
        .get("/openapi.json", documents::own)
        .public();
    served.iter().fold(routes, |routes, (path, text)| {
        routes.get(path, move || documents::contract(text)).public()
    })
}
