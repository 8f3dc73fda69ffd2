//! The ways in: signing up and in, mailed links, invitations.

mod invitation;
mod password;
mod sign_in;
mod sign_up;
mod verify_email;

use std::collections::BTreeMap;
use std::sync::Arc;

use colophon_core::Core;
use colophon_http::{Query, Rate, Routes};

type QueryMap = Query<BTreeMap<String, String>>;

pub(super) fn routes(attempts: &Rate) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/signup", sign_up::form)
        .post("/signup", sign_up::sign_up)
        .with(attempts.layer())
        .get("/verify-email", verify_email::form)
        .post("/verify-email", verify_email::verify)
        .with(attempts.layer())
        .get("/login", sign_in::form)
        .post("/login", sign_in::sign_in)
        .with(attempts.layer())
        .get("/forgot-password", password::forgotten)
        .post("/forgot-password", password::request)
        .with(attempts.layer())
        .get("/reset-password", password::form)
        .post("/reset-password", password::reset)
        .with(attempts.layer())
        .get("/invitation", invitation::show)
        .post("/invitation/accept", invitation::accept)
        .post("/invitation/decline", invitation::decline)
}
