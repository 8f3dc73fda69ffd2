//! `GET /.well-known/jwks.json`: our public keys as a JWK set (RFC 7517).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use colophon_core::Core;
use colophon_transparency::canonical::rfc8785;
use colophon_transparency::json::Value;

/// Every key ever published: what a retired one signed stays valid.
pub(crate) async fn jwks(State(core): State<Arc<Core>>) -> impl IntoResponse {
    let keys = core.keyring.published();
    let set = keys.iter().filter_map(|key| key.key.to_jwk()).collect();
    let body = rfc8785(&Value::Object(vec![("keys".to_owned(), Value::Array(set))]));
    ([(header::CONTENT_TYPE, "application/jwk-set+json")], body)
}
