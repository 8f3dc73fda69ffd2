//! `/v1/me/…`: an artist's own account.

pub(crate) mod api_keys;
pub(crate) mod api_usage;
pub(crate) mod avatar;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod handle;
pub(crate) mod ml_training;
pub(crate) mod profile;
pub(crate) mod show;
pub(crate) mod whoami;

use colophon_core::identity::{self, ExternalLink, Person};
use colophon_core::{Core, Error};
use serde::Serialize;

use crate::auth::Artist;
use crate::utc;

/// An artist's whole profile, as its owner sees it.
#[derive(Debug, Serialize)]
pub(crate) struct Profile {
    #[serde(flatten)]
    artist: Artist,
    bio: String,
    location: String,
    external_links: Vec<ExternalLink>,
    avatar_url: Option<String>,
    ml_training_opt_out: bool,
    created_at: String,
}

impl Profile {
    async fn of(core: &Core, person: Person) -> Result<Self, Error> {
        Ok(Self {
            artist: Artist::from(&person),
            avatar_url: identity::avatar_url(core, &person).await?,
            bio: person.bio,
            location: person.location,
            external_links: person.links,
            ml_training_opt_out: person.ml_opt_out,
            created_at: utc(person.created_at),
        })
    }
}
