//! Who a request is from: which credential it shows, and whether it may be shown here.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use colophon_core::access::{Caller, KeyKind};
use colophon_core::audit::{By, Origin};
use colophon_core::identity::{Audience, Session, SessionKind};
use colophon_core::{Core, Error, Kind};
use subtle::ConstantTimeEq as _;

use crate::{ClientIp, CredentialId, Failure, Layer, cookie, same_origin};

/// The header that repeats the `to_csrf` cookie.
const CSRF_HEADER: &str = "x-csrf-token";

/// A credential that routes take.
#[derive(Clone, Copy)]
pub enum Accept {
    /// An API key of one of these kinds, where `present` finds one.
    Key {
        /// Which kinds.
        kinds: &'static [KeyKind],
        /// Where the key is.
        present: fn(&HeaderMap) -> Option<&str>,
    },
    /// An access token of one of these audiences in `Authorization: Bearer`.
    Token(&'static [Audience]),
    /// An access token of this audience in the cookie `to_at`. A request that changes something
    /// comes from a page of this server and repeats the cookie `to_csrf` in `X-CSRF-Token`.
    TokenCookie(Audience),
    /// A session's cookie, where `present` finds one. A request that changes something comes from
    /// a page of this server.
    SessionCookie(fn(&HeaderMap) -> Option<&str>),
    /// An OAuth access token in `Authorization: Bearer`.
    OAuth,
}

/// How the routes of a product authenticate: the first of the accepted credentials that a request
/// shows decides, whatever else it shows (rules.md B3).
#[derive(Clone)]
pub struct Gate {
    core: Arc<Core>,
    accept: &'static [Accept],
    /// What a request without a credential is answered; it is let in where there is none.
    without: Option<Kind>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// The token of `Authorization: Bearer …`; empty where it is missing or no text, which is a wrong
/// token and not none.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(6)?;
    let ends = token.first().is_none_or(|byte| *byte == b' ');
    (ends && scheme.eq_ignore_ascii_case(b"bearer")).then(|| text(token))
}

/// The same, unless it has the three parts of a JWT: for routes that take both.
#[must_use]
pub fn bearer_key(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).filter(|token| !is_jwt(token))
}

fn is_jwt(token: &str) -> bool {
    token.split('.').count() == 3
}

/// The value of `X-API-Key`; empty where it is no text, which is a wrong key and not none.
#[must_use]
pub fn x_api_key(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-api-key").map(|value| text(value.as_bytes()))
}

fn text(value: &[u8]) -> &str {
    str::from_utf8(value).unwrap_or_default().trim()
}

impl Gate {
    /// A credential must be shown; a request without one is answered 401.
    #[must_use]
    pub fn required(core: &Arc<Core>, accept: &'static [Accept]) -> Self {
        Self {
            core: Arc::clone(core),
            accept,
            without: Some(Kind::Unauthenticated),
        }
    }

    /// A credential must be shown; a request without a valid one is answered 403 (Idle Atlas
    /// contract, key management).
    #[must_use]
    pub fn forbidding(core: &Arc<Core>, accept: &'static [Accept]) -> Self {
        Self {
            without: Some(Kind::Forbidden),
            ..Self::required(core, accept)
        }
    }

    /// A credential may be shown; a wrong one is refused all the same, so that a typo is not
    /// silently anonymous (rules.md B4).
    #[must_use]
    pub fn optional(core: &Arc<Core>, accept: &'static [Accept]) -> Self {
        Self {
            without: None,
            ..Self::required(core, accept)
        }
    }

    /// The layer, for [`crate::Routes::layer`].
    pub fn layer(&self) -> Layer<Self> {
        from_fn_with_state(self.clone(), |State(gate): State<Self>, request, next| {
            Box::pin(challenge(gate, request, next))
        })
    }

    /// What the request shows; `None` when it shows nothing that is taken here.
    async fn find(&self, method: &Method, headers: &HeaderMap) -> Option<Result<Found, Error>> {
        for accept in self.accept {
            let found = match *accept {
                Accept::Key { kinds, present } => match present(headers) {
                    Some(secret) => self.core.keys.caller(secret, kinds).await.map(Found::Key),
                    None => continue,
                },
                Accept::Token(audiences) => match bearer(headers) {
                    Some(token) => self.token(audiences, token).await.map(Found::Session),
                    None => continue,
                },
                Accept::TokenCookie(audience) => match cookie::get(headers, cookie::ACCESS) {
                    Some(token) => match self.token(&[audience], token).await {
                        Ok(session) => self
                            .require_own_page(method, headers)
                            .and_then(|()| double_submit(method, headers, &session))
                            .map(|()| Found::Session(session)),
                        Err(error) => Err(error),
                    },
                    None => continue,
                },
                Accept::SessionCookie(present) => match present(headers) {
                    Some(value) => match self.core.sessions.of_cookie(value).await {
                        Ok(Some(session)) => self
                            .require_own_page(method, headers)
                            .map(|()| Found::Session(session)),
                        Ok(None) => Err(session_over()),
                        Err(error) => Err(error),
                    },
                    None => continue,
                },
                Accept::OAuth => match bearer(headers) {
                    Some(token) => colophon_core::oauth::caller(&self.core, token)
                        .await
                        .map(Found::Key),
                    None => continue,
                },
            };
            return Some(found);
        }
        None
    }

