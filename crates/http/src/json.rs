//! JSON bodies that mean one thing only.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use colophon_core::{Error, Kind};
use colophon_transparency::json::{self, Limits, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tree::Tree;
use crate::{Failure, Result, field, read_body};

/// A JSON body read into `T`; also a JSON answer.
///
/// The body passes the strict reader first ([`colophon_transparency::json`]): duplicate names,
/// lone surrogates, integers beyond 2^53 and deep nesting are refused with `invalid_json`. What
/// `T` refuses is `validation_failed` and names the field.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// Like [`Json`], with the value exactly as it was sent: numbers keep their spelling.
#[derive(Clone, Debug)]
pub struct StrictJson<T>(pub T, pub Value);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let value = strict(&document(request).await?)?;
        Ok(Self(typed(&value)?))
    }
}

impl<T, S> FromRequest<S> for StrictJson<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let value = strict(&document(request).await?)?;
        Ok(Self(typed(&value)?, value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Failure::from(Error::internal(error)).into_response(),
        }
    }
}

async fn document(request: Request) -> Result<Bytes> {
    let sent = media_type(request.headers());
    let is_json =
        sent == "application/json" || (sent.starts_with("application/") && sent.ends_with("+json"));
    if !is_json {
        return Err(unsupported(&sent, "application/json").into());
    }
    if let Some(coding) = request.headers().get(header::CONTENT_ENCODING)
        && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Error::new(
            Kind::UnsupportedMediaType,
            "unsupported_content_encoding",
            "The body must come without a Content-Encoding.",
        )
        .into());
    }
    read_body(request.into_body()).await
}

fn strict(bytes: &Bytes) -> Result<Value> {
    let limits = Limits {
        max_bytes: bytes.len(),
        ..Limits::default()
    };
    json::parse(bytes, limits).map_err(|error| {
        Error::new(
            Kind::Invalid,
            "invalid_json",
            format!("The body is not acceptable JSON: {error}."),
        )
        .into()
    })
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T> {
    serde_path_to_error::deserialize(Tree(value)).map_err(|error| field::error(&error).into())
}

/// The media type without its parameters, in lower case; empty when none was sent.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = sent
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

pub(crate) fn unsupported(sent: &str, wanted: &str) -> Error {
    let sent = if sent.is_empty() { "none" } else { sent };
    Error::new(
        Kind::UnsupportedMediaType,
        "unsupported_media_type",
        format!("The Content-Type must be {wanted}; it was {sent}."),
    )
}
