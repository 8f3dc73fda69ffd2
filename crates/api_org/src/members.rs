//! `GET /api/customer/v1/members`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::Core;
use colophon_core::organisations::{self, Assignment, Member};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

use crate::utc;

/// Members read at once; the contract's list has no pages.
const PAGE: usize = 1_000;

/// Every member of the company.
#[derive(Debug, Serialize)]
pub struct Output {
    members: Vec<MemberView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    membership_id: String,
    user_id: String,
    email: String,
    name: Option<String>,
    status: &'static str,
    joined_at: String,
    roles: Vec<RoleView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleView {
    assignment_id: String,
    role_key: String,
    scope_type: &'static str,
    scope_id: Option<String>,
    scope_label: String,
}

pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let page = organisations::members(&core.db, &caller, after, PAGE).await?;
        members.extend(page.members.into_iter().map(view));
        after = page.next_after;
        if after.is_none() {
            break;
        }
    }
    Ok(Json(Output { members }))
}

fn view(member: Member) -> MemberView {
    MemberView {
        membership_id: member.id.to_string(),
        user_id: member.person_id.to_string(),
        email: member.email,
        name: Some(member.name).filter(|name| !name.is_empty()),
        status: if member.active { "active" } else { "suspended" },
        joined_at: utc(member.joined_at),
        roles: member.roles.into_iter().map(role).collect(),
    }
}

fn role(held: Assignment) -> RoleView {
    RoleView {
        assignment_id: held.id.to_string(),
        role_key: held.role,
        scope_type: held.scope.scope_type().key(),
        scope_id: held.scope.location().map(|id| id.to_string()),
        scope_label: held.scope.label().to_owned(),
    }
}
