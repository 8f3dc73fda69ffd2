//! The name of one request, in logs, headers and error bodies.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use colophon_db::IdGenerator;

/// `X-Request-ID`
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own id of a request, or `req_` and 32 hex digits; an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes the client's id if it is 1 to 128 letters, digits, dots, underscores and hyphens:
    /// anything else could forge lines in a log.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match sent {
            Some(id) if (1..=128).contains(&id.len()) && id.chars().all(allowed) => Self(id.into()),
            _ => Self(format!("req_{}", IdGenerator.next().simple()).into()),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as a header; there is always one, because of the characters allowed.
    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
