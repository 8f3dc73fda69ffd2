//! Bodies of `multipart/form-data` (RFC 7578), part by part.

use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Request};
use colophon_core::{Error, Kind};

use crate::{Failure, Result, body_error};

/// A form with files; its parts are read as they arrive.
#[derive(Debug)]
pub struct Multipart(axum::extract::Multipart);

impl<S: Send + Sync> FromRequest<S> for Multipart {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let form = axum::extract::Multipart::from_request(request, state).await;
        form.map(Self).map_err(|_| {
            Error::new(
                Kind::UnsupportedMediaType,
                "unsupported_media_type",
                "The Content-Type must be multipart/form-data with a boundary.",
            )
            .into()
        })
    }
}

impl Multipart {
    /// The next part; what is left of the one before is skipped.
    ///
    /// # Errors
    /// Those of [`body_error`].
    pub async fn next(&mut self) -> Result<Option<Field<'_>>> {
        Ok(self
            .0
            .next_field()
            .await
            .map_err(|error| body_error(&error))?)
    }
}
