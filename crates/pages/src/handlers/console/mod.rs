//! The operator's console.

mod apps;
mod issuers;
mod jobs;
mod keys;
mod log;
mod members;
mod organisation;
mod outbox;
mod overview;
mod people;
mod sign_in;

use std::sync::Arc;

use colophon_core::Core;
use colophon_http::{Rate, Routes};

use super::account::sessions::sign_out;
use super::signed_in::Console;

pub(super) fn routes(attempts: &Rate) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/console", overview::show)
        .get("/console/setup", sign_in::setup_form)
        .post("/console/setup", sign_in::set_up)
        .with(attempts.layer())
        .get("/console/login", sign_in::form)
        .post("/console/login", sign_in::sign_in)
        .with(attempts.layer())
        .post("/console/logout", sign_out::<Console>)
        .post("/console/organisations", overview::create_organisation)
        .get("/console/organisations/{org}", organisation::show)
        .post(
            "/console/organisations/{org}/generators",
            organisation::register_generator,
        )
        .post(
            "/console/organisations/{org}/generators/{generator}/revoke",
            organisation::revoke_generator,
        )
        .post(
            "/console/organisations/{org}/keys",
            organisation::create_key,
        )
        .post(
            "/console/organisations/{org}/keys/{key}/revoke",
            organisation::revoke_key,
        )
        .get("/console/organisations/{org}/members", members::show)
        .post("/console/organisations/{org}/members", members::add)
        .get("/console/people", people::show)
        .get("/console/apps", apps::show)
        .post("/console/apps", apps::register)
        .post("/console/apps/{app}/revoke", apps::revoke)
        .get("/console/issuers", issuers::show)
        .post("/console/issuers", issuers::register)
        .post("/console/issuers/{issuer}/remove", issuers::remove)
        .get("/console/outbox", outbox::show)
        .get("/console/jobs", jobs::show)
        .post("/console/jobs/{job}/requeue", jobs::requeue)
        .post("/console/jobs/{job}/cancel", jobs::cancel)
        .get("/console/log", log::show)
        .post("/console/log/export", log::export)
        .get("/console/keys", keys::show)
}
