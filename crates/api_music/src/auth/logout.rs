//! `POST /v1/auth/logout` and `POST /v1/auth/logout-all`

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use colophon_core::audit::{By, Origin};
use colophon_core::identity::{self, Audience};
use colophon_core::{Core, Error};
use colophon_http::cookie::{self, Cookies};
use colophon_http::{Failure, Json, Result, SignedIn, bearer, same_origin};

use super::Status;

/// Ends this session and no other. Whatever a request of our own pages or of a program shows or
/// does not show, and whatever goes wrong, the browser's cookies go; a form of another site takes
/// nothing away.
pub(crate) async fn this(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    colophon_http::From(origin): colophon_http::From,
    headers: HeaderMap,
) -> Response {
    if bearer(&headers).is_none()
        && let Err(error) = same_origin::require(&headers, &core.public_url)
    {
        return Failure::from(error).into_response();
    }
    let mut response = match end(&core, &origin, &headers).await {
        Ok(()) => Json(Status {
            status: "logged_out",
            message: "This session has ended.",
        })
        .into_response(),
        Err(error) => Failure::from(error).into_response(),
    };
    cookies.sign_out(response.headers_mut());
    response
}

/// The session is found by its access token, or by its refresh token when that has expired.
async fn end(core: &Core, origin: &Origin, headers: &HeaderMap) -> Result<(), Error> {
    let now = core.clock.now();
    let shown = [bearer(headers), cookie::get(headers, cookie::ACCESS)];
    for token in shown.into_iter().flatten() {
        let Ok((_, id, _)) = core.access_tokens.read(&[Audience::Artist], token, now) else {
            continue;
        };
        if let Some(session) = core.sessions.of_id(id).await? {
            let by = By::person(session.person.id, origin.clone());
            return identity::end(core, &session, &by).await;
        }
    }
    match cookie::get(headers, cookie::REFRESH) {
        Some(token) => identity::end_by_refresh(core, token, origin).await,
        None => Ok(()),
    }
}

/// Ends every session of the artist, on all devices.
pub(crate) async fn all(
    State(core): State<Arc<Core>>,
    Extension(cookies): Extension<Cookies>,
    SignedIn { session, by }: SignedIn,
) -> Result<(HeaderMap, Json<Status>)> {
    identity::end_all(&core, session.person.id, &by).await?;
    let mut headers = HeaderMap::new();
    cookies.sign_out(&mut headers);
    let output = Status {
        status: "logged_out",
        message: "Every session has ended, on all devices.",
    };
    Ok((headers, Json(output)))
}
