//! Where an organisation is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::access::Permission;
use colophon_core::organisations::{self, Location, LocationChange, NewLocation};
use colophon_core::{Core, Error, LocationId};
use colophon_http::{Path, Result};

use super::{path, within};
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Member, Organisation, Posted};
use crate::views::{Form, LocationPage, LocationsPage};

/// `GET /account/organisations/{org}/locations`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Member) -> Result<Response> {
    let form = Form::new(from.csrf());
    list(&core, &from, StatusCode::OK, form).await
}

/// `POST /account/organisations/{org}/locations`
pub(super) async fn add(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let new = NewLocation {
        name: fields.get("name"),
        code: fields.optional("code"),
    };
    match organisations::add_location(&core, &from.caller, from.by(), new).await {
        Ok(_) => Ok(from.go(&here(&from), Flash::LocationAdded)),
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            list(&core, &from, status, form).await
        }
    }
}

/// `GET /account/organisations/{org}/locations/{location}`
pub(super) async fn edit(
    State(core): State<Arc<Core>>,
    Path((_, location)): Path<(String, String)>,
    from: Member,
) -> Result<Response> {
    let id: LocationId = location.parse()?;
    let caller = &from.caller;
    caller.require_at(Permission::ManageLocations, Some(id))?;
    let found = organisations::locations(&core.db, caller).await?;
    let found = found.into_iter().find(|location| location.id == id);
    let location = found.ok_or_else(|| Error::not_found("location"))?;
    let form = filled(&from, location);
    Ok(from.page(StatusCode::OK, &page(&from, id, form)))
}

/// `POST /account/organisations/{org}/locations/{location}`
pub(super) async fn save(
    State(core): State<Arc<Core>>,
    Path((_, location)): Path<(String, String)>,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let id: LocationId = location.parse()?;
    let change = LocationChange {
        name: Some(fields.get("name")),
        code: Some(fields.get("code")),
        active: Some(fields.ticked("active")),
    };
    match organisations::update_location(&core, &from.caller, from.by(), id, change).await {
        Ok(_) => Ok(from.go(&here(&from), Flash::LocationSaved)),
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            Ok(from.page(status, &page(&from, id, form)))
        }
    }
}

fn here(from: &Member) -> String {
    format!("{}/locations", path(from.caller.org_id))
}

async fn list(core: &Core, from: &Member, status: StatusCode, form: Form) -> Result<Response> {
    let page = LocationsPage {
        frame: frame(),
        session: from.view(),
        within: within(from),
        locations: organisations::locations(&core.db, &from.caller).await?,
        form,
    };
    Ok(from.page(status, &page))
}

fn page(from: &Member, id: LocationId, form: Form) -> LocationPage {
    LocationPage {
        frame: frame(),
        session: from.view(),
        within: within(from),
        id,
        form,
    }
}

fn filled(from: &Member, location: Location) -> Form {
    let mut form = Form::new(from.csrf());
    let mut fill = |field: &str, text| form.values.insert(field.to_owned(), text);
    fill("name", location.name);
    fill("code", location.code.unwrap_or_default());
    if location.active {
        fill("active", "on".to_owned());
    }
    form
}
