//! `/v1/me/api-keys`: the keys of the artist's own programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::access::{self, ApiKey, KeyHolder, KeyKind, NewKey};
use colophon_core::{ApiKeyId, Core, Error};
use colophon_http::{Acting, Authenticated, Json, Path, Result};
use serde::{Deserialize, Serialize};

use crate::utc;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    /// In web pages: reads what is public.
    Publishable,
    /// On servers.
    Secret,
}

impl Type {
    /// Both types, and the kind of key that each is.
    pub(crate) const ALL: [(Self, KeyKind); 2] = [
        (Self::Publishable, KeyKind::TrackOriginPublishable),
        (Self::Secret, KeyKind::TrackOriginSecret),
    ];

    pub(crate) fn of(kind: KeyKind) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(_, of)| *of == kind);
        found.map(|(found, _)| found)
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::Publishable => KeyKind::TrackOriginPublishable,
            Self::Secret => KeyKind::TrackOriginSecret,
        }
    }
}

/// A key as its owner sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Key {
    key_id: String,
    name: String,
    #[serde(rename = "type")]
    kind: Type,
    mode: &'static str,
    prefix: String,
    frame_ancestors: Vec<String>,
    created_at: String,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl Key {
    /// `None` for a key of another contract.
    fn of(key: &ApiKey) -> Option<Self> {
        Some(Self {
            key_id: key.id.to_string(),
            name: key.name.clone(),
            kind: Type::of(key.kind)?,
            mode: if key.test { "test" } else { "live" },
            prefix: key.start.clone(),
            frame_ancestors: key.frame_ancestors.clone(),
            created_at: utc(key.created_at),
            last_used_at: key.last_used_at.map(utc),
            expires_at: key.expires_at.map(utc),
            revoked_at: key.revoked_at.map(utc),
        })
    }
}

/// One of the holder's keys of this contract.
async fn find(core: &Core, holder: KeyHolder, id: ApiKeyId) -> Result<Key, Error> {
    let key = access::get_key(core, holder, id).await?;
    Key::of(&key).ok_or_else(|| Error::not_found("API key"))
}

/// Every key, newest first.
#[derive(Debug, Serialize)]
pub struct List {
    api_keys: Vec<Key>,
}

/// `GET /v1/me/api-keys`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<List>> {
    let keys = access::list_keys(&core, KeyHolder::of(&caller)?).await?;
    Ok(Json(List {
        api_keys: keys.iter().filter_map(Key::of).collect(),
    }))
}

/// The key to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    name: String,
    #[serde(rename = "type")]
    kind: Type,
}

/// The new key; `api_key` is shown this once.
#[derive(Serialize)]
pub struct Created {
    #[serde(flatten)]
    key: Option<Key>,
    api_key: String,
}

/// `POST /v1/me/api-keys`
pub(crate) async fn create(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(input): Json<New>,
) -> Result<(StatusCode, Json<Created>)> {
    let holder = KeyHolder::of(&caller)?;
    if input.name.trim().is_empty() || input.name.chars().count() > 64 {
        return Err(Error::invalid("name", "must have 1 to 64 characters").into());
    }
    let new = NewKey {
        name: &input.name,
        created_by: caller.person().ok(),
        ..NewKey::new(input.kind.kind(), false)
    };
    let made = access::create_key(&core, &by, holder, &new).await?;
    let output = Created {
        key: Key::of(&made.key),
        api_key: made.secret.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(output)))
}

/// `DELETE /v1/me/api-keys/{key_id}`: the key, revoked. Revoking twice is no mistake.
pub(crate) async fn revoke(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
) -> Result<Json<Key>> {
    let (holder, id) = (KeyHolder::of(&caller)?, id.parse()?);
    find(&core, holder, id).await?;
    access::revoke_key(&core, &by, holder, id).await?;
    Ok(Json(find(&core, holder, id).await?))
}

/// Who may frame what the key started.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ancestors {
    #[serde(default)]
    frame_ancestors: Vec<String>,
}

/// `PUT /v1/me/api-keys/{key_id}/frame-ancestors`
pub(crate) async fn set_frame_ancestors(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
    Json(input): Json<Ancestors>,
) -> Result<Json<Key>> {
    let (holder, id) = (KeyHolder::of(&caller)?, id.parse()?);
    find(&core, holder, id).await?;
    access::set_frame_ancestors(&core, &by, holder, id, &input.frame_ancestors).await?;
    Ok(Json(find(&core, holder, id).await?))
}
