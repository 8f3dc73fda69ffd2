//! The operator's account: made once, signed in to.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::identity::{self, SessionKind};
use colophon_core::{Core, Error, Kind};
use colophon_http::cookie::{self, Cookies, SameSite};
use colophon_http::{Query, Result};

use crate::handlers::anonymous::{Sent, Visitor};
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Area as _, Console};
use crate::handlers::{frame, next};
use crate::views::{Form, LoginPage, SetupPage};

type QueryMap = Query<BTreeMap<String, String>>;

/// `GET /console/setup?token=…`
pub(super) async fn setup_form(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    if !identity::needs_operator(&core.db).await? {
        return Ok(Redirect::to(Console::SIGN_IN).into_response());
    }
    let Some(token) = query.get("token") else {
        return Err(Error::new(
            Kind::Forbidden,
            "setup_link_missing",
            "Open the link that the server printed when it started: it proves that you run it.",
        )
        .into());
    };
    let form = Form::new(&visitor.form_token);
    let page = SetupPage {
        frame: frame(),
        form,
        setup_token: token.clone(),
    };
    Ok(visitor.page(StatusCode::OK, &page))
}

/// `POST /console/setup`
pub(super) async fn set_up(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let field = |name| fields.get(name);
    if !identity::needs_operator(&core.db).await? {
        return Ok(Redirect::to(Console::SIGN_IN).into_response());
    }
    let (token, email, password) = (field("setup_token"), field("email"), field("password"));
    let from = &visitor.origin;
    let made = identity::create_operator(&core, from, token, email, field("name"), password).await;
    if let Err(error) = made {
        let (status, form) = fields.refused(&visitor.form_token, error)?;
        let page = SetupPage {
            frame: frame(),
            form,
            setup_token: token.to_owned(),
        };
        return Ok(visitor.page(status, &page));
    }
    let print = visitor.fingerprint.as_deref();
    let session = identity::sign_in_operator(&core, from, print, email, password).await?;
    let mut response = Flash::AccountMade.lead(visitor.cookies, Console::HOME);
    keep(visitor.cookies, &mut response, &session);
    Ok(response)
}

/// `GET /console/login?next=…`
pub(super) async fn form(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    let next = query.get("next").and_then(|path| next::local_path(path));
    let session = visitor.session(&core).await?;
    if session
        .is_some_and(|session| session.kind == SessionKind::Operator && session.person.operator)
    {
        return Ok(Redirect::to(next.unwrap_or(Console::HOME)).into_response());
    }
    let page = page(Form::new(&visitor.form_token), next, &visitor);
    Ok(visitor.page(StatusCode::OK, &page))
}

/// `POST /console/login`
pub(super) async fn sign_in(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let next = next::local_path(fields.get("next"));
    let (email, password) = (fields.get("email"), fields.get("password"));
    let (from, print) = (&visitor.origin, visitor.fingerprint.as_deref());
    match identity::sign_in_operator(&core, from, print, email, password).await {
        Ok(session) => {
            let mut response = Redirect::to(next.unwrap_or(Console::HOME)).into_response();
            keep(visitor.cookies, &mut response, &session);
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
        sign_up_url: None,
        next: next.map(Into::into),
        flash: visitor.flash.map(Into::into),
    }
}

fn keep(cookies: Cookies, response: &mut Response, session: &identity::Credentials) {
    let lives = Some(SessionKind::Operator.lasts().as_secs());
    if let Some(value) = &session.cookie {
        let headers = response.headers_mut();
        cookies.set(headers, cookie::SESSION, value, SameSite::Lax, lives);
    }
}
