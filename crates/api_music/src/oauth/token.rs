//! `POST /oauth/token`: a code becomes an access token (RFC 6749 §4.1.3).
//!
//! Refusals are spelled as RFC 6749 §5.2 spells them, because that is what OAuth clients read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_core::audit::Origin;
use colophon_core::oauth::{self, Exchange, TOKEN_FOR, Token};
use colophon_core::{Core, Error, Kind};
use colophon_http::{Failure, Form, Json, Result};
use serde::{Deserialize, Serialize};

/// What a client sends. Parameters that mean nothing here are ignored (RFC 6749 §3.2).
#[derive(Deserialize)]
pub struct Input {
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    code_verifier: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// RFC 6749 §5.1.
#[derive(Serialize)]
pub struct Output {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    scope: String,
}

/// RFC 6749 §5.2, and beside it what every refusal of this contract has.
#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    error_description: String,
    detail: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    colophon_http::From(origin): colophon_http::From,
    headers: HeaderMap,
    input: Result<Form<Input>>,
) -> Response {
    let answer = async {
        let Form(input) = input.map_err(|Failure(error)| *error)?;
        exchange(&core, &origin, &headers, &input).await
    };
    let answer: Result<Token, Error> = answer.await;
    let response = match answer {
        Ok(token) => Json(Output {
            expires_in: TOKEN_FOR.as_secs(),
            access_token: token.token,
            token_type: "Bearer",
            scope: token.scope,
        })
        .into_response(),
        Err(error) => refusal(error),
    };
    let no_store = [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (no_store, response).into_response()
}

async fn exchange(
    core: &Core,
    origin: &Origin,
    headers: &HeaderMap,
    input: &Input,
) -> Result<Token, Error> {
    if input.grant_type != "authorization_code" {
        return Err(Error::new(
            Kind::Invalid,
            "unsupported_grant_type",
            "The grant_type must be authorization_code.",
        ));
    }
    let (client_id, client_secret) = client(headers, input)?;
    let show = Exchange {
        client_id: &client_id,
        client_secret: &client_secret,
        code: &input.code,
        redirect_uri: &input.redirect_uri,
        code_verifier: input.code_verifier.as_deref(),
    };
    oauth::exchange(core, origin, show).await
}

/// The client's name and secret: by HTTP Basic, else from the form, never from both (RFC 6749
/// §2.3).
fn client(headers: &HeaderMap, input: &Input) -> Result<(String, String), Error> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else {
        let field = |field: &Option<String>| field.clone().unwrap_or_default();
        return Ok((field(&input.client_id), field(&input.client_secret)));
    };
    let (id, secret) = sent.to_str().ok().and_then(basic).ok_or_else(|| {
        Error::new(
            Kind::Unauthenticated,
            "invalid_client",
            "The Authorization header is no HTTP Basic with a client_id and a client_secret.",
        )
    })?;
    let two_ways = input.client_secret.is_some();
    if two_ways || input.client_id.as_ref().is_some_and(|other| *other != id) {
        return Err(Error::new(
            Kind::Invalid,
            "invalid_request",
            "The client shows who it is in two ways.",
        ));
    }
    Ok((id, secret))
}

/// RFC 7617. Ours have no character that form encoding changes, so that none needs decoding.
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn refusal(error: Error) -> Response {
    let status = match error.kind {
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Invalid | Kind::UnsupportedMediaType => StatusCode::BAD_REQUEST,
        // What is no fault of the client has no name in the RFC.
        _ => return Failure::from(error).into_response(),
    };
    let refusal = Refusal {
        error: match error.code {
            "invalid_client" => "invalid_client",
            "invalid_grant" => "invalid_grant",
            "unsupported_grant_type" => "unsupported_grant_type",
            _ => "invalid_request",
        },
        error_description: error.detail.clone(),
        detail: error.detail,
    };
    let mut response = (status, Json(refusal)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let basic = header::HeaderValue::from_static("Basic realm=\"oauth\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, basic);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_read_from_http_basic() {
        let both = Some(("to_app_1".to_owned(), "to_cs_2:3".to_owned()));
        let encoded = STANDARD.encode("to_app_1:to_cs_2:3");
        assert_eq!(basic(&format!("Basic {encoded}")), both);
        assert_eq!(basic(&format!("basic {encoded}")), both);
        for wrong in ["Basic", "Bearer abc", "Basic %%%", "Basic dG9fYXBw"] {
            assert_eq!(basic(wrong), None, "{wrong}");
        }
    }
}
