//! Looking somebody up.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, Kind, identity, organisations};
use colophon_http::{Query, Result};

use crate::handlers::frame;
use crate::handlers::signed_in::Operator;
use crate::views::{FoundPerson, PeoplePage};

/// `GET /console/people?q=…`: by e-mail address or handle.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(query): Query<BTreeMap<String, String>>,
    operator: Operator,
) -> Result<Response> {
    let wanted = query.get("q").map(|text| text.trim().to_owned());
    let wanted = wanted.filter(|text| !text.is_empty());
    let found = match &wanted {
        Some(text) => find(&core, text).await?,
        None => None,
    };
    let page = PeoplePage {
        frame: frame(),
        session: operator.view(),
        query: wanted,
        found,
    };
    Ok(operator.page(StatusCode::OK, &page))
}

async fn find(core: &Core, text: &str) -> Result<Option<FoundPerson>> {
    let person = match identity::find(core, text).await {
        Ok(person) => person,
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(FoundPerson {
        memberships: organisations::memberships_of(&core.db, person.id).await?,
        person,
    }))
}
