//! `POST /v1/auth/login`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use colophon_core::Core;
use colophon_core::identity::{self, Audience};
use colophon_http::cookie::Cookies;
use colophon_http::{Json, Result};
use serde::{Deserialize, Serialize};

use super::{Artist, Tokens};

/// Who signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    email: String,
    password: String,
}

/// The tokens, which are cookies too, and whose they are.
#[derive(Serialize)]
pub struct Output {
    #[serde(flatten)]
    tokens: Tokens,
    artist: Artist,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    colophon_http::From(origin): colophon_http::From,
    Json(input): Json<Input>,
) -> Result<(HeaderMap, Json<Output>)> {
    let email = identity::email_address("email", &input.email)?;
    let artist = Audience::Artist;
    let credentials = identity::sign_in(&core, &origin, artist, &email, &input.password).await?;
    let person = identity::get(&core, credentials.person).await?;
    let now = core.clock.now();
    let mut headers = HeaderMap::new();
    cookies.sign_in(&mut headers, &credentials, now);
    let output = Output {
        tokens: Tokens::new(credentials, now),
        artist: Artist::from(&person),
    };
    Ok((headers, Json(output)))
}
