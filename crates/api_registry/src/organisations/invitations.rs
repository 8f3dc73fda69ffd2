//! `/organisations/{org}/invitations…`, for who invites.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::organisations::{self, Invitation, NewInvitation};
use colophon_core::{Core, InvitationId, LocationId, PersonId};
use colophon_http::{Json, Path, Result};
use serde::{Deserialize, Serialize};

use super::{InOrganisation, Place, place};
use crate::utc;

/// An invitation, without its token, which only the e-mail has.
#[derive(Debug, Serialize)]
pub struct View {
    id: InvitationId,
    email: String,
    role: String,
    /// `null` is the whole organisation.
    location: Option<Place>,
    status: &'static str,
    invited_by: Option<PersonId>,
    created_at: String,
    expires_at: String,
}

impl From<Invitation> for View {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            location: place(invitation.scope),
            status: invitation.status.name(),
            invited_by: invitation.invited_by,
            created_at: utc(invitation.created_at),
            expires_at: utc(invitation.expires_at),
        }
    }
}

/// Every invitation, newest first.
#[derive(Debug, Serialize)]
pub struct List {
    invitations: Vec<View>,
}

/// `GET /organisations/{org}/invitations`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, .. }: InOrganisation,
) -> Result<Json<List>> {
    let found = organisations::invitations(&core, &caller).await?;
    Ok(Json(List {
        invitations: found.into_iter().map(View::from).collect(),
    }))
}

/// Whom to invite as what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    email: String,
    role: String,
    location_id: Option<LocationId>,
}

/// `POST /organisations/{org}/invitations`
pub(crate) async fn create(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<View>)> {
    let new = NewInvitation {
        email: &new.email,
        role: &new.role,
        location: new.location_id,
    };
    let sent = organisations::invite(&core, &caller, &by, new).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}

/// `POST /organisations/{org}/invitations/{invitation}/resend`
pub(crate) async fn resend(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<View>> {
    let sent = organisations::resend(&core, &caller, &by, id.parse()?).await?;
    Ok(Json(sent.into()))
}

/// `DELETE /organisations/{org}/invitations/{invitation}`: the invitation, taken back.
pub(crate) async fn revoke(
    State(core): State<Arc<Core>>,
    InOrganisation { caller, by }: InOrganisation,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<View>> {
    let revoked = organisations::revoke_invitation(&core, &caller, &by, id.parse()?).await?;
    Ok(Json(revoked.into()))
}
