//! Refusals and failures, for people.

use axum::http::StatusCode;
use axum::response::Response;
use colophon_http::{Refused, problem};

use super::frame;
use crate::response::render_status;
use crate::views::ErrorPage;

/// Beginnings of the paths that programs call: a browser that opens one gets what they get.
const INTERFACES: [&str; 12] = [
    "/v1",
    "/api",
    "/files",
    "/log",
    "/bundles",
    "/media",
    "/oauth/token",
    "/assets",
    "/metrics",
    "/openapi.json",
    "/.well-known",
    "/public",
];

/// Whether a refusal is for a person: a browser asked for a page, at the address of one.
#[must_use]
pub fn is_for_people(refused: &Refused<'_>) -> bool {
    refused.accept.contains("text/html") && !is_interface(refused.path)
}

/// A page for people, problem details (RFC 9457) for programs.
#[must_use]
pub fn render_error(refused: &Refused<'_>) -> Response {
    if !is_for_people(refused) {
        return problem::render(refused);
    }
    render_status(
        refused.status,
        &ErrorPage {
            frame: frame(),
            status: refused.status.as_u16(),
            title: title(refused.status).to_owned(),
            detail: refused.error.detail.clone(),
            request_id: Some(refused.request_id.to_string()),
        },
    )
}

fn is_interface(path: &str) -> bool {
    INTERFACES.iter().any(|start| {
        path.strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "That could not be read",
        StatusCode::FORBIDDEN => "This is not allowed",
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::METHOD_NOT_ALLOWED => "That cannot be done here",
        StatusCode::CONFLICT => "That is no longer possible",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        StatusCode::INTERNAL_SERVER_ERROR => "Something went wrong here",
        StatusCode::SERVICE_UNAVAILABLE => "Not available just now",
        other => other.canonical_reason().unwrap_or("That did not work"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_paths_answer_as_for_programs() {
        for path in [
            "/v1",
            "/v1/records",
            "/files/sha256:00",
            "/log/key",
            "/api/v1/x",
        ] {
            assert!(is_interface(path), "{path}");
        }
        for path in ["/", "/console", "/verify", "/v12", "/logs", "/developers"] {
            assert!(!is_interface(path), "{path}");
        }
    }
}
