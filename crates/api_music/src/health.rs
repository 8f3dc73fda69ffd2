//! `GET /v1/healthz` and `GET /v1/readyz`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colophon_core::{Core, health};
use colophon_http::Json;
use serde::Serialize;

/// `{"status": "ok"}`: this process answers.
#[derive(Debug, Serialize)]
pub struct Alive {
    status: &'static str,
}

pub(crate) async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// What this process needs, and whether it has it.
#[derive(Debug, Serialize)]
pub struct Ready {
    status: &'static str,
    /// What is missing, in the contract's error envelope; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    checks: Checks,
}

#[derive(Debug, Serialize)]
struct Checks {
    database: &'static str,
    blobs: &'static str,
    worker: &'static str,
    keys: &'static str,
    log: &'static str,
}

/// 200 when everything answers, 503 otherwise, with the same members.
pub(crate) async fn ready(State(core): State<Arc<Core>>) -> impl IntoResponse {
    let health = health::check(&core).await;
    let word = |ready: bool| if ready { "ok" } else { "unavailable" };
    let status = if health.ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = Ready {
        status: if health.ready() { "ready" } else { "not_ready" },
        detail: (!health.ready())
            .then_some("Something that requests need is not available; see `checks`."),
        checks: Checks {
            database: word(health.database),
            blobs: word(health.blobs),
            worker: word(health.worker),
            keys: word(health.keys),
            log: word(health.log),
        },
    };
    (status, Json(body))
}
