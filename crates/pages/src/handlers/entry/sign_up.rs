//! Signing up. What follows is the same for a new address and for one that has an account.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::Core;
use colophon_core::identity::{self, SignUp};
use colophon_http::{Query, Result};

use super::QueryMap;
use crate::handlers::anonymous::{Sent, Visitor};
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area as _};
use crate::handlers::{frame, next};
use crate::views::{Form, SignUpPage};

/// `GET /signup?next=…&email=…`
pub(super) async fn form(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    let next = query.get("next").and_then(|path| next::local_path(path));
    if visitor.session(&core).await?.is_some() {
        return Ok(Redirect::to(next.unwrap_or(Account::HOME)).into_response());
    }
    let mut form = Form::new(&visitor.form_token);
    let invited = query.get("email").cloned();
    form.values
        .extend(invited.map(|email| ("email".to_owned(), email)));
    Ok(visitor.page(StatusCode::OK, &page(form, next)))
}

/// `POST /signup`
pub(super) async fn sign_up(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let next = next::local_path(fields.get("next"));
    let new = SignUp {
        email: fields.get("email"),
        password: fields.get("password"),
        name: fields.get("display_name"),
        handle: fields.optional("handle"),
        accept_terms: fields.ticked("accept_terms"),
        confirm_age_18: fields.ticked("confirm_age_18"),
    };
    if let Err(error) = identity::sign_up(&core, &visitor.origin, new).await {
        let (status, form) = fields.refused(&visitor.form_token, error)?;
        return Ok(visitor.page(status, &page(form, next)));
    }
    let mut response = Flash::SignedUp.lead(visitor.cookies, &next::with(Account::SIGN_IN, next));
    if let Some(next) = next {
        next::remember(visitor.cookies, response.headers_mut(), next);
    }
    Ok(response)
}

fn page(form: Form, next: Option<&str>) -> SignUpPage {
    SignUpPage {
        frame: frame(),
        form,
        sign_in_url: next::with(Account::SIGN_IN, next),
        next: next.map(Into::into),
    }
}
