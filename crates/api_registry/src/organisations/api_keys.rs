//! `/organisations/{org}/keys…`: API keys of every contract.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::Days;
use colophon_core::access::{self, ApiKey, CreatedKey, KeyHolder, NewKey, Permission};
use colophon_core::{ApiKeyId, Core, Error, PersonId};
use colophon_http::{Json, Path, Result};
use serde::{Deserialize, Serialize};

use super::InOrganisation;
use crate::utc;

/// How long a rotated key goes on working when nobody says: a day.
const GRACE_SECONDS: u64 = 24 * 60 * 60;

/// A key, without its secret.
#[derive(Debug, Serialize)]
pub struct View {
    id: ApiKeyId,
    kind: &'static str,
    test: bool,
    name: String,
    /// The first characters of the secret.
    start: String,
    permissions: Vec<&'static str>,
    created_by: Option<PersonId>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

impl From<ApiKey> for View {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            kind: key.kind.name(),
            test: key.test,
            name: key.name,
            start: key.start,
            permissions: key.permissions.iter().map(Permission::key).collect(),
            created_by: key.created_by,
            created_at: utc(key.created_at),
            expires_at: key.expires_at.map(utc),
            revoked_at: key.revoked_at.map(utc),
            last_used_at: key.last_used_at.map(utc),
        }
    }
}

/// A new key; its secret is shown this once.
#[derive(Serialize)]
pub struct Created {
    #[serde(flatten)]
    key: View,
    secret: String,
}

impl From<CreatedKey> for Created {
    fn from(made: CreatedKey) -> Self {
        Self {
            key: made.key.into(),
            secret: made.secret.reveal().to_owned(),
        }
    }
}

/// Every key, newest first.
#[derive(Debug, Serialize)]
pub struct List {
    keys: Vec<View>,
}

/// `GET /organisations/{org}/keys`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
) -> Result<Json<List>> {
    let keys = access::list_keys(&core, KeyHolder::of(&caller)?).await?;
    Ok(Json(List {
        keys: keys.into_iter().map(View::from).collect(),
    }))
}

/// The key to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    test: bool,
    expires_in_days: Option<u64>,
    /// Less than all that its kind may.
    permissions: Option<Vec<String>>,
}

/// `POST /organisations/{org}/keys`
pub(crate) async fn create(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<Created>)> {
    let days = new.expires_in_days;
    if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Error::invalid("expires_in_days", "must be 1 to 3,650").into());
    }
    let limited = new.permissions.map(|keys| {
        let permissions = keys.iter().map(|key| key.parse::<Permission>());
        permissions.collect::<Result<_, Error>>()
    });
    let new = NewKey {
        name: &new.name,
        expires_at: days.map(|days| core.clock.now() + Days::new(days)),
        permissions: limited.transpose()?,
        created_by: caller.person().ok(),
        ..NewKey::new(new.kind.parse()?, new.test)
    };
    let made = access::create_key(&core, &by, KeyHolder::of(&caller)?, &new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// How long the old key goes on working.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    #[serde(default = "usual_grace")]
    grace_seconds: u64,
}

fn usual_grace() -> u64 {
    GRACE_SECONDS
}

/// `POST /organisations/{org}/keys/{key}/rotate`: the successor.
pub(crate) async fn rotate(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, id)): Path<(String, String)>,
    Json(Grace { grace_seconds }): Json<Grace>,
) -> Result<(StatusCode, Json<Created>)> {
    let grace = Duration::from_secs(grace_seconds);
    let made = access::rotate_key(&core, &by, KeyHolder::of(&caller)?, id.parse()?, grace).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// `DELETE /organisations/{org}/keys/{key}`: the key, revoked.
pub(crate) async fn revoke(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<View>> {
    let revoked = access::revoke_key(&core, &by, KeyHolder::of(&caller)?, id.parse()?).await?;
    Ok(Json(revoked.into()))
}
