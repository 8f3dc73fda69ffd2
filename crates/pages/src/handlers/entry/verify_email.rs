//! A mailed link that shows that an address is somebody's. Programs that look through mail follow
//! links; so the link only opens a page, and the button on it is what counts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::{Core, identity};
use colophon_http::{Query, Result};

use super::QueryMap;
use crate::handlers::anonymous::{Sent, Visitor};
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area as _};
use crate::handlers::{frame, next};
use crate::views::{Form, VerifyEmailPage};

/// `GET /verify-email?token=…`
pub(super) async fn form(Query(query): QueryMap, visitor: Visitor) -> Response {
    let token = query.get("token").map_or("", String::as_str);
    let form = Form::new(&visitor.form_token);
    visitor.page(StatusCode::OK, &page(form, token))
}

/// `POST /verify-email`
pub(super) async fn verify(State(core): State<Arc<Core>>, sent: Sent) -> Result<Response> {
    let Sent { visitor, fields } = sent;
    let token = fields.get("token");
    if let Err(error) = identity::verify_email(&core, &visitor.origin, token).await {
        let (status, form) = fields.refused(&visitor.form_token, error)?;
        return Ok(visitor.page(status, &page(form, token)));
    }
    let next = visitor.remembered.as_deref();
    let onward = match visitor.session(&core).await? {
        Some(_) => next.unwrap_or(Account::HOME).to_owned(),
        None => next::with(Account::SIGN_IN, next),
    };
    let mut response = Flash::EmailVerified.lead(visitor.cookies, &onward);
    next::forget(visitor.cookies, response.headers_mut());
    Ok(response)
}

fn page(form: Form, token: &str) -> VerifyEmailPage {
    VerifyEmailPage {
        frame: frame(),
        form,
        token: token.to_owned(),
    }
}
