//! The operator's account: made once, signed in to, signed out of.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::{Core, Error, Kind, identity};
use colophon_http::cookie::{self, Cookies, SameSite};
use colophon_http::{Query, Result};
use std::collections::BTreeMap;

use super::anonymous::{Sent, Visitor};
use super::flash::Flash;
use super::frame;
use super::operator::{self, Posted};
use crate::views::{Form, LoginPage, SetupPage};

const CONSOLE: &str = "/console";
const SIGN_IN: &str = "/console/login";

type QueryMap = Query<BTreeMap<String, String>>;

/// `GET /console/setup?token=…`
pub(super) async fn setup_form(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    if !identity::needs_operator(&core.db).await? {
        return Ok(Redirect::to(SIGN_IN).into_response());
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
        return Ok(Redirect::to(SIGN_IN).into_response());
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
    let mut response = operator::go(visitor.cookies, CONSOLE, Flash::AccountMade);
    keep(visitor.cookies, &mut response, &session);
    Ok(response)
}

/// `GET /console/login?next=…`
pub(super) async fn sign_in_form(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    let next = query.get("next").and_then(|path| local_path(path));
    let session = operator::running(&core, visitor.session.as_deref()).await?;
    if session.is_some_and(|session| {
        session.kind == identity::SessionKind::Operator && session.person.operator
    }) {
        return Ok(Redirect::to(next.unwrap_or(CONSOLE)).into_response());
    }
    Ok(visitor.page(
        StatusCode::OK,
        &login_page(Form::new(&visitor.form_token), next, &visitor),
    ))
}

/// `POST /console/login`
pub(super) async fn sign_in(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let next = local_path(fields.get("next"));
    let (email, password) = (fields.get("email"), fields.get("password"));
    let (from, print) = (&visitor.origin, visitor.fingerprint.as_deref());
    let signed_in = identity::sign_in_operator(&core, from, print, email, password).await;
    match signed_in {
        Ok(session) => {
            let mut response = Redirect::to(next.unwrap_or(CONSOLE)).into_response();
            keep(visitor.cookies, &mut response, &session);
            Ok(response)
        }
        Err(error) => {
            let (status, form) = fields.refused(&visitor.form_token, error)?;
            Ok(visitor.page(status, &login_page(form, next, &visitor)))
        }
    }
}

/// `POST /console/logout`
pub(super) async fn sign_out(State(core): State<Arc<Core>>, posted: Posted) -> Result<Response> {
    let operator = posted.operator;
    identity::end(&core, operator.session(), operator.by()).await?;
    let mut response = operator.go(SIGN_IN, Flash::SignedOut);
    operator.cookies().sign_out(response.headers_mut());
    Ok(response)
}

fn login_page(form: Form, next: Option<&str>, visitor: &Visitor) -> LoginPage {
    let flash = visitor.flash.map(Into::into);
    LoginPage {
        frame: frame(),
        form,
        next: next.map(Into::into),
        flash,
    }
}

fn keep(cookies: Cookies, response: &mut Response, session: &identity::Credentials) {
    let lives = Some(identity::SessionKind::Operator.lasts().as_secs());
    if let Some(value) = &session.cookie {
        let headers = response.headers_mut();
        cookies.set(headers, cookie::SESSION, value, SameSite::Lax, lives);
    }
}

/// The text if it is a path on this server. Browsers read `//host`, `/\host` and, because they
/// drop tabs and line breaks, `/\t/host` as another server.
fn local_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('/')?;
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (plain && !rest.starts_with('/')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_this_server_only() {
        for path in ["/", "/console/log?before=3", "/console/organisations/org_1"] {
            assert_eq!(local_path(path), Some(path));
        }
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil.example",
            "/\t/evil.example",
            "/\n//evil.example",
            "/\r\nset-cookie:a=b",
            " /console",
        ] {
            assert_eq!(local_path(elsewhere), None, "{elsewhere:?}");
        }
    }
}
