//! `GET /api/v1/oauth/me`: the profile of whoever let the app, with scope `read:profile`.

use std::sync::Arc;

use axum::extract::State;
use colophon_core::Core;
use colophon_core::identity::{self, ExternalLink};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

/// What the consent page says: name, handle and profile; no e-mail address.
#[derive(Debug, Serialize)]
pub struct Output {
    artist_id: String,
    handle: Option<String>,
    display_name: String,
    bio: String,
    location: String,
    external_links: Vec<ExternalLink>,
    avatar_url: Option<String>,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    let person = identity::me(&core, &caller).await?;
    Ok(Json(Output {
        artist_id: person.id.to_string(),
        avatar_url: identity::avatar_url(&core, &person).await?,
        handle: person.handle,
        display_name: person.name,
        bio: person.bio,
        location: person.location,
        external_links: person.links,
    }))
}
