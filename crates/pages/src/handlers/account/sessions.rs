//! Where somebody is signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use colophon_core::{Core, identity};
use colophon_http::{Path, Result};

use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area, Person, Posted};
use crate::handlers::{frame, next};
use crate::views::SessionsPage;

const PAGE: &str = "/account/sessions";

/// `GET /account/sessions`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Person) -> Result<Response> {
    let page = SessionsPage {
        frame: frame(),
        session: from.view(),
        current: from.session().id,
        devices: identity::devices(&core, from.session().person.id).await?,
    };
    Ok(from.page(StatusCode::OK, &page))
}

/// `POST /account/sessions/{session}/end`; this device loses its cookies.
pub(super) async fn end(
    State(core): State<Arc<Core>>,
    Path(session): Path<String>,
    Posted { from, .. }: Posted<Account>,
) -> Result<Response> {
    let (this, id) = (from.session(), session.parse()?);
    identity::end_device(&core, this.person.id, id, from.by()).await?;
    if id != this.id {
        return Ok(from.go(PAGE, Flash::SessionEnded));
    }
    let mut response = from.go(Account::SIGN_IN, Flash::SignedOut);
    from.cookies().sign_out(response.headers_mut());
    Ok(response)
}

/// `POST /account/sessions/end`: this device too.
pub(super) async fn end_all(
    State(core): State<Arc<Core>>,
    Posted { from, .. }: Posted<Account>,
) -> Result<Response> {
    identity::end_all(&core, from.session().person.id, from.by()).await?;
    let mut response = from.go(Account::SIGN_IN, Flash::SignedOutEverywhere);
    from.cookies().sign_out(response.headers_mut());
    Ok(response)
}

/// Ends this session and leads to where to sign in, or to the page that wants another person.
pub(in crate::handlers) async fn sign_out<A: Area>(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<A>,
) -> Result<Response> {
    identity::end(&core, from.session(), from.by()).await?;
    let mut response = match next::local_path(fields.get("next")) {
        Some(next) => Redirect::to(next).into_response(),
        None => from.go(A::SIGN_IN, Flash::SignedOut),
    };
    from.cookies().sign_out(response.headers_mut());
    Ok(response)
}
