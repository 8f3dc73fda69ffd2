//! Whoever is signed in: who they are, what they sent, what they are shown.

use std::marker::PhantomData;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::access::Caller;
use colophon_core::audit::By;
use colophon_core::identity::{self, SessionKind};
use colophon_core::{Core, Error, Kind};
use colophon_http::cookie::{self, Cookies};
use colophon_http::{Failure, Result, origin, same_origin};

use super::fields::Fields;
use super::flash::Flash;
use super::next;
use crate::response::render_status;
use crate::views::Session;

/// A part of the site: whom it lets in as what, and where to sign in for it.
pub(super) trait Area: Send + Sync + 'static {
    /// Its first page.
    const HOME: &'static str;
    /// Where to sign in for it.
    const SIGN_IN: &'static str;

    /// What the session may do here; `None` leads it to [`Area::SIGN_IN`].
    fn admit(
        core: &Core,
        session: &identity::Session,
        parts: &mut Parts,
    ) -> impl Future<Output = Result<Option<Caller>>> + Send;
}

/// The pages that run the server.
pub(super) struct Console;

/// A person's own pages.
pub(super) struct Account;

/// The pages of the organisation that the path names as `{org}`.
pub(super) struct Organisation;

impl Area for Console {
    const HOME: &'static str = "/console";
    const SIGN_IN: &'static str = "/console/login";

    async fn admit(_: &Core, session: &identity::Session, _: &mut Parts) -> Result<Option<Caller>> {
        // A session of an operator's own affairs does not run the server: the password is asked
        // for again.
        if session.kind != SessionKind::Operator {
            return Ok(None);
        }
        if !session.person.operator {
            return Err(not_an_operator().into());
        }
        Ok(Some(session.caller.clone()))
    }
}

impl Area for Account {
    const HOME: &'static str = "/account";
    const SIGN_IN: &'static str = "/login";

    async fn admit(_: &Core, session: &identity::Session, _: &mut Parts) -> Result<Option<Caller>> {
        Ok(Some(session.caller.clone()))
    }
}

impl Area for Organisation {
    const HOME: &'static str = "/account/organisations";
    const SIGN_IN: &'static str = Account::SIGN_IN;

    async fn admit(
        core: &Core,
        session: &identity::Session,
        parts: &mut Parts,
    ) -> Result<Option<Caller>> {
        let path = RawPathParams::from_request_parts(parts, &())
            .await
            .map_err(Error::internal)?;
        let org = path.iter().find(|(name, _)| *name == "org");
        let org_id = org.map_or("", |(_, text)| text).parse()?;
        Ok(Some(identity::caller_in(core, session, org_id).await?))
    }
}

fn not_an_operator() -> Error {
    Error::new(
        Kind::Forbidden,
        "not_an_operator",
        "This account does not run this server. Sign in with one that does.",
    )
}

/// Somebody with a running session; whoever has none is led to the sign-in page.
pub(super) struct SignedIn<A> {
    /// What they may do, and in which organisation.
    pub(super) caller: Caller,
    session: Arc<identity::Session>,
    by: By,
    flash: Option<&'static str>,
    cookies: Cookies,
    area: PhantomData<A>,
}

/// Whoever runs the server.
pub(super) type Operator = SignedIn<Console>;
/// Whoever looks after their own account.
pub(super) type Person = SignedIn<Account>;
/// Whoever looks after an organisation of theirs.
pub(super) type Member = SignedIn<Organisation>;

/// A form that was sent from a page of this server.
pub(super) struct Posted<A> {
    pub(super) from: SignedIn<A>,
    pub(super) fields: Fields,
}

impl<A: Area> FromRequestParts<Arc<Core>> for SignedIn<A> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Response> {
        let found = find(parts, core)
            .await
            .map_err(IntoResponse::into_response)?;
        found.ok_or_else(|| sign_in_first::<A>(parts))
    }
}

async fn find<A: Area>(parts: &mut Parts, core: &Core) -> Result<Option<SignedIn<A>>> {
    let Extension(cookies) = Extension::<Cookies>::from_request_parts(parts, &())
        .await
        .map_err(Error::internal)?;
    let token = cookie::get(&parts.headers, cookie::SESSION);
    let Some(session) = running(core, token).await? else {
        return Ok(None);
    };
    let caller = A::admit(core, &session, parts).await?;
    Ok(caller.map(|caller| SignedIn {
        caller,
        by: By::person(session.person.id, origin(parts)),
        session,
        flash: Flash::found(&parts.headers),
        cookies,
        area: PhantomData,
    }))
}

impl<A: Area> FromRequest<Arc<Core>> for Posted<A> {
    type Rejection = Response;

    async fn from_request(request: Request, core: &Arc<Core>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let from = SignedIn::from_request_parts(&mut parts, core).await?;
        let fields = async {
            same_origin::require(&parts.headers, &core.public_url)?;
            let fields = Fields::read(Request::from_parts(parts, body)).await?;
            fields.require_token(from.csrf())?;
            Ok::<_, Failure>(fields)
        };
        let fields = fields.await.map_err(IntoResponse::into_response)?;
        Ok(Self { from, fields })
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
fn sign_in_first<A: Area>(parts: &Parts) -> Response {
    let back = parts.uri.path_and_query().map(|back| back.as_str());
    let back = back.filter(|back| parts.method == Method::GET && *back != A::HOME);
    Redirect::to(&next::with(A::SIGN_IN, back)).into_response()
}

impl<A> SignedIn<A> {
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
            email: self.session.person.email.clone(),
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
        done.lead(self.cookies, path)
    }
}
