//! `/organisations/{org}/members…`: who belongs to an organisation, and as what.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::organisations::{self, Assignment, Member};
use colophon_core::{AssignmentId, Core, LocationId, MembershipId, PersonId};
use colophon_http::{Json, Path, Query, Result};
use serde::{Deserialize, Serialize};

use super::{InOrganisation, Place, place};
use crate::{limit, utc};

/// A person in the organisation.
#[derive(Debug, Serialize)]
pub struct View {
    id: MembershipId,
    person_id: PersonId,
    email: String,
    name: String,
    status: &'static str,
    joined_at: String,
    roles: Vec<Held>,
}

/// A role that a member holds.
#[derive(Debug, Serialize)]
struct Held {
    id: AssignmentId,
    role: String,
    /// `null` is the whole organisation.
    location: Option<Place>,
}

impl From<Member> for View {
    fn from(member: Member) -> Self {
        Self {
            id: member.id,
            person_id: member.person_id,
            email: member.email,
            name: member.name,
            status: if member.active { "active" } else { "suspended" },
            joined_at: utc(member.joined_at),
            roles: member.roles.into_iter().map(Held::from).collect(),
        }
    }
}

impl From<Assignment> for Held {
    fn from(held: Assignment) -> Self {
        Self {
            id: held.id,
            role: held.role,
            location: place(held.scope),
        }
    }
}

/// `?after=&limit=`
#[derive(Debug, Deserialize)]
pub struct Paging {
    after: Option<MembershipId>,
    limit: Option<i64>,
}

/// Some members, in the order they joined.
#[derive(Debug, Serialize)]
pub struct List {
    members: Vec<View>,
    /// What `after` asks for the next page with.
    next_after: Option<MembershipId>,
}

/// `GET /organisations/{org}/members`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
    Query(paging): Query<Paging>,
) -> Result<Json<List>> {
    let limit = limit(paging.limit, 1_000)?;
    let page = organisations::members(&core.db, &caller, paging.after, limit).await?;
    Ok(Json(List {
        members: page.members.into_iter().map(View::from).collect(),
        next_after: page.next_after,
    }))
}

/// The role to give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    role: String,
    location_id: Option<LocationId>,
}

/// `POST /organisations/{org}/members/{member}/roles`
pub(crate) async fn assign(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, member)): Path<(String, String)>,
    Json(given): Json<Role>,
) -> Result<Json<View>> {
    let (member, location) = (member.parse()?, given.location_id);
    let member =
        organisations::assign_role(&core, &caller, &by, member, &given.role, location).await?;
    Ok(Json(member.into()))
}

/// `DELETE /organisations/{org}/members/{member}/roles/{assignment}`
pub(crate) async fn unassign(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, member, held)): Path<(String, String, String)>,
) -> Result<Json<View>> {
    let (member, held) = (member.parse()?, held.parse()?);
    let member = organisations::unassign_role(&core, &caller, &by, member, held).await?;
    Ok(Json(member.into()))
}

/// `POST /organisations/{org}/members/{member}/suspend`
pub(crate) async fn suspend(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, member)): Path<(String, String)>,
) -> Result<Json<View>> {
    let member = organisations::suspend_member(&core, &caller, &by, member.parse()?).await?;
    Ok(Json(member.into()))
}

/// `POST /organisations/{org}/members/{member}/resume`
pub(crate) async fn resume(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, member)): Path<(String, String)>,
) -> Result<Json<View>> {
    let member = organisations::resume_member(&core, &caller, &by, member.parse()?).await?;
    Ok(Json(member.into()))
}

/// `DELETE /organisations/{org}/members/{member}`
pub(crate) async fn remove(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, member)): Path<(String, String)>,
) -> Result<StatusCode> {
    organisations::remove_member(&core, &caller, &by, member.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who owns the organisation from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heir {
    member_id: MembershipId,
}

/// `POST /organisations/{org}/transfer`
pub(crate) async fn transfer(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Json(Heir { member_id }): Json<Heir>,
) -> Result<Json<View>> {
    let owner = organisations::transfer_ownership(&core, &caller, &by, member_id).await?;
    Ok(Json(owner.into()))
}

/// `POST /organisations/{org}/leave`
pub(crate) async fn leave(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
) -> Result<StatusCode> {
    organisations::leave(&core, &caller, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
