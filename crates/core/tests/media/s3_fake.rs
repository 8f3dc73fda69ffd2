//! The few S3 operations that we use, over HTTP, in memory. Refuses what is not signed and what
//! arrives otherwise than it was signed; does not check the signature itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use colophon_core::media::parse_range;
use sha2::{Digest as _, Sha256};

#[derive(Clone, Default)]
pub struct Bucket {
    objects: Arc<Mutex<HashMap<String, Bytes>>>,
    parts: Arc<Mutex<HashMap<u32, Bytes>>>,
}

impl Bucket {
    /// Serves on a free port until the runtime ends; returns the endpoint's URL.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        endpoint
    }

    pub fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

async fn answer(
    State(bucket): State<Bucket>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = header(header::AUTHORIZATION)
        .is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256"))
        || query.contains_key("X-Amz-Signature");
    let declared = header(HeaderName::from_static("x-amz-content-sha256"));
    let intact = declared.is_none_or(|hash| hash == hex::encode(Sha256::digest(&body)));
    if !signed || !intact {
        return StatusCode::FORBIDDEN.into_response();
    }
    let key = uri.path().to_owned();
    let mut objects = bucket.objects.lock().unwrap();
    let mut parts = bucket.parts.lock().unwrap();
    let etag = [(header::ETAG, "\"an-etag\"")];
    match (method, query.get("partNumber")) {
        (Method::PUT, Some(number)) => {
            parts.insert(number.parse().unwrap(), body);
            etag.into_response()
        }
        (Method::PUT, None) => {
            objects.insert(key, body);
            etag.into_response()
        }
        (Method::POST, _) if query.contains_key("uploads") => {
            parts.clear();
            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
                .into_response()
        }
        (Method::POST, _) => {
            let mut parts: Vec<_> = parts.drain().collect();
            parts.sort_by_key(|(number, _)| *number);
            let whole: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).collect();
            objects.insert(key, whole.into());
            "<CompleteMultipartUploadResult><ETag>an-etag</ETag></CompleteMultipartUploadResult>"
                .into_response()
        }
        (Method::DELETE, _) => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::GET | Method::HEAD, _) => {
            let Some(object) = objects.get(&key) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let size = object.len() as u64;
            let modified = [(header::LAST_MODIFIED, "Sun, 22 Nov 2026 00:00:00 GMT")];
            match parse_range(header(header::RANGE).unwrap_or_default(), size) {
                Err(_) => StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
                Ok(None) => (etag, modified, object.clone()).into_response(),
                Ok(Some(range)) => {
                    let part = object.slice(range.start as usize..range.end as usize);
                    let range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                    let content_range = [(header::CONTENT_RANGE, range)];
                    (
                        StatusCode::PARTIAL_CONTENT,
                        etag,
                        modified,
                        content_range,
                        part,
                    )
                        .into_response()
                }
            }
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}
