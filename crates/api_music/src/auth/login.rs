//! `POST /v1/auth/login`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use colophon_core::Core;
use colophon_core::identity::{self, Audience};
use colophon_http::cookie::Cookies;
use colophon_http::{Json, Result};
use serde::Deserialize;

use super::{Opened, opened};

/// Who signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    email: String,
    password: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    colophon_http::From(origin): colophon_http::From,
    Json(input): Json<Input>,
) -> Result<(HeaderMap, Json<Opened>)> {
    let email = identity::email_address("email", &input.email)?;
    let artist = Audience::Artist;
    let credentials = identity::sign_in(&core, &origin, artist, &email, &input.password).await?;
    opened(&core, cookies, credentials).await
}
