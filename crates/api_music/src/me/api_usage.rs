//! `GET /v1/me/api-usage`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::access::{self, KeyKind, Permission};
use colophon_core::{Core, wallet};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

/// Calls with the artist's keys this month (UTC), to about five seconds, and the credits left. No
/// plan has a quota of calls yet, so that there is none to report.
#[derive(Debug, Serialize)]
pub struct Output {
    month: String,
    used: i64,
    by_type: ByType,
    balance: i64,
}

#[derive(Debug, Serialize)]
struct ByType {
    publishable: i64,
    secret: i64,
}

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Output>> {
    caller.require(Permission::ViewOrganisation)?;
    let (org_id, month) = (caller.org_id, core.clock.now().format("%Y-%m").to_string());
    let calls = |kind| access::calls(&core, org_id, kind, &month);
    let by_type = ByType {
        publishable: calls(KeyKind::TrackOriginPublishable).await?,
        secret: calls(KeyKind::TrackOriginSecret).await?,
    };
    Ok(Json(Output {
        used: by_type.publishable + by_type.secret,
        balance: wallet::balance(&core.db, org_id).await?,
        by_type,
        month,
    }))
}
