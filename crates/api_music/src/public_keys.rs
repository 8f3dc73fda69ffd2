//! `/.well-known/trackorigin-…`: the keys that check what we sign.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_core::keyring::{PublishedKey, Purpose};
use colophon_core::{Core, Error};
use colophon_http::{Json, Result};
use serde::Serialize;

use crate::utc;

/// One signing key.
#[derive(Debug, Serialize)]
pub struct SigningKey {
    key_id: String,
    algorithm: &'static str,
    purpose: &'static str,
    status: &'static str,
    public_key: String,
    public_key_pem: String,
    canonicalisation: &'static str,
    created_at: String,
    retired_at: Option<String>,
}

/// Every signing key ever used.
#[derive(Debug, Serialize)]
pub struct SigningKeys {
    active_key_id: String,
    keys: Vec<SigningKey>,
}

/// How a certificate's bytes are made before they are signed.
const CANONICALISATION: &str = "Remove `signature`; JSON with keys sorted by code point, separators \",\" and \":\", UTF-8, non-ASCII characters unescaped; Ed25519 (RFC 8032) over those bytes; signature in base64.";

fn issuer(core: &Core) -> Result<PublishedKey> {
    let keys = core.keyring.published();
    let active = keys
        .iter()
        .find(|key| key.purpose == Purpose::Issuer && key.retired_at.is_none());
    Ok(active
        .cloned()
        .ok_or_else(|| Error::internal("no active issuer key"))?)
}

fn view(key: &PublishedKey) -> SigningKey {
    SigningKey {
        key_id: key.key.kid(),
        algorithm: match key.key.algorithm().name() {
            "ed25519" => "Ed25519",
            name => name,
        },
        purpose: key.purpose.name(),
        status: if key.retired_at.is_some() {
            "retired"
        } else {
            "active"
        },
        public_key: STANDARD.encode(key.key.as_bytes()),
        public_key_pem: key.key.to_spki_pem(),
        canonicalisation: CANONICALISATION,
        created_at: utc(key.created_at),
        retired_at: key.retired_at.map(utc),
    }
}

/// The active issuing key as SPKI PEM.
pub(crate) async fn pem(State(core): State<Arc<Core>>) -> Result<impl IntoResponse> {
    let key = issuer(&core)?;
    Ok((
        [(header::CONTENT_TYPE, "application/x-pem-file")],
        key.key.to_spki_pem(),
    ))
}

/// The active issuing key with what a verifier needs to know.
pub(crate) async fn current(State(core): State<Arc<Core>>) -> Result<Json<SigningKey>> {
    Ok(Json(view(&issuer(&core)?)))
}

/// Every key, active and retired.
pub(crate) async fn all(State(core): State<Arc<Core>>) -> Result<Json<SigningKeys>> {
    Ok(Json(SigningKeys {
        active_key_id: issuer(&core)?.key.kid(),
        keys: core.keyring.published().iter().map(view).collect(),
    }))
}
