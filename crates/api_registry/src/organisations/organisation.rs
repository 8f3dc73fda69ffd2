//! `/organisations` and `/organisations/{org}`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::access::Permission;
use colophon_core::organisations::{self, Organisation, OrganisationChange};
use colophon_core::{Core, OrgId};
use colophon_http::{Acting, Json, Result, SignedIn};
use serde::{Deserialize, Serialize};

use super::InOrganisation;
use crate::utc;

/// An organisation as its members see it.
#[derive(Debug, Serialize)]
pub struct View {
    id: OrgId,
    name: String,
    slug: String,
    plan: &'static str,
    contact_email: Option<String>,
    /// Whether it came with the person's account and ends with it.
    personal: bool,
    created_at: String,
}

impl From<Organisation> for View {
    fn from(of: Organisation) -> Self {
        Self {
            id: of.id,
            name: of.name,
            slug: of.slug,
            plan: of.plan.name(),
            contact_email: of.contact_email,
            personal: of.personal_of.is_some(),
            created_at: utc(of.created_at),
        }
    }
}

/// What the person belongs to.
#[derive(Debug, Serialize)]
pub struct List {
    organisations: Vec<View>,
}

/// `GET /organisations`: the personal one first.
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    SignedIn { session, .. }: SignedIn,
) -> Result<Json<List>> {
    let found = organisations::of_person(&core.db, session.person.id).await?;
    Ok(Json(List {
        organisations: found.into_iter().map(View::from).collect(),
    }))
}

/// The organisation to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    name: String,
}

/// `POST /organisations`: the person owns it.
pub(crate) async fn create(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<View>)> {
    let made = organisations::create_own(&core, &caller, &by, &new.name).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// `GET /organisations/{org}`
pub(crate) async fn show(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
) -> Result<Json<View>> {
    caller.require(Permission::ViewOrganisation)?;
    let found = organisations::get(&core.db, caller.org_id).await?;
    Ok(Json(found.into()))
}

/// What to change; what is left out or `null` stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    name: Option<String>,
    /// An empty text clears it.
    contact_email: Option<String>,
}

/// `PATCH /organisations/{org}`
pub(crate) async fn update(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Json(change): Json<Change>,
) -> Result<Json<View>> {
    let change = OrganisationChange {
        name: change.name.as_deref(),
        contact_email: change.contact_email.as_deref(),
    };
    let changed = organisations::update(&core, &caller, &by, change).await?;
    Ok(Json(changed.into()))
}
