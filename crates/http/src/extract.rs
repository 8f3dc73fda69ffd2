//! Queries, paths and form bodies; what they refuse names the field.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use colophon_core::Error;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::json::{media_type, unsupported};
use crate::{Failure, Result, field, read_body};

/// The query of the URL.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// The parameters of the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// A body of `application/x-www-form-urlencoded`.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        pairs(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        const FORM: &str = "application/x-www-form-urlencoded";
        let sent = media_type(request.headers());
        if sent != FORM {
            return Err(unsupported(&sent, FORM).into());
        }
        pairs(&read_body(request.into_body()).await?).map(Self)
    }
}

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let names = RawPathParams::from_request_parts(parts, state).await.ok();
                Err(parameter(error.into_kind(), names.as_ref()).into())
            }
            Err(error) => Err(Error::internal(error).into()),
        }
    }
}

fn pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(reader).map_err(|error| field::error(&error).into())
}

fn parameter(kind: ErrorKind, names: Option<&RawPathParams>) -> Error {
    let malformed = |name| Error::invalid(name, "does not have the form that is expected here");
    let name = |index| {
        names
            .and_then(|names| names.iter().nth(index))
            .map(|(name, _)| name)
    };
    match kind {
        ErrorKind::ParseErrorAtKey { key, .. } => malformed(key),
        ErrorKind::ParseErrorAtIndex { index, .. } => {
            malformed(name(index).unwrap_or("path").to_owned())
        }
        ErrorKind::ParseError { .. } => malformed(name(0).unwrap_or("path").to_owned()),
        ErrorKind::DeserializeError { key, message, .. } => Error::invalid(key, message),
        // Nothing is named by bytes that are no text.
        ErrorKind::InvalidUtf8InPathParam { .. } => Error::not_found("path"),
        // The rest is a handler that asks for parameters which its template does not have.
        kind => Error::internal(kind.to_string()),
    }
}
