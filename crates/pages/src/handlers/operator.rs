//! The one signed in: who they are, what they sent, what they are shown.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::audit::By;
use colophon_core::identity::SessionKind;
use colophon_core::{Core, Error, Kind, identity};
use colophon_http::cookie::{self, Cookies};
use colophon_http::{Failure, Result, origin};

use super::fields::Fields;
use super::flash::Flash;
use super::same_origin;
use crate::response::render_status;
use crate::views::Session;

/// An operator with a running session; whoever has none is led to the sign-in page.
pub(super) struct Operator {
    session: Arc<identity::Session>,
    by: By,
    flash: Option<&'static str>,
    cookies: Cookies,
}

/// A form that an operator sent from a page of this server.
pub(super) struct Posted {
    pub(super) operator: Operator,
    pub(super) fields: Fields,
}

impl FromRequestParts<Arc<Core>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Response> {
        let Extension(cookies) = Extension::<Cookies>::from_request_parts(parts, core)
            .await
            .map_err(|missing| Failure::from(Error::internal(missing)).into_response())?;
        let token = cookie::get(&parts.headers, cookie::SESSION);
        let session = running(core, token)
            .await
            .map_err(IntoResponse::into_response)?;
        // A session of an operator's own affairs does not run the server: the password is asked
        // for again.
        let session = session.filter(|session| session.kind == SessionKind::Operator);
        let Some(session) = session else {
            return Err(sign_in_first(parts));
        };
        if !session.person.operator {
            return Err(Failure::from(not_an_operator()).into_response());
        }
        let by = By::person(session.person.id, origin(parts));
        let flash = Flash::found(&parts.headers);
        Ok(Self {
            session,
            by,
            flash,
            cookies,
        })
    }
}

impl FromRequest<Arc<Core>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, core: &Arc<Core>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let operator = Operator::from_request_parts(&mut parts, core).await?;
        let fields = async {
            same_origin::require(&parts.headers, &core.public_url)?;
            let fields = Fields::read(Request::from_parts(parts, body)).await?;
            fields.require_token(operator.csrf())?;
            Ok::<_, Failure>(fields)
        };
        let fields = fields.await.map_err(IntoResponse::into_response)?;
        Ok(Self { operator, fields })
    }
}

/// The session that a cookie stands for, if it still runs.
pub(super) async fn running(
    core: &Core,
    token: Option<&str>,
) -> Result<Option<Arc<identity::Session>>> {
    match token {
        Some(token) => Ok(core.sessions.of_cookie(token).await?),
        None => Ok(None),
    }
}

/// Leads to the sign-in page, and from there back if this was only to look.
fn sign_in_first(parts: &Parts) -> Response {
    let back = parts.uri.path();
    if parts.method != Method::GET || back == "/console" {
        return Redirect::to("/console/login").into_response();
    }
    // The console's paths are letters, digits, slashes and underscores.
    Redirect::to(&format!("/console/login?next={back}")).into_response()
}

fn not_an_operator() -> Error {
    Error::new(
        Kind::Forbidden,
        "not_an_operator",
        "This account does not run this server. Sign in with one that does.",
    )
}

impl Operator {
    /// What every form of this session carries.
    pub(super) fn csrf(&self) -> &str {
        &self.session.csrf
    }

    /// The session.
    pub(super) fn session(&self) -> &identity::Session {
        &self.session
    }

    /// What the audit log is told.
    pub(super) fn by(&self) -> &By {
        &self.by
    }

    /// How this server writes cookies.
    pub(super) fn cookies(&self) -> Cookies {
        self.cookies
    }

    /// The session as pages show it.
    pub(super) fn view(&self) -> Session {
        Session {
            operator: self.session.person.email.clone(),
            csrf: self.session.csrf.clone(),
            flash: self.flash.map(Into::into),
        }
    }

    /// Answers with a page.
    pub(super) fn page(&self, status: StatusCode, page: &impl Template) -> Response {
        let mut response = render_status(status, page);
        if self.flash.is_some() {
            Flash::clear(self.cookies, response.headers_mut());
        }
        response
    }

    /// Leads on after something was done, and has the next page say so.
    pub(super) fn go(&self, path: &str, done: Flash) -> Response {
        go(self.cookies, path, done)
    }
}

/// Leads on (303, so that a reload does not send the form again), and has the next page say why.
pub(super) fn go(cookies: Cookies, path: &str, done: Flash) -> Response {
    let mut response = Redirect::to(path).into_response();
    done.leave(cookies, response.headers_mut());
    response
}
