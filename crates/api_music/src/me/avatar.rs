//! `POST /v1/me/avatar` and `DELETE /v1/me/avatar`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, Error, identity};
use colophon_http::{Acting, Json, Multipart, Result, body_error};
use futures::TryStreamExt as _;

use super::Profile;

/// The part `file` of the form becomes the avatar.
pub(crate) async fn upload(
    State(core): State<Arc<Core>>,
    Acting { caller, by }: Acting,
    mut form: Multipart,
) -> Result<Json<Profile>> {
    while let Some(part) = form.next().await? {
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
