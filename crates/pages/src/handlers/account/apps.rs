//! Apps of others that act for the person.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, oauth};
use colophon_http::{Path, Result};

use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Account, Person, Posted};
use crate::views::ActingAppsPage;

const PAGE: &str = "/account/apps";

/// `GET /account/apps`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Person) -> Result<Response> {
    let page = ActingAppsPage {
        frame: frame(),
        session: from.view(),
        apps: oauth::acting(&core, from.session().person.id).await?,
    };
    Ok(from.page(StatusCode::OK, &page))
}

/// `POST /account/apps/{app}/take-back`
pub(super) async fn take_back(
    State(core): State<Arc<Core>>,
    Path(app): Path<String>,
    Posted { from, .. }: Posted<Account>,
) -> Result<Response> {
    let person = from.session().person.id;
    oauth::take_back(&core, person, from.by(), app.parse()?).await?;
    Ok(from.go(PAGE, Flash::AppTakenBack))
}
