//! `POST /v1/apikeys/`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use colophon_core::access::{self, KeyHolder, KeyKind, NewKey, Permission};
use colophon_core::{Core, Error, Kind, OrgId, PersonId, organisations};
use colophon_http::{Acting, Json, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Key, latest};

/// The contract's default.
const DAYS: i64 = 365;

/// The key to make.
#[derive(Debug, Deserialize)]
pub struct Input {
    account_id: Uuid,
    description: Option<String>,
    expires_in_days: Option<i64>,
}

/// The new key; `raw_key` is shown this once.
#[derive(Serialize)]
pub struct Output {
    #[serde(flatten)]
    key: Key,
    raw_key: String,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(input): Json<Input>,
) -> Result<(StatusCode, Json<Output>)> {
    let person = caller.person()?;
    let holder = holder(&core, OrgId(input.account_id), person).await?;
    let days = input.expires_in_days.unwrap_or(DAYS);
    if days < 1 {
        return Err(Error::invalid("expires_in_days", "must be 1 or more").into());
    }
    let new = NewKey {
        name: input.description.as_deref().unwrap_or_default(),
        expires_at: Some(after(core.clock.now(), days)),
        created_by: Some(person),
        ..NewKey::new(KeyKind::Lumethic, false)
    };
    let made = access::create_key(&core, &by, holder, &new)
        .await
        .map_err(as_description)?;
    let output = Output {
        key: Key::from(&made.key),
        raw_key: made.secret.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(output)))
}

/// The account, refused where the person may not make keys for it, existing or not.
async fn holder(core: &Core, account: OrgId, person: PersonId) -> Result<KeyHolder, Error> {
    let grants = organisations::grants(&core.db, account, person).await?;
    if grants.everywhere.has(Permission::ManageApiKeys) {
        return Ok(KeyHolder::trusted(account));
    }
    Err(Error::new(
        Kind::Forbidden,
        "access_denied",
        "User does not have access to the specified account.",
    ))
}

fn after(now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    Duration::try_days(days)
        .and_then(|days| now.checked_add_signed(days))
        .map_or_else(latest, |at| at.min(latest()))
}

/// What the core calls a name is the description here.
fn as_description(mut error: Error) -> Error {
    for fault in &mut error.fields {
        if fault.field == "name" {
            "description".clone_into(&mut fault.field);
        }
    }
    error
}
