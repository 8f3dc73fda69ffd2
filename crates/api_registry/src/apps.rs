//! `/apps…`: which apps act for a person.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::oauth::{self, ActingApp};
use colophon_core::{AppId, Core};
use colophon_http::{Json, Path, Result, SignedIn};
use serde::Serialize;

use crate::utc;

/// Every app that can act for the person now.
#[derive(Debug, Serialize)]
pub struct List {
    apps: Vec<View>,
}

#[derive(Debug, Serialize)]
struct View {
    id: AppId,
    name: String,
    scopes: Vec<&'static str>,
    since: String,
    until: String,
}

impl From<ActingApp> for View {
    fn from(app: ActingApp) -> Self {
        Self {
            id: app.id,
            name: app.name,
            scopes: app.scopes.iter().map(|scope| scope.name()).collect(),
            since: utc(app.since),
            until: utc(app.until),
        }
    }
}

/// `GET /apps`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    SignedIn { session, .. }: SignedIn,
) -> Result<Json<List>> {
    let apps = oauth::acting(&core, session.person.id).await?;
    Ok(Json(List {
        apps: apps.into_iter().map(View::from).collect(),
    }))
}

/// `DELETE /apps/{app}`
pub(crate) async fn take_back(
    State(core): State<Arc<Core>>,
    SignedIn { session, by }: SignedIn,
    Path(app): Path<String>,
) -> Result<StatusCode> {
    oauth::take_back(&core, session.person.id, &by, app.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}
