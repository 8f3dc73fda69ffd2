//! `/organisations…`: organisations, their people, places and programs, and what was done in
//! them. A session acts in whichever of its person's organisations the path names.

mod api_keys;
mod audit;
mod invitations;
mod locations;
mod members;
mod organisation;
mod roles;
mod routes;

pub(crate) use routes::routes;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use colophon_core::access::Caller;
use colophon_core::audit::By;
use colophon_core::organisations::Scope;
use colophon_core::{Core, LocationId, identity};
use colophon_http::{Failure, Path, SignedIn};
use serde::{Deserialize, Serialize};

/// The session's person in the organisation that the path names, and what the audit log is told.
#[derive(Debug)]
pub(crate) struct InOrganisation {
    caller: Caller,
    by: By,
}

#[derive(Deserialize)]
struct Named {
    org: String,
}

impl FromRequestParts<Arc<Core>> for InOrganisation {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Failure> {
        let SignedIn { session, by } = SignedIn::from_request_parts(parts, core).await?;
        let Path(Named { org }) = Path::from_request_parts(parts, core).await?;
        let caller = identity::caller_in(core, &session, org.parse()?).await?;
        Ok(Self { caller, by })
    }
}

/// The location where something holds.
#[derive(Debug, Serialize)]
struct Place {
    id: LocationId,
    name: String,
}

/// Nothing for what holds in the whole organisation.
fn place(scope: Scope) -> Option<Place> {
    match scope {
        Scope::Organisation => None,
        Scope::Location { id, name } => Some(Place { id, name }),
    }
}
