//! Forms sent before there is a session: signing in and setting up.
//!
//! The token in the form must be the one in a cookie that no other site can have sent along
//! (`SameSite=Strict`) or read.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use colophon_core::audit::Origin;
use colophon_core::identity::Session;
use colophon_core::{Core, Error, fingerprint};
use colophon_http::cookie::{self, Cookies, SameSite};
use colophon_http::{Failure, Result, origin, same_origin};

use super::fields::Fields;
use super::flash::Flash;
use super::{next, signed_in};
use crate::response::render_status;

const COOKIE: &str = "colophon_form";

/// Someone who is not signed in, or not known to be.
pub(super) struct Visitor {
    /// What the form carries.
    pub(super) form_token: String,
    /// A word from the step before.
    pub(super) flash: Option<&'static str>,
    /// How this server writes cookies.
    pub(super) cookies: Cookies,
    /// Where the browser was on its way to before its owner signed up.
    pub(super) remembered: Option<String>,
    /// The session that the browser claims to have.
    session: Option<String>,
    /// What the browser is known by when it guesses passwords.
    pub(super) fingerprint: Option<String>,
    /// Where the request comes from.
    pub(super) origin: Origin,
}

/// A form that a visitor sent from a page of this server.
pub(super) struct Sent {
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
}

fn known_token(headers: &HeaderMap) -> Option<&str> {
    cookie::get(headers, COOKIE)
        .filter(|token| token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl FromRequestParts<Arc<Core>> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self> {
        let Extension(cookies) = Extension::from_request_parts(parts, core)
            .await
            .map_err(Error::internal)?;
        // A second tab must not end the first one's form.
        let form_token = known_token(&parts.headers)
            .map(str::to_owned)
            .unwrap_or_else(|| {
                // Two UUIDv7 hold 148 random bits.
                hex::encode(fingerprint(&format!(
                    "{} {}",
                    core.ids.next(),
                    core.ids.next()
                )))
            });
        Ok(Self {
            form_token,
            flash: Flash::found(&parts.headers),
            cookies,
            remembered: next::remembered(&parts.headers),
            session: cookie::get(&parts.headers, cookie::SESSION).map(str::to_owned),
            fingerprint: cookie::get(&parts.headers, cookie::OPERATOR_FINGERPRINT)
                .map(str::to_owned),
            origin: origin(parts),
        })
    }
}

impl FromRequest<Arc<Core>> for Sent {
    type Rejection = Failure;

    async fn from_request(request: Request, core: &Arc<Core>) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        same_origin::require(&parts.headers, &core.public_url)?;
        // Without the cookie this is a fresh token, which no form can carry.
        let visitor = Visitor::from_request_parts(&mut parts, core).await?;
        let fields = Fields::read(Request::from_parts(parts, body)).await?;
        fields.require_token(&visitor.form_token)?;
        Ok(Self { visitor, fields })
    }
}

impl Visitor {
    /// The session that the browser has, if it runs.
    pub(super) async fn session(&self, core: &Core) -> Result<Option<Arc<Session>>> {
        signed_in::running(core, self.session.as_deref()).await
    }

    /// Answers with a page whose form carries the token.
    pub(super) fn page(&self, status: StatusCode, page: &impl askama::Template) -> Response {
        let mut response = render_status(status, page).into_response();
        let headers = response.headers_mut();
        self.cookies
            .set(headers, COOKIE, &self.form_token, SameSite::Strict, None);
        if self.flash.is_some() {
            Flash::clear(self.cookies, headers);
        }
        response
    }
}
