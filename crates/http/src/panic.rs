//! A panic in a handler is that request's failure and no other's.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use colophon_core::Error;
use futures::FutureExt as _;

use crate::Failure;

/// The answer, or a 500 in place of one that panicked.
pub(crate) async fn guard(answer: impl Future<Output = Response>) -> Response {
    // Nothing that the future held is used after it unwound.
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(response) => response,
        Err(payload) => {
            let message = format!("panic: {}", message(payload.as_ref()));
            Failure::from(Error::internal(message)).into_response()
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message")
}
