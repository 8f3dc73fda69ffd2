//! `POST /v1/admin/oidc/issuers`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::Core;
use colophon_core::identity::{self, NewIssuer};
use colophon_http::{Json, Operating, Result};
use serde::{Deserialize, Serialize};

use crate::utc;

/// The identity provider to trust.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    name: String,
    issuer: String,
    jwks_uri: String,
    audience: String,
}

/// The provider, whose ID tokens open sessions from now on.
#[derive(Debug, Serialize)]
pub struct Output {
    issuer_id: String,
    name: String,
    issuer: String,
    jwks_uri: String,
    audience: String,
    created_at: String,
}

pub(crate) async fn register(
    State(core): State<Arc<Core>>,
    Operating { by, .. }: Operating,
    Json(input): Json<Input>,
) -> Result<(StatusCode, Json<Output>)> {
    let new = NewIssuer {
        name: &input.name,
        issuer: &input.issuer,
        audience: &input.audience,
        jwks_uri: &input.jwks_uri,
    };
    let issuer = identity::register_issuer(&core, &by, new).await?;
    let output = Output {
        issuer_id: issuer.id.to_string(),
        name: issuer.name,
        issuer: issuer.issuer,
        jwks_uri: issuer.jwks_uri,
        audience: issuer.audience,
        created_at: utc(issuer.created_at),
    };
    Ok((StatusCode::CREATED, Json(output)))
}
