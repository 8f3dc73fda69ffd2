//! `POST /v1/accounts/login`: a token for a person.

use std::sync::Arc;

use axum::extract::State;
use colophon_core::identity::{self, Audience};
use colophon_core::{Core, Error, organisations};
use colophon_http::{Json, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who signs in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    email: String,
    password: String,
}

/// The token, and the account to make API keys for.
#[derive(Serialize)]
pub struct Output {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    user: User,
    /// The person's own organisation.
    account_id: Uuid,
}

#[derive(Debug, Serialize)]
struct User {
    id: Uuid,
    email: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    colophon_http::From(origin): colophon_http::From,
    Json(input): Json<Input>,
) -> Result<Json<Output>> {
    let email = identity::email_address("email", &input.email)?;
    let user = Audience::Photographer;
    let credentials = identity::sign_in(&core, &origin, user, &email, &input.password).await?;
    let organisations = organisations::of_person(&core.db, credentials.person).await?;
    let personal = organisations
        .iter()
        .find(|organisation| organisation.personal_of == Some(credentials.person))
        .ok_or_else(|| Error::not_found("account"))?;
    let left = credentials
        .access_expires_at
        .signed_duration_since(core.clock.now());
    Ok(Json(Output {
        access_token: credentials.access,
        token_type: "bearer",
        expires_in: left.num_seconds().max(0),
        user: User {
            id: credentials.person.into(),
            email,
        },
        account_id: personal.id.into(),
    }))
}
