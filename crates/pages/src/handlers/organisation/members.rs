//! Who belongs to an organisation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, organisations};
use colophon_http::{Query, Result};

use super::{path, within};
use crate::handlers::frame;
use crate::handlers::signed_in::Member;
use crate::views::MembersPage;

/// Members on a page.
const SHOWN: usize = 50;

/// `GET /account/organisations/{org}/members?after=…`
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(query): Query<BTreeMap<String, String>>,
    from: Member,
) -> Result<Response> {
    let after = query.get("after").map(|id| id.parse()).transpose()?;
    let found = organisations::members(&core.db, &from.caller, after, SHOWN).await?;
    let base = format!("{}/members", path(from.caller.org_id));
    let page = MembersPage {
        frame: frame(),
        session: from.view(),
        within: within(&from),
        more_url: found.next_after.map(|id| format!("{base}?after={id}")),
        first_url: after.is_some().then_some(base),
        members: found.members,
    };
    Ok(from.page(StatusCode::OK, &page))
}
