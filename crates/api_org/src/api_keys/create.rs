//! `POST /api/customer/v1/api-keys`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::Duration;
use colophon_core::access::{self, KeyHolder, KeyKind, NewKey};
use colophon_core::{Core, Error};
use colophon_http::{Acting, Json, Result};
use serde::{Deserialize, Serialize};

use super::{ApiKey, view};

/// The key to make.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    name: String,
    expires_in_days: Option<i64>,
}

/// The new key; the secret is shown this once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    api_key: ApiKey,
    secret: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(input): Json<Input>,
) -> Result<(StatusCode, Json<Output>)> {
    let holder = KeyHolder::of(&caller)?;
    if input.name.trim().is_empty() {
        return Err(Error::invalid("name", "must not be empty").into());
    }
    let days = input.expires_in_days;
    if days.is_some_and(|days| !(1..=365).contains(&days)) {
        return Err(Error::invalid("expiresInDays", "must be 1 to 365").into());
    }
    let new = NewKey {
        name: &input.name,
        expires_at: days.map(|days| core.clock.now() + Duration::days(days)),
        created_by: caller.person().ok(),
        ..NewKey::new(KeyKind::Atlas, false)
    };
    let made = access::create_key(&core, &by, holder, &new).await?;
    let output = Output {
        api_key: view(&made.key),
        secret: made.secret.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(output)))
}
