//! Who did what in an organisation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::access::Permission;
use colophon_core::audit::{self, Event};
use colophon_core::{Core, identity};
use colophon_http::{Query, Result};

use super::{path, within};
use crate::handlers::frame;
use crate::handlers::signed_in::Member;
use crate::views::{AuditPage, AuditRow};

/// Events on a page.
const SHOWN: i64 = 50;

/// `GET /account/organisations/{org}/audit?before=…`; with `check`, the chain is checked whole.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(query): Query<BTreeMap<String, String>>,
    from: Member,
) -> Result<Response> {
    let caller = &from.caller;
    caller.require(Permission::ViewAudit)?;
    let before = query.get("before").and_then(|number| number.parse().ok());
    let found = audit::list(&core.db, caller.org_id, before, SHOWN).await?;
    let checked = match query.contains_key("check") {
        true => Some(audit::verify(&core.db, caller.org_id).await?),
        false => None,
    };
    let names = names(&core, &found.events).await;
    let base = format!("{}/audit", path(caller.org_id));
    let rows = found.events.iter().map(|event| AuditRow {
        actor: names.get(&event.actor).cloned(),
        from: event.member("ip").unwrap_or_default(),
        details: event.details(),
        event: event.clone(),
    });
    let page = AuditPage {
        frame: frame(),
        session: from.view(),
        within: within(&from),
        events: rows.collect(),
        more_url: found
            .next_before
            .map(|number| format!("{base}?before={number}")),
        first_url: before.is_some().then_some(base),
        checked,
    };
    Ok(from.page(StatusCode::OK, &page))
}

/// The names of the people among the actors; few people do most of what is done.
async fn names(core: &Core, events: &[Event]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for event in events {
        let Ok(person) = event.actor.parse() else {
            continue;
        };
        if !names.contains_key(&event.actor)
            && let Ok(person) = identity::get(core, person).await
        {
            names.insert(event.actor.clone(), person.name);
        }
    }
    names
}
