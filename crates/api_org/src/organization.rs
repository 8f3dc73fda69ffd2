//! `GET /api/customer/v1/organization`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::access::Permission;
use colophon_core::{Core, organisations};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

/// The company that a key belongs to.
#[derive(Debug, Serialize)]
pub struct Output {
    organization: Organization,
}

#[derive(Debug, Serialize)]
struct Organization {
    id: String,
    name: String,
    slug: String,
    status: &'static str,
}

pub(crate) async fn show(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    caller.require(Permission::ViewOrganisation)?;
    let found = organisations::get(&core.db, caller.org_id).await?;
    Ok(Json(Output {
        organization: Organization {
            id: found.id.to_string(),
            name: found.name,
            slug: found.slug,
            status: if found.active { "active" } else { "suspended" },
        },
    }))
}
