//! What one request to a route may cost: bytes of body and seconds of work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use colophon_core::{Error, Kind};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::timeout;

use crate::body::{Bounded, too_large};
use crate::product::Exchange;
use crate::{Failure, Layer};

/// The body limit of a route that names no other: 1 MiB.
const BODY_BYTES: u64 = 1 << 20;
/// The time that a route has which names no other.
const DEADLINE: Duration = Duration::from_secs(30);

/// The limits of one route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The route's template, for the log.
    pub(crate) route: &'static str,
    /// The largest body.
    pub(crate) body_bytes: u64,
    /// The longest that arriving, working and starting to answer may take.
    pub(crate) deadline: Option<Duration>,
}

impl Limits {
    pub(crate) fn new(route: &'static str) -> Self {
        Self {
            route,
            body_bytes: BODY_BYTES,
            deadline: Some(DEADLINE),
        }
    }

    pub(crate) fn layer(self) -> Layer<Self> {
        from_fn_with_state(self, enforce)
    }
}

fn enforce(
    State(limits): State<Limits>,
    request: Request,
    next: Next,
) -> BoxFuture<'static, Response> {
    async move {
        if let Some(exchange) = request.extensions().get::<Arc<Exchange>>() {
            // Set once per request: a route is reached once.
            let _ = exchange.route.set(limits.route);
        }
        let (parts, body) = request.into_parts();
        let body = Bounded::bound(body, &parts.headers, limits.body_bytes);
        let declared = parts.headers.get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > limits.body_bytes) {
            return Failure::from(too_large(limits.body_bytes)).into_response();
        }
        let answer = next.run(Request::from_parts(parts, body));
        match limits.deadline {
            None => answer.await,
            Some(deadline) => match timeout(deadline, answer).await {
                Ok(response) => response,
                Err(_) => out_of_time(deadline).into_response(),
            },
        }
    }
    .boxed()
}

fn out_of_time(deadline: Duration) -> Failure {
    let detail = format!(
        "There was no answer within {} seconds. Try again.",
        deadline.as_secs()
    );
    let mut error = Error::new(Kind::Unavailable, "deadline_exceeded", detail);
    error.retry_after = Some(1);
    error.into()
}
