//! Documents that never change: fetched once, and free to ask about again.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A document that keeps its content for good, under its strong entity tag (RFC 9110 §8.8.3;
/// without quotes, such as its hash); 304 when the client has it.
pub fn immutable(request: &HeaderMap, tag: &str, document: impl IntoResponse) -> Response {
    let tag = format!("\"{tag}\"");
    let held = request.get_all(header::IF_NONE_MATCH).iter();
    let mut held = held
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    // `If-None-Match` compares weakly: RFC 9110 §13.1.2.
    let mut response = if held.any(|held| held.trim().trim_start_matches("W/") == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        document.into_response()
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, forever);
    response
}
