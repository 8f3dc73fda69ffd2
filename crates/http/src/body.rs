//! Bodies that end: bounded in size, and given up when they stop arriving.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use colophon_core::{Error, Kind};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep, timeout};

use crate::Result;

/// The longest pause between two pieces of a body.
const PATIENCE: Duration = Duration::from_secs(15);
/// What is read and thrown away after an early answer. Without that, closing the connection
/// resets it, and the client may never see why it was refused.
const DRAIN_BYTES: u64 = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Why a body could not be read to its end.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the body stopped arriving")]
    Stalled,
    #[error("the body broke off")]
    Broken(#[source] axum::Error),
}

/// The whole body, which is within the limit of the route.
///
/// # Errors
/// As [`body_error`].
pub async fn read_body(body: Body) -> Result<Bytes> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(body_error(&error).into()),
    }
}

/// What to answer when reading a body failed, from the error of whatever read it (axum's
/// `MultipartError` and `Error` among others): [`Kind::TooLarge`] (`body_too_large`),
/// [`Kind::RequestTimeout`] (`request_timeout`) or [`Kind::Invalid`] (`body_unreadable`).
#[must_use]
pub fn body_error(error: &(dyn StdError + 'static)) -> Error {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(BodyError::TooLarge { limit }) => return too_large(*limit),
            Some(BodyError::Stalled) => {
                return Error::new(
                    Kind::RequestTimeout,
                    "request_timeout",
                    format!(
                        "The body stopped arriving for {} seconds.",
                        PATIENCE.as_secs()
                    ),
                );
            }
            Some(BodyError::Broken(_)) | None => next = error.source(),
        }
    }
    Error::new(
        Kind::Invalid,
        "body_unreadable",
        "The body broke off or is malformed.",
    )
}

pub(crate) fn too_large(limit: u64) -> Error {
    let detail = format!("The body is larger than the {limit} bytes that are taken here.");
    Error::new(Kind::TooLarge, "body_too_large", detail)
}

/// A request's body with a limit on its size and on its pauses.
pub(crate) struct Bounded {
    body: Body,
    limit: u64,
    read: u64,
    /// Runs while we wait for the next piece.
    pause: Option<Pin<Box<Sleep>>>,
    /// There is more that nobody has read.
    unread: bool,
}

impl Bounded {
    /// Bounds `body`; one that is empty is returned as it is.
    pub(crate) fn bound(body: Body, headers: &HeaderMap, limit: u64) -> Body {
        if body.is_end_stream() {
            return body;
        }
        // A client that waits for `100 Continue` sends nothing unless we read.
        let unread = !headers.contains_key(header::EXPECT);
        Body::new(Self {
            body,
            limit,
            read: 0,
            pause: None,
            unread,
        })
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = BodyErrorBox;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyErrorBox>>> {
        let this = &mut *self;
        let Poll::Ready(next) = Pin::new(&mut this.body).poll_frame(cx) else {
            let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
            ready!(pause.as_mut().poll(cx));
            this.unread = false;
            return Poll::Ready(Some(Err(BodyError::Stalled.into())));
        };
        this.pause = None;
        Poll::Ready(match next {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.read = this.read.saturating_add(length as u64);
                if this.read > this.limit {
                    Some(Err(BodyError::TooLarge { limit: this.limit }.into()))
                } else {
                    Some(Ok(frame))
                }
            }
            Some(Err(error)) => {
                this.unread = false;
                Some(Err(BodyError::Broken(error).into()))
            }
            None => {
                this.unread = false;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The error as axum's `Body` wants it, without making the type public.
type BodyErrorBox = Box<dyn StdError + Send + Sync>;

impl Drop for Bounded {
    fn drop(&mut self) {
        if !self.unread || self.body.is_end_stream() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let body = std::mem::take(&mut self.body);
            runtime.spawn(timeout(DRAIN_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: Body) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len) as u64;
        if drained > DRAIN_BYTES {
            return;
        }
    }
}
