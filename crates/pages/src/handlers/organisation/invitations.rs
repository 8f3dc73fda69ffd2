//! Inviting people.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::access::Permission;
use colophon_core::organisations::{self, InvitationStatus, NewInvitation};
use colophon_core::{Core, InvitationId};
use colophon_http::{Path, Result};

use super::{choice, location, path, within};
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Member, Organisation, Posted};
use crate::views::{Form, InvitationRow, InvitationsPage};

/// `GET /account/organisations/{org}/invitations`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Member) -> Result<Response> {
    let form = Form::new(from.csrf());
    page(&core, &from, StatusCode::OK, form).await
}

/// `POST /account/organisations/{org}/invitations`
pub(super) async fn invite(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let invited = match location(&fields) {
        Ok(location) => {
            let new = NewInvitation {
                email: fields.get("email"),
                role: fields.get("role"),
                location,
            };
            organisations::invite(&core, &from.caller, from.by(), new).await
        }
        Err(error) => Err(error),
    };
    match invited {
        Ok(_) => Ok(from.go(&here(&from), Flash::Invited)),
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            page(&core, &from, status, form).await
        }
    }
}

/// `POST …/{invitation}/resend`
pub(super) async fn resend(
    State(core): State<Arc<Core>>,
    Path((_, invitation)): Path<(String, String)>,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let id: InvitationId = invitation.parse()?;
    organisations::resend(&core, &from.caller, from.by(), id).await?;
    Ok(from.go(&here(&from), Flash::InvitationResent))
}

/// `POST …/{invitation}/revoke`
pub(super) async fn revoke(
    State(core): State<Arc<Core>>,
    Path((_, invitation)): Path<(String, String)>,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let id: InvitationId = invitation.parse()?;
    organisations::revoke_invitation(&core, &from.caller, from.by(), id).await?;
    Ok(from.go(&here(&from), Flash::InvitationRevoked))
}

fn here(from: &Member) -> String {
    format!("{}/invitations", path(from.caller.org_id))
}

async fn page(core: &Core, from: &Member, status: StatusCode, form: Form) -> Result<Response> {
    let caller = &from.caller;
    let invitations = organisations::invitations(core, caller).await?;
    let rows = invitations.into_iter().map(|invitation| {
        let open = matches!(
            invitation.status,
            InvitationStatus::Pending | InvitationStatus::Expired
        );
        let at = invitation.scope.location();
        InvitationRow {
            may_change: open && caller.require_at(Permission::ManageMembers, at).is_ok(),
            invitation,
        }
    });
    let page = InvitationsPage {
        frame: frame(),
        session: from.view(),
        within: within(from),
        invitations: rows.collect(),
        choice: choice(core, from).await?,
        verified: from.session().person.email_verified_at.is_some(),
        form,
    };
    Ok(from.page(status, &page))
}
