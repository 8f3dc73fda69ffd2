//! Which handler runs which kind of job.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value as Json;

use super::JobContext;
use crate::Error;

/// Why an attempt failed. The message is for operators; callers never see it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt will ever succeed, such as with a payload that makes no sense.
    #[error("{0}")]
    Dead(String),
}

/// Whatever went wrong in the domain may go right later; a handler that knows better says so
/// with [`JobError::Dead`].
impl From<Error> for JobError {
    fn from(error: Error) -> Self {
        Self::Retry(with_causes(&error))
    }
}

impl From<colophon_db::Error> for JobError {
    fn from(error: colophon_db::Error) -> Self {
        Self::Retry(with_causes(&error))
    }
}

/// A payload that does not decode never will.
impl From<serde_json::Error> for JobError {
    fn from(error: serde_json::Error) -> Self {
        Self::Dead(format!("payload: {error}"))
    }
}

fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

pub(super) type Handler =
    Arc<dyn Fn(JobContext, Json) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync>;

/// The handlers of a worker, by kind. A worker leaves jobs of other kinds alone.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: HashMap<&'static str, Handler>,
}

impl Registry {
    /// No handlers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of a kind; a later one for the same kind replaces it.
    #[must_use]
    pub fn on<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(JobContext, Json) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        self.handlers.insert(
            kind,
            Arc::new(move |context, payload| handler(context, payload).boxed()),
        );
        self
    }

    pub(super) fn handler(&self, kind: &str) -> Option<Handler> {
        self.handlers.get(kind).cloned()
    }

    pub(super) fn kinds(&self) -> Json {
        self.handlers.keys().copied().collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}
