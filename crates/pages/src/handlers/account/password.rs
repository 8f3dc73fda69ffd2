//! Changing the password.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use colophon_core::{Core, identity};
use colophon_http::Result;

use super::refused;
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area as _, Posted};

/// `POST /account/password`
pub(super) async fn change(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    let (current, new) = (fields.get("current_password"), fields.get("new_password"));
    match identity::change_password(&core, from.session(), from.by(), current, new).await {
        Ok(()) => Ok(from.go(Account::HOME, Flash::PasswordChanged)),
        Err(error) => refused(&core, &from, &fields, error, |page| &mut page.password_form).await,
    }
}
