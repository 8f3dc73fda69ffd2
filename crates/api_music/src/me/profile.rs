//! `PATCH /v1/me/profile`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::Core;
use colophon_core::identity::{self, ExternalLink, ProfileChange};
use colophon_http::{Acting, Json, Result};
use serde::Deserialize;

use super::Profile;

/// What to change; what is left out or `null` stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    bio: Option<String>,
    location: Option<String>,
    external_links: Option<Vec<Link>>,
}

/// A link elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

impl From<Link> for ExternalLink {
    fn from(Link { kind, url }: Link) -> Self {
        Self { kind, url }
    }
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(input): Json<Input>,
) -> Result<Json<Profile>> {
    let links: Option<Vec<ExternalLink>> = input
        .external_links
        .map(|links| links.into_iter().map(ExternalLink::from).collect());
    let change = ProfileChange {
        name: None,
        bio: input.bio.as_deref(),
        location: input.location.as_deref(),
        links: links.as_deref(),
    };
    let person = identity::update(&core, &caller, &by, change).await?;
    Ok(Json(Profile::of(&core, person).await?))
}
