//! `POST /v1/me/delete`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use colophon_core::{Core, identity};
use colophon_http::cookie::Cookies;
use colophon_http::{Json, Result, SignedIn};
use serde::Deserialize;

use crate::auth::Status;

/// Said twice, so that a stolen cookie alone deletes nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    confirm_email: String,
    confirm_delete: bool,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    SignedIn { session, by }: SignedIn,
    Json(input): Json<Input>,
) -> Result<(HeaderMap, Json<Status>)> {
    let (email, sure) = (&input.confirm_email, input.confirm_delete);
    identity::delete(&core, &session, &by, email, sure).await?;
    let mut headers = HeaderMap::new();
    cookies.sign_out(&mut headers);
    let output = Status {
        status: "deleted",
        message: "The account is deleted. Signed public records stay, and name nobody.",
    };
    Ok((headers, Json(output)))
}
