//! `/v1/auth/…`: signing up, in and out.
//!
//! Whether an address has an account shows in no answer.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod oidc_bridge;
pub(crate) mod password_reset;
pub(crate) mod refresh;
pub(crate) mod signup;
pub(crate) mod verify_email;

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use colophon_core::Core;
use colophon_core::identity::{self, Credentials, Person};
use colophon_http::cookie::Cookies;
use colophon_http::{Json, Result};
use serde::Serialize;

/// An artist as every answer about one begins.
#[derive(Debug, Serialize)]
pub(crate) struct Artist {
    artist_id: String,
    email: String,
    handle: Option<String>,
    display_name: String,
    email_verified: bool,
}

impl From<&Person> for Artist {
    fn from(person: &Person) -> Self {
        Self {
            artist_id: person.id.to_string(),
            email: person.email.clone(),
            handle: person.handle.clone(),
            display_name: person.name.clone(),
            email_verified: person.email_verified_at.is_some(),
        }
    }
}

/// The tokens of a session, for programs; browsers have them as cookies.
#[derive(Serialize)]
pub(crate) struct Tokens {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    refresh_token: String,
}

impl Tokens {
    fn new(credentials: Credentials, now: DateTime<Utc>) -> Self {
        Self {
            expires_in: seconds_until(credentials.access_expires_at, now),
            access_token: credentials.access,
            token_type: "bearer",
            refresh_token: credentials.refresh,
        }
    }
}

/// The tokens of a session that was just opened, which are cookies too, and whose they are.
#[derive(Serialize)]
pub struct Opened {
    #[serde(flatten)]
    tokens: Tokens,
    artist: Artist,
}

async fn opened(
    core: &Core,
    cookies: Cookies,
    credentials: Credentials,
) -> Result<(HeaderMap, Json<Opened>)> {
    let person = identity::get(core, credentials.person).await?;
    let now = core.clock.now();
    let mut headers = HeaderMap::new();
    cookies.sign_in(&mut headers, &credentials, now);
    let output = Opened {
        tokens: Tokens::new(credentials, now),
        artist: Artist::from(&person),
    };
    Ok((headers, Json(output)))
}

pub(crate) fn seconds_until(end: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    end.signed_duration_since(now).num_seconds().max(0)
}

/// How it went, and what to do now.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) status: &'static str,
    pub(crate) message: &'static str,
}
