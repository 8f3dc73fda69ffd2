//! One member: roles, and whether they are let in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::access::{OWNER, Permission, Role};
use colophon_core::organisations::{self, Assignment, require_over, require_role};
use colophon_core::{AssignmentId, Core, MembershipId};
use colophon_http::{Path, Result};

use super::{choice, location, path, within};
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Member, Organisation, Posted};
use crate::views::{Form, MemberPage};

/// `{org}` and `{member}`; the organisation is the caller's.
type Named = Path<(String, String)>;

/// `GET /account/organisations/{org}/members/{member}`
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Path((_, member)): Named,
    from: Member,
) -> Result<Response> {
    let form = Form::new(from.csrf());
    page(&core, &from, member.parse()?, StatusCode::OK, form).await
}

/// `POST …/roles`
pub(super) async fn give_role(
    State(core): State<Arc<Core>>,
    Path((_, member)): Named,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let id: MembershipId = member.parse()?;
    let given = match location(&fields) {
        Ok(at) => {
            let role = fields.get("role");
            organisations::assign_role(&core, &from.caller, from.by(), id, role, at).await
        }
        Err(error) => Err(error),
    };
    match given {
        Ok(_) => Ok(from.go(&of(&from, id), Flash::RoleGiven)),
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            page(&core, &from, id, status, form).await
        }
    }
}

/// `POST …/roles/{assignment}/remove`
pub(super) async fn take_role(
    State(core): State<Arc<Core>>,
    Path((_, member, assignment)): Path<(String, String, String)>,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let (id, assignment): (_, AssignmentId) = (member.parse()?, assignment.parse()?);
    organisations::unassign_role(&core, &from.caller, from.by(), id, assignment).await?;
    Ok(from.go(&of(&from, id), Flash::RoleTaken))
}

/// `POST …/suspend`
pub(super) async fn suspend(
    State(core): State<Arc<Core>>,
    Path((_, member)): Named,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let id = member.parse()?;
    organisations::suspend_member(&core, &from.caller, from.by(), id).await?;
    Ok(from.go(&of(&from, id), Flash::MemberSuspended))
}

/// `POST …/resume`
pub(super) async fn resume(
    State(core): State<Arc<Core>>,
    Path((_, member)): Named,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let id = member.parse()?;
    organisations::resume_member(&core, &from.caller, from.by(), id).await?;
    Ok(from.go(&of(&from, id), Flash::MemberResumed))
}

/// `POST …/remove`
pub(super) async fn remove(
    State(core): State<Arc<Core>>,
    Path((_, member)): Named,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let id = member.parse()?;
    organisations::remove_member(&core, &from.caller, from.by(), id).await?;
    let members = format!("{}/members", path(from.caller.org_id));
    Ok(from.go(&members, Flash::MemberRemoved))
}

/// `POST …/transfer`
pub(super) async fn transfer(
    State(core): State<Arc<Core>>,
    Path((_, member)): Named,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let id = member.parse()?;
    organisations::transfer_ownership(&core, &from.caller, from.by(), id).await?;
    Ok(from.go(&of(&from, id), Flash::OrganisationTransferred))
}

fn of(from: &Member, member: MembershipId) -> String {
    format!("{}/members/{member}", path(from.caller.org_id))
}

async fn page(
    core: &Core,
    from: &Member,
    id: MembershipId,
    status: StatusCode,
    form: Form,
) -> Result<Response> {
    let caller = &from.caller;
    let member = organisations::member(&core.db, caller, id).await?;
    let organisation = organisations::get(&core.db, caller.org_id).await?;
    let is_last_owner = member.is_last(organisations::owners(&core.db, caller).await?);
    let is_self = member.person_id == from.session().person.id;
    let may_take = |held: &Assignment| {
        let role = Role::find(&held.role);
        let above =
            role.is_none_or(|role| require_role(caller, role, held.scope.location()).is_ok());
        above && !(is_last_owner && held.role == OWNER)
    };
    let page = MemberPage {
        frame: frame(),
        session: from.view(),
        within: within(from),
        choice: choice(core, from).await?,
        may_take: member.roles.iter().map(may_take).collect(),
        may_judge: !is_self && !is_last_owner && require_over(caller, &member).is_ok(),
        may_transfer: !is_self
            && member.active
            && organisation.personal_of.is_none()
            && caller.require(Permission::TransferOwnership).is_ok(),
        is_self,
        is_last_owner,
        member,
        form,
    };
    Ok(from.page(status, &page))
}
