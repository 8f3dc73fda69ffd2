//! `POST /v1/auth/signup`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::Core;
use colophon_core::identity::{self, SignUp};
use colophon_http::{Json, Result};
use serde::{Deserialize, Serialize};

/// Who signs up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    email: String,
    password: String,
    display_name: String,
    handle: Option<String>,
    #[serde(default)]
    accept_terms: bool,
    #[serde(default)]
    confirm_age_18: bool,
}

/// The same for a new address and for one that has an account.
#[derive(Debug, Serialize)]
pub struct Output {
    status: &'static str,
    email: String,
    message: &'static str,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    colophon_http::From(origin): colophon_http::From,
    Json(input): Json<Input>,
) -> Result<(StatusCode, Json<Output>)> {
    let new = SignUp {
        email: &input.email,
        password: &input.password,
        name: &input.display_name,
        handle: input.handle.as_deref(),
        accept_terms: input.accept_terms,
        confirm_age_18: input.confirm_age_18,
    };
    identity::sign_up(&core, &origin, new).await?;
    let output = Output {
        status: "verification_required",
        email: input.email,
        message: "Follow the link that we sent to this address, then sign in.",
    };
    Ok((StatusCode::CREATED, Json(output)))
}
