//! From a request to a page: one module a page area.

mod account;
mod anonymous;
mod consent;
mod console;
mod entry;
mod error;
mod fields;
mod flash;
mod next;
mod organisation;
mod public;
mod signed_in;

pub use error::{is_for_people, render_error};

use std::sync::Arc;

use axum::Extension;
use chrono::{DateTime, Utc};
use colophon_core::Core;
use colophon_http::cookie::Cookies;
use colophon_http::{Rate, Routes};

use crate::views::Frame;
use crate::{asset_routes, text};

/// The operations of the TrackOrigin contract that are pages, one `METHOD path` each.
pub const CONTRACT_PAGES: &[&str] = &[
    "GET /",
    "GET /account",
    "GET /api-keys",
    "GET /dashboard",
    "GET /developers",
    "GET /forgot-password",
    "GET /login",
    "GET /oauth/authorize",
    "GET /reset-password",
    "GET /signup",
    "GET /verify",
    "POST /oauth/authorize/decide",
];

/// Every page and asset. `attempts` is how often one address may try passwords and mailed links;
/// `cookies` says how cookies are written.
#[must_use]
pub fn routes(attempts: &Rate, cookies: Cookies) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/", public::home)
        .get("/verify", public::verify)
        .get("/developers", public::developers)
        .merge(entry::routes(attempts))
        .merge(account::routes(attempts))
        .merge(organisation::routes(attempts))
        .merge(consent::routes())
        .merge(console::routes(attempts))
        .layer(Extension(cookies))
        .merge(asset_routes())
}

fn frame() -> Frame {
    Frame::new(env!("CARGO_PKG_VERSION"))
}

fn utc(at: DateTime<Utc>) -> String {
    text::utc(&at)
}
