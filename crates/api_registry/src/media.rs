//! `GET /media/{sha256}?expires=…&sig=…`: a stored file, for whoever holds a link we signed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use colophon_core::media::{content_disposition, parse_range};
use colophon_core::{Core, Error};
use colophon_http::{Path, Result};

/// The whole file, or the part that `Range` asks for (RFC 9110 §14).
pub(crate) async fn download(
    State(core): State<Arc<Core>>,
    Path(sha256): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response> {
    let link = core
        .blobs
        .verify_link(&sha256, &query.unwrap_or_default(), core.clock.now())?;
    let size = core.blobs.head(&link.sha256).await?;
    let range = match headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
    {
        Some(text) => parse_range(text, size).map_err(Error::from)?,
        None => None,
    };
    let blob = core.blobs.get_range(&link.sha256, range.clone()).await?;
    let mut answer = HeaderMap::new();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, link.content_type);
    set(
        header::CONTENT_DISPOSITION,
        content_disposition(&link.filename),
    );
    set(
        header::CONTENT_LENGTH,
        (blob.range.end - blob.range.start).to_string(),
    );
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    set(header::ETAG, format!("\"{sha256}\""));
    set(
        header::CACHE_CONTROL,
        "private, max-age=3600, immutable".to_owned(),
    );
    let status = if range.is_some() {
        let last = blob.range.end.saturating_sub(1);
        set(
            header::CONTENT_RANGE,
            format!("bytes {}-{last}/{}", blob.range.start, blob.size),
        );
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    Ok((status, answer, Body::from_stream(blob.stream)).into_response())
}
