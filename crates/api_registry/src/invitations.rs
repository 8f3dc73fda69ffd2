//! `POST /invitations/accept` and `/invitations/decline`, for who is invited.

use std::sync::Arc;

use axum::extract::State;
use colophon_core::organisations::{self, Invitation};
use colophon_core::{Core, InvitationId, OrgId};
use colophon_http::{Json, Result, SignedIn};
use serde::{Deserialize, Serialize};

/// What the invitation's e-mail carries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    token: String,
}

/// The invitation, answered.
#[derive(Debug, Serialize)]
pub struct Answered {
    id: InvitationId,
    organisation_id: OrgId,
    organisation: String,
    role: String,
    status: &'static str,
}

impl From<Invitation> for Answered {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            organisation_id: invitation.org_id,
            organisation: invitation.organisation,
            role: invitation.role,
            status: invitation.status.name(),
        }
    }
}

/// `POST /invitations/accept`
pub(crate) async fn accept(
    State(core): State<Arc<Core>>,
    SignedIn { session, by }: SignedIn,
    Json(Input { token }): Json<Input>,
) -> Result<Json<Answered>> {
    let accepted = organisations::accept(&core, &session.person, &by, &token).await?;
    Ok(Json(accepted.into()))
}

/// `POST /invitations/decline`
pub(crate) async fn decline(
    State(core): State<Arc<Core>>,
    SignedIn { session, by }: SignedIn,
    Json(Input { token }): Json<Input>,
) -> Result<Json<Answered>> {
    let declined = organisations::decline(&core, &session.person, &by, &token).await?;
    Ok(Json(declined.into()))
}
