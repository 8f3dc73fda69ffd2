//! The one error of the domain; each contract maps it once to its own envelope.

use std::fmt;

use colophon_db::AsDbError;
use serde_json::{Map, Value as Json};

/// What kind of refusal or failure this is; each contract turns it into a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is malformed or breaks a rule of the field it names.
    Invalid,
    /// No credential, or one that is not known.
    Unauthenticated,
    /// The plan's limit is reached or the wallet is empty.
    PaymentRequired,
    /// The credential is known but may not do this.
    Forbidden,
    /// There is no such thing, or not for this caller.
    NotFound,
    /// The path exists with other methods.
    MethodNotAllowed,
    /// None of the media types the client accepts can be made.
    NotAcceptable,
    /// The thing is in a state that does not allow this.
    Conflict,
    /// It was here and is gone for good.
    Gone,
    /// The request stopped arriving before it was complete.
    RequestTimeout,
    /// The body is larger than this route takes.
    TooLarge,
    /// The body has a media type this route does not take.
    UnsupportedMediaType,
    /// A range of bytes that the file does not have.
    RangeNotSatisfiable,
    /// Too many requests.
    RateLimited,
    /// A defect of ours.
    Internal,
    /// Something we need (database, blob store) does not answer now.
    Unavailable,
}

/// What is wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field in the input, such as `signed_payload.model`.
    pub field: String,
    /// What is wrong, in words for the person who sent it.
    pub message: String,
}

/// A refusal or failure.
#[derive(Debug)]
pub struct Error {
    /// What kind it is.
    pub kind: Kind,
    /// A stable code, distinct per cause.
    pub code: &'static str,
    /// What happened and what to do, in words for the caller.
    pub detail: String,
    /// The fields at fault, if any.
    pub fields: Vec<FieldError>,
    /// Documented additional members of the answer, such as `limit` of a 402.
    pub extra: Map<String, Json>,
    /// Whole seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// The cause, for the log only: it never leaves the server.
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A refusal with a stable code and words for the caller.
    #[must_use]
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            fields: Vec::new(),
            extra: Map::new(),
            retry_after: None,
            source: None,
        }
    }

    /// The input breaks a rule of one field.
    #[must_use]
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        let mut error = Self::new(
            Kind::Invalid,
            "validation_failed",
            format!("{field}: {message}"),
        );
        error.fields.push(FieldError { field, message });
        error
    }

    /// There is no such thing for this caller; `what` is a noun such as "record".
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            "not_found",
            format!("There is no such {what}."),
        )
    }

    /// A defect of ours, with its cause for the log.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(
            Kind::Internal,
            "internal_error",
            "Something went wrong on our side. Please quote the request id if you report it.",
        );
        error.source = Some(source.into());
        error
    }

    /// Something we need does not answer now.
    #[must_use]
    pub fn unavailable(
        what: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let mut error = Self::new(
            Kind::Unavailable,
            "temporarily_unavailable",
            format!("The {what} is not available at the moment; nothing was changed. Try again."),
        );
        error.retry_after = Some(1);
        error.source = Some(source.into());
        error
    }

    /// Adds a documented member to the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The cause, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause()
    }
}

impl From<colophon_db::Error> for Error {
    fn from(error: colophon_db::Error) -> Self {
        use colophon_db::Error as E;
        match error {
            E::Unavailable(_) | E::Conflict(_) | E::Closed => Self::unavailable("database", error),
            error => Self::internal(error),
        }
    }
}

impl AsDbError for Error {
    fn as_db_error(&self) -> Option<&colophon_db::Error> {
        self.source
            .as_deref()
            .and_then(|source| source.downcast_ref())
    }
}
