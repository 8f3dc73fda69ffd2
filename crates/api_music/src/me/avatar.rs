//! `POST /v1/me/avatar` and `DELETE /v1/me/avatar`

use std::sync::Arc;

use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use colophon_core::{Core, Error, Kind, identity};
use colophon_http::{Acting, Json, Result, body_error};
use futures::TryStreamExt as _;

use super::Profile;

/// The part `file` of the form becomes the avatar.
pub(crate) async fn upload(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Profile>> {
    let mut form = form.map_err(|_| {
        Error::new(
            Kind::UnsupportedMediaType,
            "unsupported_media_type",
            "The Content-Type must be multipart/form-data with a boundary.",
        )
    })?;
    while let Some(part) = form
        .next_field()
        .await
        .map_err(|error| body_error(&error))?
    {
        if part.name() == Some("file") {
            let file = part.map_err(|error| body_error(&error));
            let person = identity::set_avatar(&core, &caller, &by, file).await?;
            return Ok(Json(Profile::of(&core, person).await?));
        }
    }
    Err(Error::invalid("file", "is required").into())
}

pub(crate) async fn remove(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
) -> Result<Json<Profile>> {
    let person = identity::remove_avatar(&core, &caller, &by).await?;
    Ok(Json(Profile::of(&core, person).await?))
}
