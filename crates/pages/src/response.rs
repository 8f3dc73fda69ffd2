//! A template as an HTTP answer, with the headers every page carries.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

macro_rules! policy {
    ($form_action:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
             connect-src 'self'; font-src 'self'; worker-src 'self'; form-action ",
            $form_action,
            "; frame-ancestors 'none'; base-uri 'none'"
        )
    };
}

/// The policy of every page: nothing but this server's own files, no inline code, no framing.
pub const CONTENT_SECURITY_POLICY: &str = policy!("'self'");
const LEADING_AWAY: &str = policy!("http: https:");

/// Lets the answer to a page's form lead to another server, and on from there: browsers hold every
/// step of the way against `form-action`.
pub(crate) fn let_form_lead_away(headers: &mut HeaderMap) {
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(LEADING_AWAY),
    );
}

/// A page for one person (the console): 200, never stored by a cache.
pub fn render<T: Template>(template: &T) -> Response {
    render_status(StatusCode::OK, template)
}

/// A page that is the same for everyone: 200, may be kept but is asked about each time.
pub fn render_public<T: Template>(template: &T) -> Response {
    answer(
        StatusCode::OK,
        HeaderValue::from_static("no-cache"),
        template,
    )
}

/// A page with a status of its own (a refused form, an error): never stored by a cache.
pub fn render_status<T: Template>(status: StatusCode, template: &T) -> Response {
    answer(status, HeaderValue::from_static("no-store"), template)
}

/// Adds the headers every HTML answer carries, for pages that do not come from this crate.
pub fn security_headers(headers: &mut HeaderMap) {
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Not `no-referrer`: browsers would then send `Origin: null` with the console's forms.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    );
}

fn answer<T: Template>(status: StatusCode, cache: HeaderValue, template: &T) -> Response {
    let mut response = match template.render() {
        Ok(html) => (
            status,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This page could not be made.\n",
            )
                .into_response()
        }
    };
    security_headers(response.headers_mut());
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}
