//! From a request to a page: one module a page area.

mod account;
mod anonymous;
mod error;
mod fields;
mod flash;
mod jobs;
mod keys;
mod log;
mod operator;
mod organisation;
mod overview;
mod public;
mod same_origin;

pub use error::render_error;

use std::sync::Arc;

use axum::Extension;
use chrono::{DateTime, SecondsFormat, Utc};
use colophon_core::Core;
use colophon_http::cookie::Cookies;
use colophon_http::{Rate, RatePolicy, Routes};

use crate::asset_routes;
use crate::views::Frame;

/// The operations of the TrackOrigin contract that are pages, one `METHOD path` each.
pub const CONTRACT_PAGES: &[&str] = &["GET /", "GET /verify", "GET /developers"];

/// Passwords and set-up links that one address may try in a minute.
const ATTEMPTS_PER_MINUTE: u32 = 10;

/// Every page and asset; `cookies` says how cookies are written.
#[must_use]
pub fn routes(core: &Arc<Core>, cookies: Cookies) -> Routes<Arc<Core>> {
    let attempts = RatePolicy {
        name: "sign-in",
        anonymous_per_minute: ATTEMPTS_PER_MINUTE,
        key_per_minute: 0,
        published_per_minute: 0,
        headers: false,
    };
    let attempts = Rate::new(attempts, core.clock.clone());
    Routes::new()
        .get("/", public::home)
        .get("/verify", public::verify)
        .get("/developers", public::developers)
        .get("/console", overview::show)
        .get("/console/setup", account::setup_form)
        .post("/console/setup", account::set_up)
        .with(attempts.layer())
        .get("/console/login", account::sign_in_form)
        .post("/console/login", account::sign_in)
        .with(attempts.layer())
        .post("/console/logout", account::sign_out)
        .post("/console/organisations", overview::create_organisation)
        .get("/console/organisations/{org}", organisation::show)
        .post(
            "/console/organisations/{org}/generators",
            organisation::register_generator,
        )
        .post(
            "/console/organisations/{org}/generators/{generator}/revoke",
            organisation::revoke_generator,
        )
        .post(
            "/console/organisations/{org}/keys",
            organisation::create_key,
        )
        .post(
            "/console/organisations/{org}/keys/{key}/revoke",
            organisation::revoke_key,
        )
        .get("/console/jobs", jobs::show)
        .post("/console/jobs/{job}/requeue", jobs::requeue)
        .post("/console/jobs/{job}/cancel", jobs::cancel)
        .get("/console/log", log::show)
        .post("/console/log/export", log::export)
        .get("/console/keys", keys::show)
        .layer(Extension(cookies))
        .merge(asset_routes())
}

fn frame() -> Frame {
    Frame::new(env!("CARGO_PKG_VERSION"))
}

/// A time as views take it: RFC 3339, UTC, whole seconds.
fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
