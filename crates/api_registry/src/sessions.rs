//! `/sessions…`: where a person is signed in, and for which organisation.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use colophon_core::identity::{self, Device};
use colophon_core::{Core, OrgId, SessionId};
use colophon_http::cookie::Cookies;
use colophon_http::{Json, Path, Result, SignedIn};
use serde::{Deserialize, Serialize};

use crate::utc;

/// Every session, newest first.
#[derive(Debug, Serialize)]
pub struct List {
    /// The one that asks.
    current: SessionId,
    /// What it acts for where a path names no organisation.
    organisation_id: OrgId,
    sessions: Vec<View>,
}

#[derive(Debug, Serialize)]
struct View {
    id: SessionId,
    kind: &'static str,
    ip: String,
    user_agent: String,
    created_at: String,
    seen_at: String,
    expires_at: String,
}

impl From<Device> for View {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            kind: device.kind.name(),
            ip: device.ip,
            user_agent: device.user_agent,
            created_at: utc(device.created_at),
            seen_at: utc(device.seen_at),
            expires_at: utc(device.expires_at),
        }
    }
}

/// `GET /sessions`
pub(crate) async fn list(
    State(core): State<Arc<Core>>,
    SignedIn { session, .. }: SignedIn,
) -> Result<Json<List>> {
    let devices = identity::devices(&core, session.person.id).await?;
    Ok(Json(List {
        current: session.id,
        organisation_id: session.caller.org_id,
        sessions: devices.into_iter().map(View::from).collect(),
    }))
}

/// `DELETE /sessions/{session}`; the one that asks takes its cookies with it.
pub(crate) async fn end(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    SignedIn { session, by }: SignedIn,
    Path(id): Path<String>,
) -> Result<(StatusCode, HeaderMap)> {
    let id = id.parse()?;
    identity::end_device(&core, session.person.id, id, &by).await?;
    let mut headers = HeaderMap::new();
    if id == session.id {
        cookies.sign_out(&mut headers);
    }
    Ok((StatusCode::NO_CONTENT, headers))
}

/// What the session is to act for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    organisation_id: OrgId,
}

/// `PUT /sessions/current/organisation`
pub(crate) async fn choose_organisation(
    State(core): State<Arc<Core>>,
    SignedIn { session, by }: SignedIn,
    Json(Choice { organisation_id }): Json<Choice>,
) -> Result<StatusCode> {
    identity::choose_organisation(&core, &session, &by, organisation_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
