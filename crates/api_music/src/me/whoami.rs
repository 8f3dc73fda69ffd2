//! `GET /api/v1/me`: which account a secret key belongs to.

use std::sync::Arc;

use axum::extract::State;
use colophon_core::access::{self, Permission};
use colophon_core::{Core, Kind, identity, organisations};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

use super::api_keys::Type;
use crate::auth::Artist;

/// The key, whose it is, and the artist behind it.
#[derive(Debug, Serialize)]
pub struct Output {
    organisation: Organisation,
    /// Whose personal organisation it is, or who made the key; nobody for a key that was made at
    /// the server's terminal, or whose maker's account is gone.
    artist: Option<Artist>,
    key: Key,
}

#[derive(Debug, Serialize)]
struct Organisation {
    org_id: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct Key {
    key_id: String,
    name: String,
    #[serde(rename = "type")]
    kind: Option<Type>,
    mode: &'static str,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    // A publishable key reads no account.
    caller.require(Permission::ReadAccount)?;
    let key = access::shown_key(&core, &caller).await?;
    let organisation = organisations::get(&core.db, caller.org_id).await?;
    let artist = match organisation.personal_of.or(key.created_by) {
        Some(person) => match identity::get(&core, person).await {
            Ok(person) => Some(Artist::from(&person)),
            Err(error) if error.kind == Kind::NotFound => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    Ok(Json(Output {
        organisation: Organisation {
            org_id: organisation.id.to_string(),
            name: organisation.name,
        },
        artist,
        key: Key {
            key_id: key.id.to_string(),
            kind: Type::of(key.kind),
            mode: if key.test { "test" } else { "live" },
            name: key.name,
        },
    }))
}
