//! `/organisations/{org}/locations…`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::organisations::{self, Location, LocationChange, NewLocation};
use colophon_core::{Core, LocationId};
use colophon_http::{Json, Path, Result};
use serde::{Deserialize, Serialize};

use super::InOrganisation;
use crate::utc;

/// A place of the organisation.
#[derive(Debug, Serialize)]
pub struct View {
    id: LocationId,
    name: String,
    code: Option<String>,
    status: Status,
    created_at: String,
}

/// Whether a location is in use.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is.
    Active,
    /// It is kept for what refers to it.
    Archived,
}

impl From<Location> for View {
    fn from(location: Location) -> Self {
        Self {
            id: location.id,
            name: location.name,
            code: location.code,
            status: if location.active {
                Status::Active
            } else {
                Status::Archived
            },
            created_at: utc(location.created_at),
        }
    }
}

/// Every location, in the order they were added.
#[derive(Debug, Serialize)]
pub struct List {
    locations: Vec<View>,
}

/// `GET /organisations/{org}/locations`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
) -> Result<Json<List>> {
    let found = organisations::locations(&core.db, &caller).await?;
    Ok(Json(List {
        locations: found.into_iter().map(View::from).collect(),
    }))
}

/// The location to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    name: String,
    code: Option<String>,
}

/// `POST /organisations/{org}/locations`
pub(crate) async fn add(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<View>)> {
    let new = NewLocation {
        name: &new.name,
        code: new.code.as_deref(),
    };
    let added = organisations::add_location(&core, &caller, &by, new).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// What to change; what is left out or `null` stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    name: Option<String>,
    /// An empty text clears it.
    code: Option<String>,
    status: Option<Status>,
}

/// `PATCH /organisations/{org}/locations/{location}`
pub(crate) async fn update(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, id)): Path<(String, String)>,
    Json(change): Json<Change>,
) -> Result<Json<View>> {
    let change = LocationChange {
        name: change.name.as_deref(),
        code: change.code.as_deref(),
        active: change.status.map(|status| status == Status::Active),
    };
    let changed = organisations::update_location(&core, &caller, &by, id.parse()?, change).await?;
    Ok(Json(changed.into()))
}
