//! A person's picture.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use colophon_core::{Core, Error, Kind, identity};
use colophon_http::{Multipart, Result, body_error, same_origin};
use futures::TryStreamExt as _;

use super::refused;
use crate::handlers::fields::Fields;
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area as _, Person, Posted};
use crate::response::security_headers;

/// `GET /account/picture`: from here, because pages show no picture of another server's.
pub(super) async fn show(State(core): State<Arc<Core>>, from: Person) -> Result<Response> {
    let person = identity::me(&core, &from.caller).await?;
    let sha256 = person.avatar.ok_or_else(|| Error::not_found("picture"))?;
    let picture = core.blobs.get_range(&sha256, None).await?;
    let mut response = Body::from_stream(picture.stream).into_response();
    let headers = response.headers_mut();
    security_headers(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// `POST /account/picture`: a form with a file, whose token comes before it.
pub(super) async fn set(
    State(core): State<Arc<Core>>,
    from: Person,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<Response> {
    same_origin::require(&headers, &core.public_url)?;
    Fields::read_token(&mut form)
        .await?
        .require_token(from.csrf())?;
    let part = form
        .next()
        .await?
        .filter(|part| part.name() == Some("file"))
        .ok_or_else(not_a_form)?;
    let file = part.map_err(|error| body_error(&error));
    match identity::set_avatar(&core, &from.caller, from.by(), file).await {
        Ok(_) => Ok(from.go(Account::HOME, Flash::PictureSet)),
        Err(error) => {
            let fields = Fields::default();
            refused(&core, &from, &fields, error, |page| &mut page.picture_form).await
        }
    }
}

fn not_a_form() -> Error {
    Error::new(
        Kind::UnsupportedMediaType,
        "unsupported_media_type",
        "This must be sent by the form of the account page.",
    )
}

/// `POST /account/picture/remove`
pub(super) async fn remove(
    State(core): State<Arc<Core>>,
    Posted { from, .. }: Posted<Account>,
) -> Result<Response> {
    identity::remove_avatar(&core, &from.caller, from.by()).await?;
    Ok(from.go(Account::HOME, Flash::PictureRemoved))
}
