//! `GET /api/customer/v1/locations`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, organisations};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

/// Every location of the company.
#[derive(Debug, Serialize)]
pub struct Output {
    locations: Vec<Location>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    id: String,
    name: String,
    code: Option<String>,
    status: &'static str,
    display_label: String,
}

pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    let found = organisations::locations(&core.db, &caller).await?;
    let locations = found.into_iter().map(|location| Location {
        id: location.id.to_string(),
        display_label: match &location.code {
            Some(code) => format!("{} ({code})", location.name),
            None => location.name.clone(),
        },
        name: location.name,
        code: location.code,
        status: if location.active {
            "active"
        } else {
            "archived"
        },
    });
    Ok(Json(Output {
        locations: locations.collect(),
    }))
}
