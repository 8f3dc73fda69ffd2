//! `POST /keys/leaked`: reports of secret scanners, in the shape of GitHub's partner programme.

use std::sync::Arc;

use axum::extract::State;
use colophon_core::access::{self, Leaked};
use colophon_core::audit::By;
use colophon_core::{Core, Error, fingerprint};
use colophon_http::{From, Json, Result};
use serde::{Deserialize, Serialize};

/// Strings in one report.
const MOST: usize = 100;

/// Something that looks like a key. What else a scanner says of it, such as where it was found,
/// is taken and not kept: a report must not fail for a member that is new.
#[derive(Deserialize)]
pub struct Found {
    token: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// What is known about it.
#[derive(Debug, Serialize)]
pub struct Feedback {
    /// SHA-256 of the string, so that the answer does not spread it.
    token_hash: String,
    /// As it was sent.
    token_type: String,
    label: &'static str,
    status: &'static str,
}

pub(crate) async fn report(
    State(core): State<Arc<Core>>,
    From(origin): From,
    Json(found): Json<Vec<Found>>,
) -> Result<Json<Vec<Feedback>>> {
    if !(1..=MOST).contains(&found.len()) {
        return Err(Error::invalid("body", "must have 1 to 100 items").into());
    }
    let by = By::anybody(origin);
    let mut feedback = Vec::with_capacity(found.len());
    for Found { token, kind } in found {
        let (label, status) = match access::report_leak(&core, &by, &token).await? {
            Leaked::Unknown => ("false_positive", "unknown"),
            Leaked::Published => ("false_positive", "published"),
            Leaked::Dead => ("true_positive", "dead"),
            Leaked::Revoked => ("true_positive", "revoked"),
        };
        feedback.push(Feedback {
            token_hash: hex::encode(fingerprint(&token)),
            token_type: kind,
            label,
            status,
        });
    }
    Ok(Json(feedback))
}
