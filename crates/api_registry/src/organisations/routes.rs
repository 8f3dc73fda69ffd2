//! The table of paths of organisations.

use std::sync::Arc;

use colophon_core::Core;
use colophon_http::{Idempotency, Rate, Routes};

use super::{api_keys, audit, invitations, locations, members, organisation, roles};

/// Every route; `letters` limits what sends one.
pub(crate) fn routes(letters: &Rate, once: &Idempotency) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/organisations", organisation::list)
        .post("/organisations", organisation::create)
        .with(once.layer())
        .get("/organisations/{org}", organisation::show)
        .patch("/organisations/{org}", organisation::update)
        .get("/organisations/{org}/roles", roles::list)
        .post("/organisations/{org}/transfer", members::transfer)
        .post("/organisations/{org}/leave", members::leave)
        .merge(people(letters, once))
        .merge(places_and_programs(once))
        .get("/organisations/{org}/audit", audit::list)
        .get("/organisations/{org}/audit.csv", audit::csv)
        .no_deadline()
        .get("/organisations/{org}/audit/verify", audit::verify)
}

fn people(letters: &Rate, once: &Idempotency) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/organisations/{org}/members", members::list)
        .delete("/organisations/{org}/members/{member}", members::remove)
        .post(
            "/organisations/{org}/members/{member}/suspend",
            members::suspend,
        )
        .post(
            "/organisations/{org}/members/{member}/resume",
            members::resume,
        )
        .post(
            "/organisations/{org}/members/{member}/roles",
            members::assign,
        )
        .with(once.layer())
        .delete(
            "/organisations/{org}/members/{member}/roles/{assignment}",
            members::unassign,
        )
        .get("/organisations/{org}/invitations", invitations::list)
        .post("/organisations/{org}/invitations", invitations::create)
        .with(letters.layer())
        .with(once.layer())
        .post(
            "/organisations/{org}/invitations/{invitation}/resend",
            invitations::resend,
        )
        .with(letters.layer())
        .delete(
            "/organisations/{org}/invitations/{invitation}",
            invitations::revoke,
        )
}

fn places_and_programs(once: &Idempotency) -> Routes<Arc<Core>> {
    let secret = Idempotency::refuse();
    Routes::new()
        .get("/organisations/{org}/locations", locations::list)
        .post("/organisations/{org}/locations", locations::add)
        .with(once.layer())
        .patch(
            "/organisations/{org}/locations/{location}",
            locations::update,
        )
        .get("/organisations/{org}/keys", api_keys::list)
        .post("/organisations/{org}/keys", api_keys::create)
        .with(secret.layer())
        .post("/organisations/{org}/keys/{key}/rotate", api_keys::rotate)
        .with(secret.layer())
        .delete("/organisations/{org}/keys/{key}", api_keys::revoke)
}
