//! The organisations that somebody belongs to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use colophon_core::{Core, organisations};
use colophon_http::Result;

use super::path;
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Account, Person, Posted};
use crate::views::{Form, OrganisationsPage};

/// `GET /account/organisations`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Person) -> Result<Response> {
    let form = Form::new(from.csrf());
    page(&core, &from, StatusCode::OK, form).await
}

/// `POST /account/organisations`
pub(super) async fn create(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    match organisations::create_own(&core, &from.caller, from.by(), fields.get("name")).await {
        Ok(made) => Ok(from.go(&path(made.id), Flash::OrganisationMade)),
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            page(&core, &from, status, form).await
        }
    }
}

async fn page(core: &Core, from: &Person, status: StatusCode, form: Form) -> Result<Response> {
    let person = from.session().person.id;
    let page = OrganisationsPage {
        frame: frame(),
        session: from.view(),
        memberships: organisations::memberships_of(&core.db, person).await?,
        form,
    };
    Ok(from.page(status, &page))
}

/// `GET /dashboard` (TrackOrigin contract): the organisation that the session acts for.
pub(super) async fn dashboard(from: Person) -> Response {
    Redirect::to(&path(from.caller.org_id)).into_response()
}

/// `GET /api-keys` (TrackOrigin contract): its keys.
pub(super) async fn api_keys(from: Person) -> Response {
    Redirect::to(&format!("{}/keys", path(from.caller.org_id))).into_response()
}
