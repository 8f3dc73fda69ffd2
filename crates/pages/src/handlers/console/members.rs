//! Who belongs to an organisation, as its server's operator sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, Error, Kind, MembershipId, OrgId, Result as CoreResult};
use colophon_core::{identity, organisations};
use colophon_http::{Path, Query, Result};

use crate::handlers::fields::Fields;
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::views::{ConsoleMembersPage, Form};

/// Members on a page.
const SHOWN: usize = 50;

/// `GET /console/organisations/{org}/members?after=…`
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Path(org): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    operator: Operator,
) -> Result<Response> {
    let after = query.get("after").map(|id| id.parse()).transpose()?;
    let form = Form::new(operator.csrf());
    page(&core, &operator, org.parse()?, after, StatusCode::OK, form).await
}

/// `POST /console/organisations/{org}/members`
pub(super) async fn add(
    State(core): State<Arc<Core>>,
    Path(org): Path<String>,
    Posted {
        from: operator,
        fields,
    }: Posted<Console>,
) -> Result<Response> {
    let org_id: OrgId = org.parse()?;
    match added(&core, &operator, org_id, &fields).await {
        Ok(()) => Ok(operator.go(&path(org_id), Flash::MemberAdded)),
        Err(error) => {
            let (status, form) = fields.refused(operator.csrf(), error)?;
            page(&core, &operator, org_id, None, status, form).await
        }
    }
}

async fn added(core: &Core, operator: &Operator, org_id: OrgId, fields: &Fields) -> CoreResult<()> {
    let person = identity::find(core, fields.get("person")).await;
    let person = person.map_err(|error| match error.kind {
        Kind::NotFound => Error::invalid("person", "has no account here"),
        _ => error,
    })?;
    let role = fields.get("role");
    organisations::add_by_operator(core, operator.by(), org_id, person.id, role).await?;
    Ok(())
}

fn path(org_id: OrgId) -> String {
    format!("/console/organisations/{org_id}/members")
}

async fn page(
    core: &Core,
    operator: &Operator,
    org_id: OrgId,
    after: Option<MembershipId>,
    status: StatusCode,
    form: Form,
) -> Result<Response> {
    let organisation = organisations::get(&core.db, org_id).await?;
    let found = organisations::members_of(&core.db, org_id, after, SHOWN).await?;
    let page = ConsoleMembersPage {
        frame: frame(),
        session: operator.view(),
        personal: organisation.personal_of.is_some(),
        organisation: organisation.name,
        id: org_id,
        more_url: found
            .next_after
            .map(|after| format!("{}?after={after}", path(org_id))),
        members: found.members,
        form,
    };
    Ok(operator.page(status, &page))
}
