//! `POST /v1/auth/password-reset/request` and `/confirm`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Json, Result};
use serde::Deserialize;

use super::Status;

/// Who forgot the password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    email: String,
}

/// Mails a link, if the address has an account; the answer does not tell.
pub(crate) async fn request(
    State(core): State<Arc<Core>>,
    Json(input): Json<Forgotten>,
) -> Result<Json<Status>> {
    let email = identity::email_address("email", &input.email)?;
    identity::request_reset(&core, &email).await?;
    Ok(Json(Status {
        status: "ok",
        message: "If this address has an account, a link to choose a new password is on its way.",
    }))
}

/// The mailed token and the new password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    token: String,
    new_password: String,
}

/// Sets the password and ends every session.
pub(crate) async fn confirm(
    State(core): State<Arc<Core>>,
    colophon_http::From(origin): colophon_http::From,
    Json(input): Json<Chosen>,
) -> Result<Json<Status>> {
    identity::reset_password(&core, &origin, &input.token, &input.new_password).await?;
    Ok(Json(Status {
        status: "password_reset",
        message: "The new password is set, and every session has ended. Sign in.",
    }))
}
