//! A person's own pages.

mod apps;
mod closing;
mod password;
mod picture;
mod profile;
pub(super) mod sessions;

use std::sync::Arc;

use axum::response::Response;
use colophon_core::identity::AVATAR_BYTES;
use colophon_core::{Core, Error};
use colophon_http::{Rate, Result, Routes};

use super::fields::Fields;
use super::frame;
use super::signed_in::{Account, Person};
use crate::views::{AccountPage, Form};

/// The rest of a form around a file.
const FORM_BYTES: u64 = 64 << 10;

pub(super) fn routes(attempts: &Rate) -> Routes<Arc<Core>> {
    Routes::new()
        .get("/account", profile::show)
        .post("/account/profile", profile::save)
        .post("/account/handle", profile::set_handle)
        .post("/account/training", profile::set_training)
        .post("/account/verification", profile::resend_verification)
        .with(attempts.layer())
        .get("/account/picture", picture::show)
        .post("/account/picture", picture::set)
        .body_limit(AVATAR_BYTES as u64 + FORM_BYTES)
        .no_deadline()
        .post("/account/picture/remove", picture::remove)
        .post("/account/password", password::change)
        .with(attempts.layer())
        .get("/account/export", closing::export)
        .no_deadline()
        .post("/account/delete", closing::delete)
        .with(attempts.layer())
        .get("/account/sessions", sessions::show)
        .post("/account/sessions/{session}/end", sessions::end)
        .post("/account/sessions/end", sessions::end_all)
        .get("/account/apps", apps::show)
        .post("/account/apps/{app}/take-back", apps::take_back)
        .post("/account/logout", sessions::sign_out::<Account>)
}

/// The page as it is, with empty forms.
async fn page(core: &Core, from: &Person) -> Result<AccountPage> {
    let person = colophon_core::identity::me(core, &from.caller).await?;
    Ok(AccountPage {
        frame: frame(),
        session: from.view(),
        profile_form: profile::filled(from, &person),
        handle_form: Form::new(from.csrf()),
        picture_form: Form::new(from.csrf()),
        password_form: Form::new(from.csrf()),
        deletion_form: Form::new(from.csrf()),
        person,
    })
}

/// The page with the form that was refused, as it was sent.
async fn refused(
    core: &Core,
    from: &Person,
    fields: &Fields,
    error: Error,
    form: fn(&mut AccountPage) -> &mut Form,
) -> Result<Response> {
    let (status, refused) = fields.refused(from.csrf(), error)?;
    let mut page = page(core, from).await?;
    *form(&mut page) = refused;
    Ok(from.page(status, &page))
}
