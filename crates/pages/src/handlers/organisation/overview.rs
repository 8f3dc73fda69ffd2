//! What an organisation is called, what it uses, and leaving it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::access::Permission;
use colophon_core::organisations::{self, OrganisationChange};
use colophon_core::{Core, records};
use colophon_http::Result;

use super::{path, within};
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Area as _, Member, Organisation, Posted};
use crate::views::{Form, OverviewPage};

/// `GET /account/organisations/{org}`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Member) -> Result<Response> {
    page(&core, &from, StatusCode::OK, None).await
}

/// `POST /account/organisations/{org}`
pub(super) async fn save(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let change = OrganisationChange {
        name: Some(fields.get("name")),
        contact_email: Some(fields.get("contact_email")),
    };
    match organisations::update(&core, &from.caller, from.by(), change).await {
        Ok(saved) => Ok(from.go(&path(saved.id), Flash::OrganisationSaved)),
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            page(&core, &from, status, Some(form)).await
        }
    }
}

/// `POST /account/organisations/{org}/leave`
pub(super) async fn leave(
    State(core): State<Arc<Core>>,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    organisations::leave(&core, &from.caller, from.by()).await?;
    Ok(from.go(Organisation::HOME, Flash::OrganisationLeft))
}

async fn page(
    core: &Core,
    from: &Member,
    status: StatusCode,
    refused: Option<Form>,
) -> Result<Response> {
    let caller = &from.caller;
    let organisation = organisations::get(&core.db, caller.org_id).await?;
    let month = core.clock.now().format("%Y-%m").to_string();
    let used = organisations::usage(&core.db, caller.org_id, records::METER, &month).await?;
    let owns = caller.require(Permission::TransferOwnership).is_ok();
    let is_last = owns && organisations::owners(&core.db, caller).await? <= 1;
    let form = refused.unwrap_or_else(|| {
        let mut form = Form::new(from.csrf());
        let contact = organisation.contact_email.clone();
        let filled = [
            ("name", organisation.name.clone()),
            ("contact_email", contact.unwrap_or_default()),
        ];
        form.values
            .extend(filled.map(|(field, text)| (field.to_owned(), text)));
        form
    });
    let page = OverviewPage {
        frame: frame(),
        session: from.view(),
        within: within(from),
        used,
        is_last_owner: is_last,
        organisation,
        form,
    };
    Ok(from.page(status, &page))
}
