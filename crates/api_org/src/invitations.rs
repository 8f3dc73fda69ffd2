//! `GET /api/customer/v1/invitations`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, organisations};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

use crate::utc;

/// Every invitation of the company, newest first.
#[derive(Debug, Serialize)]
pub struct Output {
    invitations: Vec<Invitation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    id: String,
    email: String,
    role_key: String,
    scope_type: &'static str,
    scope_id: Option<String>,
    scope_label: String,
    status: &'static str,
    expires_at: String,
    created_at: String,
}

pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    let found = organisations::invitations(&core, &caller).await?;
    let invitations = found.into_iter().map(|invitation| Invitation {
        id: invitation.id.to_string(),
        email: invitation.email,
        role_key: invitation.role,
        scope_type: invitation.scope.scope_type().key(),
        scope_id: invitation.scope.location().map(|id| id.to_string()),
        scope_label: invitation.scope.label().to_owned(),
        status: invitation.status.name(),
        expires_at: utc(invitation.expires_at),
        created_at: utc(invitation.created_at),
    });
    Ok(Json(Output {
        invitations: invitations.collect(),
    }))
}
