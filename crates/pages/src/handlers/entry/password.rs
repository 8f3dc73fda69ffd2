//! A forgotten password: asking for a link, choosing a new one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, identity};
use colophon_http::{Query, Result};

use super::QueryMap;
use crate::handlers::anonymous::{Sent, Visitor};
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Account, Area as _};
use crate::views::{ForgotPasswordPage, Form, ResetPasswordPage};

/// `GET /forgot-password`
pub(super) async fn forgotten(visitor: Visitor) -> Response {
    let form = Form::new(&visitor.form_token);
    visitor.page(StatusCode::OK, &request_page(form, &visitor))
}

/// `POST /forgot-password`: the answer does not tell whether the address has an account.
pub(super) async fn request(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let asked = match identity::email_address("email", fields.get("email")) {
        Ok(email) => identity::request_reset(&core, &email).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(()) => Ok(Flash::ResetSent.lead(visitor.cookies, "/forgot-password")),
        Err(error) => {
            let (status, form) = fields.refused(&visitor.form_token, error)?;
            Ok(visitor.page(status, &request_page(form, &visitor)))
        }
    }
}

/// `GET /reset-password?token=…`
pub(super) async fn form(Query(query): QueryMap, visitor: Visitor) -> Response {
    let token = query.get("token").map_or("", String::as_str);
    let form = Form::new(&visitor.form_token);
    visitor.page(StatusCode::OK, &reset_page(form, token))
}

/// `POST /reset-password`
pub(super) async fn reset(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let (token, password) = (fields.get("token"), fields.get("new_password"));
    match identity::reset_password(&core, &visitor.origin, token, password).await {
        Ok(()) => Ok(Flash::PasswordReset.lead(visitor.cookies, Account::SIGN_IN)),
        Err(error) => {
            let (status, form) = fields.refused(&visitor.form_token, error)?;
            Ok(visitor.page(status, &reset_page(form, token)))
        }
    }
}

fn request_page(form: Form, visitor: &Visitor) -> ForgotPasswordPage {
    ForgotPasswordPage {
        frame: frame(),
        form,
        flash: visitor.flash.map(Into::into),
    }
}

fn reset_page(form: Form, token: &str) -> ResetPasswordPage {
    ResetPasswordPage {
        frame: frame(),
        form,
        token: token.to_owned(),
    }
}
