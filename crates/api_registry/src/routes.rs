//! The table of paths.

use std::sync::Arc;

use axum::Extension;
use colophon_core::Core;
use colophon_core::identity::Audience;
use colophon_http::cookie::{self, Cookies};
use colophon_http::{Accept, Gate, Idempotency, Rate, Routes};

use crate::metrics::Metrics;
use crate::{
    apps, bundles, documents, files, invitations, keys, leaks, log, media, metrics, organisations,
    sessions,
};

/// What limits these routes.
#[derive(Debug)]
pub struct Limits {
    /// Reading, by address.
    pub reads: Rate,
    /// Deep checks, by address.
    pub uploads: Rate,
    /// Largest file of a deep check, in bytes.
    pub upload_bytes: u64,
    /// What sends letters, by session.
    pub letters: Rate,
    /// Reports of leaked keys, by address.
    pub leak_reports: Rate,
}

/// How a person shows who they are: an access token of any product, or the cookie of our pages.
const PERSON: &[Accept] = &[
    Accept::Token(&[Audience::Artist, Audience::Photographer]),
    Accept::SessionCookie(cookie::session),
];

/// The contracts' documents: where each is served, and its text.
pub type Documents = &'static [(&'static str, &'static str)];

/// Every route of our own.
#[must_use]
pub fn routes(
    core: &Arc<Core>,
    limits: &Limits,
    metrics: Metrics,
    served: Documents,
    cookies: Cookies,
) -> Routes<Arc<Core>> {
    public(limits, metrics, served).merge(signed_in(core, limits, cookies))
}

/// What a person does who is signed in.
fn signed_in(core: &Arc<Core>, limits: &Limits, cookies: Cookies) -> Routes<Arc<Core>> {
    let once = Idempotency::replay(core.db.clone(), core.clock.clone());
    Routes::new()
        .get("/sessions", sessions::list)
        .delete("/sessions/{session}", sessions::end)
        .with(Extension(cookies))
        .put(
            "/sessions/current/organisation",
            sessions::choose_organisation,
        )
        .get("/apps", apps::list)
        .delete("/apps/{app}", apps::take_back)
        .post("/invitations/accept", invitations::accept)
        .post("/invitations/decline", invitations::decline)
        .merge(organisations::routes(&limits.letters, &once))
        .layer(Gate::required(core, PERSON).layer())
}

fn public(limits: &Limits, metrics: Metrics, served: Documents) -> Routes<Arc<Core>> {
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
        .post("/keys/leaked", leaks::report)
        .with(limits.leak_reports.layer())
        .get("/metrics", metrics::show)
        .with(Extension(metrics))
        .get("/openapi.json", documents::own)
        .public();
    served.iter().fold(routes, |routes, (path, text)| {
        routes.get(path, move || documents::contract(text)).public()
    })
}
