//! `POST /v1/auth/oidc-bridge`: who is signed in at a partner's identity provider is signed in here.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use colophon_core::{Core, Error, identity};
use colophon_http::cookie::Cookies;
use colophon_http::{Json, Result};
use serde::Deserialize;

use super::{Opened, opened};

/// Bytes of an ID token (TrackOrigin contract, `OIDCBridgeBody`).
const ID_TOKEN: std::ops::RangeInclusive<usize> = 20..=8192;

/// What the provider signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    id_token: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    colophon_http::From(origin): colophon_http::From,
    Json(Input { id_token }): Json<Input>,
) -> Result<(HeaderMap, Json<Opened>)> {
    if !ID_TOKEN.contains(&id_token.len()) {
        return Err(Error::invalid("id_token", "must have 20 to 8192 characters").into());
    }
    let credentials = identity::bridge(&core, &origin, &id_token).await?;
    opened(&core, cookies, credentials).await
}
