//! What can go wrong between us and the database, sorted by what a caller can do about it.

/// A database failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A uniqueness rule refused the row; the statement had no `ON CONFLICT` clause.
    #[error("a row with this key exists already")]
    Unique,
    /// The transaction lost a race and may succeed when run again.
    #[error("the transaction conflicted with another one")]
    Conflict(#[source] sqlx::Error),
    /// The database cannot be reached, is locked by another process, or its disk is full.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// [`crate::Db::one`] found no row.
    #[error("no such row")]
    NotFound,
    /// Anything else: a defect of a statement or of a row type.
    #[error("database error")]
    Other(#[source] sqlx::Error),
    /// The schema is newer than this program, or a migration was changed after it ran.
    #[error("schema: {0}")]
    Schema(String),
    /// The database URL names neither engine, or its options are wrong.
    #[error("database URL: {0}")]
    Url(String),
    /// A group commit was given up because its task has ended.
    #[error("the writer is shutting down")]
    Closed,
}

impl Error {
    /// Whether running the same transaction again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether SQLite says that another process holds the file.
    pub(crate) fn is_busy(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(error)) = self else {
            return false;
        };
        let code = error.code().and_then(|code| code.parse::<i64>().ok());
        code.is_some_and(|code| code & 0xff == SQLITE_BUSY)
    }
}

/// SQLite primary result codes: https://www.sqlite.org/rescode.html
const SQLITE_BUSY: i64 = 5;
const SQLITE_LOCKED: i64 = 6;
const SQLITE_IOERR: i64 = 10;
const SQLITE_FULL: i64 = 13;
const SQLITE_CANTOPEN: i64 = 14;

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::RowNotFound => Self::NotFound,
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(error)
            }
            E::Database(db) if db.is_unique_violation() => Self::Unique,
            E::Database(db) => {
                let code = db.code().unwrap_or_default();
                // SQLSTATE 40001 serialization_failure, 40P01 deadlock_detected; classes 08 and
                // 57P are lost connections, 53 is out of resources (disk full among them).
                if code == "40001" || code == "40P01" {
                    return Self::Conflict(error);
                }
                if code.len() == 5
                    && (code.starts_with("08") || code.starts_with("53") || code.starts_with("57P"))
                {
                    return Self::Unavailable(error);
                }
                match code.parse::<i64>().map(|extended| extended & 0xff) {
                    Ok(
                        SQLITE_BUSY | SQLITE_LOCKED | SQLITE_IOERR | SQLITE_FULL | SQLITE_CANTOPEN,
                    ) if code.len() < 5 => Self::Unavailable(error),
                    _ => Self::Other(error),
                }
            }
            _ => Self::Other(error),
        }
    }
}
