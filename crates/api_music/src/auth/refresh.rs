//! `POST /v1/auth/refresh`: new tokens for a refresh token, from the body or the cookie.
//!
//! A dead session takes its cookies with it, so that a browser does not believe itself signed in.
//! Every other refusal leaves them: a session that is only throttled lives on, and a form of another
//! site takes nothing away.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use colophon_core::audit::Origin;
use colophon_core::identity::{self, Audience, Credentials};
use colophon_core::{Core, Error, Kind};
use colophon_http::cookie::{self, Cookies};
use colophon_http::{Failure, Json, Result, read_body, same_origin};
use serde::Deserialize;

use super::Tokens;

/// The refresh token, where it is no cookie.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    refresh_token: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    colophon_http::From(origin): colophon_http::From,
    headers: HeaderMap,
    request: Request,
) -> Result<Response> {
    let given = input(request).await?.map(|input| input.refresh_token);
    if given.is_none() {
        same_origin::require(&headers, &core.public_url)?;
    }
    let token = given
        .as_deref()
        .or_else(|| cookie::get(&headers, cookie::REFRESH));
    let now = core.clock.now();
    match refresh(&core, &origin, token).await {
        Ok(credentials) => {
            let mut headers = HeaderMap::new();
            cookies.sign_in(&mut headers, &credentials, now);
            Ok((headers, Json(Tokens::new(credentials, now))).into_response())
        }
        Err(error) if error.kind == Kind::Unauthenticated => {
            let mut response = Failure::from(error).into_response();
            cookies.sign_out(response.headers_mut());
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

async fn refresh(core: &Core, origin: &Origin, token: Option<&str>) -> Result<Credentials, Error> {
    let token = token.ok_or_else(|| {
        Error::new(
            Kind::Unauthenticated,
            "missing_credential",
            "A refresh token is needed, in the body or as the cookie to_rt.",
        )
    })?;
    identity::refresh(core, token, Audience::Artist, origin).await
}

/// The body, which may be left out or be `null`.
async fn input(request: Request) -> Result<Option<Input>> {
    let (parts, body) = request.into_parts();
    let body = read_body(body).await?;
    if body.is_empty() {
        return Ok(None);
    }
    let request = Request::from_parts(parts, Body::from(body));
    let Json(input) = Json::<Option<Input>>::from_request(request, &()).await?;
    Ok(input)
}
