//! The table of paths.

use std::sync::Arc;

use axum::Extension;
use colophon_core::Core;
use colophon_core::access::KeyKind;
use colophon_core::identity::{AVATAR_BYTES, Audience};
use colophon_http::cookie::Cookies;
use colophon_http::{Accept, Gate, Idempotency, Rate, Routes, bearer};

use crate::{admin, auth, health, me, oauth, public_keys, transparency};

/// What limits this contract's routes.
#[derive(Debug)]
pub struct Rates {
    /// `/api/v1`: by address without a key, by key with one.
    pub api: Rate,
    /// Signing up and in, and whatever sends a letter: few a minute, by address without a session,
    /// by session with one.
    pub sign_in: Rate,
}

const API_KEY: Accept = Accept::Key {
    kinds: &[KeyKind::TrackOriginPublishable, KeyKind::TrackOriginSecret],
    present: bearer,
};

const ARTIST: &[Accept] = &[
    Accept::Token(&[Audience::Artist]),
    Accept::TokenCookie(Audience::Artist),
];

/// Room for what is around the file of a form.
const FORM_BYTES: u64 = 64 << 10;

/// Every route of the contract that is served.
#[must_use]
pub fn routes(core: &Arc<Core>, rates: &Rates, cookies: Cookies) -> Routes<Arc<Core>> {
    Routes::new()
        .merge(public())
        .merge(api(core, rates))
        .merge(sign_in(core, rates, cookies))
        .merge(account(core, cookies))
        .merge(operators(core, rates, cookies))
        .merge(apps(core, rates))
}

fn public() -> Routes<Arc<Core>> {
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
}

/// What programs call, with a key or, where it is public, without.
fn api(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let limit = || rates.api.layer();
    let public = Routes::new()
        .get("/api/v1/transparency/log", transparency::log)
        .with(limit())
        .public()
        .get("/api/v1/transparency/sth", transparency::tree_head)
        .with(limit())
        .public()
        .layer(Gate::optional(core, &[API_KEY]).layer());
    let with_key = Routes::new()
        .get("/api/v1/me", me::whoami::handle)
        .with(limit())
        .layer(Gate::required(core, &[API_KEY]).layer());
    public.merge(with_key)
}

/// Signing up, in and out.
fn sign_in(core: &Arc<Core>, rates: &Rates, cookies: Cookies) -> Routes<Arc<Core>> {
    let limit = || rates.sign_in.layer();
    let anybody = Routes::new()
        .post("/v1/auth/signup", auth::signup::handle)
        .with(limit())
        .post("/v1/auth/login", auth::login::handle)
        .with(limit())
        // A portal signs all its people in from one address.
        .post("/v1/auth/oidc-bridge", auth::oidc_bridge::handle)
        .with(rates.api.layer())
        .post("/v1/auth/refresh", auth::refresh::handle)
        .with(rates.api.layer())
        .post("/v1/auth/logout", auth::logout::this)
        .post(
            "/v1/auth/password-reset/request",
            auth::password_reset::request,
        )
        .with(limit())
        .post(
            "/v1/auth/password-reset/confirm",
            auth::password_reset::confirm,
        )
        .with(limit());
    let artist = Routes::new()
        .post("/v1/auth/logout-all", auth::logout::all)
        .post("/v1/auth/verify-email/resend", auth::verify_email::resend)
        .with(limit())
        .layer(Gate::required(core, ARTIST).layer());
    anybody.merge(artist).layer(Extension(cookies))
}

/// An artist's own account.
fn account(core: &Arc<Core>, cookies: Cookies) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/v1/me", me::show::handle)
        .patch("/v1/me/handle", me::handle::handle)
        .patch("/v1/me/profile", me::profile::handle)
        .patch("/v1/me/ml-training", me::ml_training::handle)
        .post("/v1/me/avatar", me::avatar::upload)
        .body_limit(AVATAR_BYTES as u64 + FORM_BYTES)
        .no_deadline()
        .delete("/v1/me/avatar", me::avatar::remove)
        .get("/v1/me/export", me::export::handle)
        .no_deadline()
        .post("/v1/me/delete", me::delete::handle)
        .get("/v1/me/api-keys", me::api_keys::list)
        .post("/v1/me/api-keys", me::api_keys::create)
        .with(Idempotency::refuse().layer())
        .delete("/v1/me/api-keys/{key_id}", me::api_keys::revoke)
        .put(
            "/v1/me/api-keys/{key_id}/frame-ancestors",
            me::api_keys::set_frame_ancestors,
        )
        .get("/v1/me/api-usage", me::api_usage::handle)
        .layer(Gate::required(core, ARTIST).layer())
        .layer(Extension(cookies))
}

/// Running the server.
fn operators(core: &Arc<Core>, rates: &Rates, cookies: Cookies) -> Routes<Arc<Core>> {
    let session = Gate::required(core, &[Accept::Token(&[Audience::Operator])]);
    let once = Idempotency::replay(core.db.clone(), core.clock.clone());
    let signed_in = Routes::new()
        .post("/v1/admin/logout", admin::logout::handle)
        .get("/v1/admin/artists/lookup", admin::artists::lookup)
        .post("/v1/admin/organisations", admin::organisations::create)
        .with(once.layer())
        .post(
            "/v1/admin/organisations/{org_id}/members",
            admin::organisations::add_member,
        )
        .with(once.layer())
        .post("/v1/admin/oauth/apps", admin::apps::register)
        .with(Idempotency::refuse().layer())
        .post("/v1/admin/oidc/issuers", admin::issuers::register)
        .with(once.layer())
        .layer(session.layer());
    Routes::new()
        .post("/v1/admin/login", admin::login::handle)
        .with(rates.sign_in.layer())
        .with(Extension(cookies))
        .merge(signed_in)
}

/// Programs of others that act for artists.
fn apps(core: &Arc<Core>, rates: &Rates) -> Routes<Arc<Core>> {
    let with_token = Routes::new()
        .get("/api/v1/oauth/me", oauth::me::handle)
        .with(rates.api.layer())
        .layer(Gate::required(core, &[Accept::OAuth]).layer());
    Routes::new()
        .post("/oauth/token", oauth::token::handle)
        .with(rates.api.layer())
        .merge(with_token)
}
