//! `POST /v1/admin/login`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use colophon_core::Core;
use colophon_core::identity;
use colophon_http::cookie::{self, Cookies, SameSite};
use colophon_http::{Json, Result};
use serde::{Deserialize, Serialize};

use crate::auth::seconds_until;

/// The longest that browsers keep a cookie: 400 days, in seconds.
const FINGERPRINT_FOR: u64 = 400 * 24 * 60 * 60;

/// Who signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The operator's e-mail address.
    username: String,
    password: String,
}

/// A token for the operations of `/v1/admin`.
#[derive(Serialize)]
pub struct Output {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
}

/// Every visit, also one that is refused, leaves the cookie by which a browser is known that
/// guesses from another address.
pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    colophon_http::From(origin): colophon_http::From,
    headers: HeaderMap,
    input: Result<Json<Input>>,
) -> Response {
    let known = cookie::get(&headers, cookie::OPERATOR_FINGERPRINT).filter(|text| is_ours(text));
    let fingerprint = known.map_or_else(|| core.ids.next().simple().to_string(), str::to_owned);
    let answer = async {
        let Json(Input { username, password }) = input?;
        let print = Some(fingerprint.as_str());
        let credentials =
            identity::sign_in_operator(&core, &origin, print, &username, &password).await?;
        Ok(Json(Output {
            expires_in: seconds_until(credentials.access_expires_at, core.clock.now()),
            access_token: credentials.access,
            token_type: "bearer",
        }))
    };
    let answer: Result<Json<Output>> = answer.await;
    let mut response = answer.into_response();
    cookies.set(
        response.headers_mut(),
        cookie::OPERATOR_FINGERPRINT,
        &fingerprint,
        SameSite::Strict,
        Some(FINGERPRINT_FOR),
    );
    response
}

/// Whether the text can be one of ours: it is written back as it came.
fn is_ours(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
