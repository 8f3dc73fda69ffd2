//! The pages of an organisation, for its members: what somebody may not do is not offered.

mod audit;
mod invitations;
mod keys;
mod list;
mod locations;
mod member;
mod members;
mod overview;

use std::sync::Arc;

use colophon_core::access::{ROLES, Role, ScopeType};
use colophon_core::organisations::{locations, require_role};
use colophon_core::{Core, LocationId, OrgId, Result};
use colophon_http::{Rate, Routes};

use super::fields::Fields;
use super::signed_in::Member;
use crate::views::{RoleChoice, Within};

pub(super) fn routes(attempts: &Rate) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/dashboard", list::dashboard)
        .get("/api-keys", list::api_keys)
        .get("/account/organisations", list::show)
        .post("/account/organisations", list::create)
        .get("/account/organisations/{org}", overview::show)
        .post("/account/organisations/{org}", overview::save)
        .post("/account/organisations/{org}/leave", overview::leave)
        .get("/account/organisations/{org}/members", members::show)
        .get(
            "/account/organisations/{org}/members/{member}",
            member::show,
        )
        .post(
            "/account/organisations/{org}/members/{member}/roles",
            member::give_role,
        )
        .post(
            "/account/organisations/{org}/members/{member}/roles/{assignment}/remove",
            member::take_role,
        )
        .post(
            "/account/organisations/{org}/members/{member}/suspend",
            member::suspend,
        )
        .post(
            "/account/organisations/{org}/members/{member}/resume",
            member::resume,
        )
        .post(
            "/account/organisations/{org}/members/{member}/remove",
            member::remove,
        )
        .post(
            "/account/organisations/{org}/members/{member}/transfer",
            member::transfer,
        )
        .get(
            "/account/organisations/{org}/invitations",
            invitations::show,
        )
        .post(
            "/account/organisations/{org}/invitations",
            invitations::invite,
        )
        .with(attempts.layer())
        .post(
            "/account/organisations/{org}/invitations/{invitation}/resend",
            invitations::resend,
        )
        .with(attempts.layer())
        .post(
            "/account/organisations/{org}/invitations/{invitation}/revoke",
            invitations::revoke,
        )
        .get("/account/organisations/{org}/locations", locations::show)
        .post("/account/organisations/{org}/locations", locations::add)
        .get(
            "/account/organisations/{org}/locations/{location}",
            locations::edit,
        )
        .post(
            "/account/organisations/{org}/locations/{location}",
            locations::save,
        )
        .get("/account/organisations/{org}/keys", keys::show)
        .post("/account/organisations/{org}/keys", keys::create)
        .post(
            "/account/organisations/{org}/keys/{key}/rotate",
            keys::rotate,
        )
        .post(
            "/account/organisations/{org}/keys/{key}/revoke",
            keys::revoke,
        )
        .get("/account/organisations/{org}/audit", audit::show)
}

/// An organisation's first page.
pub(super) fn path(org_id: OrgId) -> String {
    format!("/account/organisations/{org_id}")
}

/// What the frame of an organisation's pages needs to know.
fn within(from: &Member) -> Within {
    Within {
        caller: from.caller.clone(),
    }
}

/// The roles that the caller may give, and where.
async fn choice(core: &Core, from: &Member) -> Result<RoleChoice> {
    let may_give =
        |role: &Role, at| role.assignable && require_role(&from.caller, role, at).is_ok();
    let of = |scope| ROLES.iter().filter(move |role| role.scope == scope);
    let mut locations = locations(&core.db, &from.caller).await?;
    locations.retain(|location| {
        location.active && of(ScopeType::Location).any(|role| may_give(role, Some(location.id)))
    });
    let somewhere = |role: &&Role| {
        let mut places = locations.iter();
        places.any(|location| may_give(role, Some(location.id)))
    };
    Ok(RoleChoice {
        everywhere: of(ScopeType::Organisation)
            .filter(|role| may_give(role, None))
            .collect(),
        somewhere: of(ScopeType::Location).filter(somewhere).collect(),
        locations,
    })
}

/// The location that a form names, if it names one.
fn location(fields: &Fields) -> Result<Option<LocationId>> {
    fields.optional("location_id").map(str::parse).transpose()
}
