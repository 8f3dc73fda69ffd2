//! Which API key a request shows, and whose it is.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use colophon_core::access::{Caller, KeyKind};
use colophon_core::{Core, Error, Kind};

use crate::{CredentialId, Failure, Layer};

/// How the routes of a product authenticate: which header, which kinds of key, and what
/// happens without one.
#[derive(Clone)]
pub struct ApiKeys {
    core: Arc<Core>,
    accepted: &'static [KeyKind],
    present: fn(&HeaderMap) -> Option<&str>,
    required: bool,
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeys")
            .field("accepted", &self.accepted)
            .finish_non_exhaustive()
    }
}

/// The token of `Authorization: Bearer …`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of `X-API-Key`.
#[must_use]
pub fn x_api_key(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-api-key")?.to_str().ok().map(str::trim)
}

impl ApiKeys {
    /// A key must be shown.
    #[must_use]
    pub fn required(
        core: Arc<Core>,
        accepted: &'static [KeyKind],
        present: fn(&HeaderMap) -> Option<&str>,
    ) -> Self {
        Self {
            core,
            accepted,
            present,
            required: true,
        }
    }

    /// A key may be shown; a wrong one is refused all the same, so that a typo is not silently
    /// anonymous (rules.md B4).
    #[must_use]
    pub fn optional(
        core: Arc<Core>,
        accepted: &'static [KeyKind],
        present: fn(&HeaderMap) -> Option<&str>,
    ) -> Self {
        Self {
            core,
            accepted,
            present,
            required: false,
        }
    }

    /// The layer, for [`crate::Routes::layer`].
    pub fn layer(&self) -> Layer<Self> {
        from_fn_with_state(self.clone(), |State(keys): State<Self>, request, next| {
            Box::pin(authenticate(keys, request, next))
        })
    }
}

async fn authenticate(keys: ApiKeys, mut request: Request, next: Next) -> Response {
    match (keys.present)(request.headers()) {
        Some(secret) => match keys.core.keys.caller(secret, keys.accepted).await {
            Ok(caller) => {
                let extensions = request.extensions_mut();
                extensions.insert(CredentialId(caller.key_id.to_string()));
                extensions.insert(caller);
            }
            Err(error) => return Failure::from(error).into_response(),
        },
        None if keys.required => return missing().into_response(),
        None => {}
    }
    next.run(request).await
}

fn missing() -> Failure {
    Error::new(
        Kind::Unauthenticated,
        "missing_api_key",
        "This operation needs an API key in the header that its document names.",
    )
    .into()
}

/// The caller, for handlers whose routes require a key.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Caller>()
            .cloned()
            .map(Self)
            .ok_or_else(missing)
    }
}
