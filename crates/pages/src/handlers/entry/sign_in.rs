//! Signing in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::Core;
use colophon_core::identity::{self, Audience};
use colophon_http::{Query, Result};

use super::QueryMap;
use crate::handlers::anonymous::{Sent, Visitor};
use crate::handlers::signed_in::{Account, Area as _};
use crate::handlers::{frame, next};
use crate::views::{Form, LoginPage};

/// `GET /login?next=…`
pub(super) async fn form(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    let next = query.get("next").and_then(|path| next::local_path(path));
    if visitor.session(&core).await?.is_some() {
        return Ok(Redirect::to(next.unwrap_or(Account::HOME)).into_response());
    }
    let page = page(Form::new(&visitor.form_token), next, &visitor);
    Ok(visitor.page(StatusCode::OK, &page))
}

/// `POST /login`
pub(super) async fn sign_in(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let next = next::local_path(fields.get("next"));
    let (email, password) = (fields.get("email"), fields.get("password"));
    let (from, audience) = (&visitor.origin, Audience::Artist);
    match identity::sign_in(&core, from, audience, email, password).await {
        Ok(session) => {
            let mut response = Redirect::to(next.unwrap_or(Account::HOME)).into_response();
            let now = core.clock.now();
            visitor
                .cookies
                .sign_in(response.headers_mut(), &session, now);
            Ok(response)
        }
        Err(error) => {
            let (status, form) = fields.refused(&visitor.form_token, error)?;
            Ok(visitor.page(status, &page(form, next, &visitor)))
        }
    }
}

fn page(form: Form, next: Option<&str>, visitor: &Visitor) -> LoginPage {
    LoginPage {
        frame: frame(),
        form,
        sign_up_url: Some(next::with("/signup", next)),
        next: next.map(Into::into),
        flash: visitor.flash.map(Into::into),
    }
}