    /// What a request that shows nothing is told.
    fn missing(&self, kind: Kind) -> Failure {
        let keys_only = self
            .accept
            .iter()
            .all(|accept| matches!(accept, Accept::Key { .. }));
        if keys_only {
            Error::new(kind, "missing_api_key", "This operation needs an API key.").into()
        } else {
            missing(kind)
        }
    }

    fn require_own_page(&self, method: &Method, headers: &HeaderMap) -> Result<(), Error> {
        if changes(method) {
            same_origin::require(headers, &self.core.public_url)?;
        }
        Ok(())
    }

    async fn token(&self, audiences: &[Audience], token: &str) -> Result<Arc<Session>, Error> {
        let core = &self.core;
        let now = core.clock.now();
        let (audience, session, person) = core.access_tokens.read(audiences, token, now)?;
        let session = core
            .sessions
            .of_id(session)
            .await?
            .ok_or_else(session_over)?;
        let wanted = match audience {
            Audience::Operator => SessionKind::Operator,
            Audience::Artist | Audience::Photographer => SessionKind::Person,
        };
        if session.person.id != person || session.kind != wanted {
            return Err(session_over());
        }
        Ok(session)
    }
}

enum Found {
    Key(Caller),
    Session(Arc<Session>),
}

/// Says beside a refusal what is wrong with the token, on routes of OAuth (RFC 6750 §3).
async fn challenge(gate: Gate, request: Request, next: Next) -> Response {
    let oauth = gate.accept.iter().any(|one| matches!(one, Accept::OAuth));
    let shown = bearer(request.headers()).is_some();
    let mut response = authenticate(gate, request, next).await;
    let challenge = match response.status() {
        StatusCode::UNAUTHORIZED if shown => "Bearer error=\"invalid_token\"",
        StatusCode::UNAUTHORIZED => "Bearer",
        StatusCode::FORBIDDEN => "Bearer error=\"insufficient_scope\"",
        _ => return response,
    };
    if oauth {
        let challenge = HeaderValue::from_static(challenge);
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

async fn authenticate(gate: Gate, mut request: Request, next: Next) -> Response {
    let found = gate.find(request.method(), request.headers()).await;
    let caller = match (found, gate.without) {
        (Some(Ok(Found::Key(caller))), _) => caller,
        (Some(Ok(Found::Session(session))), _) => {
            let caller = session.caller.clone();
            request.extensions_mut().insert(session);
            caller
        }
        (Some(Err(mut error)), without) => {
            if error.kind == Kind::Unauthenticated && without == Some(Kind::Forbidden) {
                error.kind = Kind::Forbidden;
            }
            return Failure::from(error).into_response();
        }
        (None, Some(kind)) => return gate.missing(kind).into_response(),
        (None, None) => return next.run(request).await,
    };
    let extensions = request.extensions_mut();
    extensions.insert(CredentialId(caller.credential_id()));
    extensions.insert(caller);
    next.run(request).await
}

fn missing(kind: Kind) -> Failure {
    Error::new(
        kind,
        "missing_credential",
        "This operation needs a credential: the one that its document names.",
    )
    .into()
}

fn session_over() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "session_ended",
        "This session has ended. Sign in again.",
    )
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn double_submit(method: &Method, headers: &HeaderMap, session: &Session) -> Result<(), Error> {
    if !changes(method) {
        return Ok(());
    }
    let header = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let cookie = cookie::get(headers, cookie::CSRF).unwrap_or("");
    let same = |text: &str| bool::from(text.as_bytes().ct_eq(session.csrf.as_bytes()));
    if same(header) && same(cookie) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Forbidden,
        "csrf_token_wrong",
        "A request with cookies that changes something repeats the cookie to_csrf in X-CSRF-Token.",
    ))
}

/// The caller, for handlers whose routes require a credential.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller
            .map(Self)
            .ok_or_else(|| missing(Kind::Unauthenticated))
    }
}

/// The caller, and what the audit log is told: for handlers that change something.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub caller: Caller,
    /// Who and from where.
    pub by: By,
}

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        let by = By::caller(&caller, origin(parts));
        Ok(Self { caller, by })
    }
}

/// The session, and what the audit log is told: for handlers about the session itself.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Arc<Session>,
    /// Who and from where.
    pub by: By,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let session = parts.extensions.get::<Arc<Session>>().cloned();
        let session = session.ok_or_else(|| missing(Kind::Unauthenticated))?;
        let by = By::person(session.person.id, origin(parts));
        Ok(Self { session, by })
    }
}

/// An operator's session: for handlers that run the server.
#[derive(Clone, Debug)]
pub struct Operating {
    /// The session.
    pub session: Arc<Session>,
    /// Who and from where.
    pub by: By,
}

impl<S: Send + Sync> FromRequestParts<S> for Operating {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let SignedIn { session, by } = SignedIn::from_request_parts(parts, state).await?;
        if session.kind == SessionKind::Operator && session.person.operator {
            return Ok(Self { session, by });
        }
        let refused = Error::new(
            Kind::Forbidden,
            "not_an_operator",
            "This is for the people who run this server.",
        );
        Err(refused.into())
    }
}

/// Where a request comes from, for what happens before anybody is known.
#[derive(Clone, Debug)]
pub struct From(pub Origin);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(origin(parts)))
    }
}

/// The address and the program of a request.
#[must_use]
pub fn origin(parts: &Parts) -> Origin {
    let user_agent = parts
        .headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    match parts.extensions.get::<ClientIp>() {
        Some(ip) => Origin::new(ip.0, user_agent),
        None => Origin::new("", user_agent),
    }
}
