//! Managing the company's customer API keys, by an administrator who is signed in.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use colophon_core::access;
use serde::Serialize;

use crate::utc;

/// A key as its owner sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    id: String,
    name: String,
    start: String,
    prefix: &'static str,
    enabled: bool,
    created_at: String,
    expires_at: Option<String>,
    last_request_at: Option<String>,
    organization_id: String,
    revoked_at: Option<String>,
}

fn view(key: &access::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        start: key.start.clone(),
        prefix: if key.test { "ia_test_" } else { "ia_live_" },
        enabled: key.revoked_at.is_none(),
        created_at: utc(key.created_at),
        expires_at: key.expires_at.map(utc),
        last_request_at: key.last_used_at.map(utc),
        organization_id: key.org_id.to_string(),
        revoked_at: key.revoked_at.map(utc),
    }
}
