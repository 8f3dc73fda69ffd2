//! `GET /v1/admin/artists/lookup`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Json, Operating, Query, Result};
use serde::{Deserialize, Serialize};

use crate::auth::Artist;
use crate::utc;

/// Who is looked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    email: String,
}

/// The artist of this address.
#[derive(Debug, Serialize)]
pub struct Output {
    #[serde(flatten)]
    artist: Artist,
    created_at: String,
}

pub(crate) async fn lookup(
    State(core): State<Arc<Core>>,
    _: Operating,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Output>> {
    let person = identity::find_by_email(&core, &wanted.email).await?;
    Ok(Json(Output {
        artist: Artist::from(&person),
        created_at: utc(person.created_at),
    }))
}
