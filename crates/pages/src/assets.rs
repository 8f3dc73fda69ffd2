//! Static files, embedded at build time and served under `/assets/`.

use axum::{
    extract::{Path, RawQuery},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use colophon_http::Routes;
use rust_embed::RustEmbed;

/// Everything under this crate's `assets/`: embedded in release builds, read from the source tree
/// in debug builds so that a reload shows an edit.
#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// A year, the longest age that caches honour; only for addresses that name the content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, but asked about each time; the answer is then usually an empty 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// `GET /assets/{*path}`: any embedded file, with its content type and a strong `ETag`.
///
/// With `?v=` naming the current content ([`asset_url`] writes it) the answer may be cached for
/// ever; without it, as when one script imports another by a relative path, it is revalidated.
#[must_use]
pub fn asset_routes<S: Clone + Send + Sync + 'static>() -> Routes<S> {
    Routes::new().get("/assets/{*path}", serve)
}

/// The address of an asset, `path` being relative to `assets/`, with the version that lets it be
/// cached for ever.
pub fn asset_url(path: &str) -> String {
    match Assets::get(path) {
        Some(file) => format!("/assets/{path}?v={}", version(&file)),
        None => format!("/assets/{path}"),
    }
}

async fn serve(
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(file) = Assets::get(&path) else {
        return (StatusCode::NOT_FOUND, "no such asset\n").into_response();
    };
    let version = version(&file);
    let tag = format!("\"{version}\"");
    let cache = if query.is_some_and(|query| query == format!("v={version}")) {
        IMMUTABLE
    } else {
        REVALIDATE
    };
    let fresh = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|known| matches(known, &tag)));

    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(&path))], file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Weak comparison, RFC 9110 section 13.1.2: a compressing layer may have weakened the tag.
fn matches(known: &str, tag: &str) -> bool {
    let known = known.trim();
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
}

/// The first 64 bits of the content's SHA-256, in hex.
fn version(file: &rust_embed::EmbeddedFile) -> String {
    file.metadata
        .sha256_hash()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The few types that exist here, spelt out: text needs its charset, and modules do not run under
/// a guessed type.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    }
}
