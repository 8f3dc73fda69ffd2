//! Opening a database and reading from it.

use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::value::{for_postgres, for_sqlite};
use crate::{Error, Row, Sql, Tx, Val};

/// Which engine is behind a [`Db`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite 3, bundled.
    Sqlite,
    /// PostgreSQL ≥ 15 or a wire-compatible engine.
    Postgres,
}

/// A database: cheap to clone, safe to share.
#[derive(Clone, Debug)]
pub enum Db {
    /// SQLite in WAL mode: readers never wait for the one writer.
    Sqlite {
        /// Read-only connections.
        read: SqlitePool,
        /// Exactly one connection, so that writers queue in memory, in order.
        write: SqlitePool,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

/// How many times [`Db::write`] runs a transaction that keeps losing races.
const WRITE_ATTEMPTS: u32 = 8;
/// How long a request waits for a connection before it is told that the database is not there.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a write waits for SQLite's one writer: longer than another process may hold it.
const WRITER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a SQLite writer waits for another process (an `admin` command) to finish.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often, and with which pause, a database is opened that another process is just making.
const BUSY_ATTEMPTS: u32 = 100;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

impl Db {
    /// Opens `sqlite:PATH` (created when absent) or `postgres://…`.
    ///
    /// # Errors
    /// [`Error::Url`] for another scheme or bad options, [`Error::Unavailable`] when the engine
    /// does not answer.
    pub async fn open(url: &str) -> Result<Self, Error> {
        if url.starts_with("sqlite:") {
            return Self::open_sqlite(url).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options =
                PgConnectOptions::from_str(url).map_err(|error| Error::Url(error.to_string()))?;
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_with(options)
                .await?;
            return Ok(Self::Postgres(pool));
        }
        Err(Error::Url(
            "must start with sqlite: or postgres://".to_owned(),
        ))
    }

    /// Of processes that make a database at once, one turns its journal into a WAL, and SQLite
    /// refuses the others in that moment without letting them wait.
    async fn open_sqlite(url: &str) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            match Self::connect_sqlite(url).await {
                Err(error) if error.is_busy() && attempt < BUSY_ATTEMPTS => attempt += 1,
                opened => return opened,
            }
            tokio::time::sleep(BUSY_PAUSE).await;
        }
    }

    async fn connect_sqlite(url: &str) -> Result<Self, Error> {
        // FULL makes a commit durable through power loss in WAL mode; NORMAL would not.
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| Error::Url(error.to_string()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "memory")
            .pragma("cache_size", "-16384")
            .pragma("mmap_size", "268435456")
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864");
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WRITER_TIMEOUT)
            // A file does not hang up; asking first would double what a read costs.
            .test_before_acquire(false)
            // After a full disk or an I/O error SQLite has rolled back by itself. sqlx does not
            // know, still counts a transaction, and would refuse to begin another one for good.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?; // the rollback has run
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "on"))
            .await?;
        Ok(Self::Sqlite { read, write })
    }

    /// The engine in use.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Every row of a query.
    ///
    /// # Errors
    /// As [`Error`] sorts them.
    pub async fn all<T: Row>(
        &self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<Vec<T>, Error> {
        let sql = sql.into().text(self.engine());
        Ok(match self {
            Self::Sqlite { read, .. } => {
                sqlx::query_as_with(sql, for_sqlite(values)?)
                    .fetch_all(read)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_as_with(sql, for_postgres(values)?)
                    .fetch_all(pool)
                    .await?
            }
        })
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// As [`Error`] sorts them.
    pub async fn opt<T: Row>(
        &self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<Option<T>, Error> {
        let sql = sql.into().text(self.engine());
        Ok(match self {
            Self::Sqlite { read, .. } => {
                sqlx::query_as_with(sql, for_sqlite(values)?)
                    .fetch_optional(read)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_as_with(sql, for_postgres(values)?)
                    .fetch_optional(pool)
                    .await?
            }
        })
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn one<T: Row>(
        &self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<T, Error> {
        self.opt(sql, values).await?.ok_or(Error::NotFound)
    }

    /// Runs `work` in one write transaction: committed when it returns `Ok`, rolled back
    /// otherwise, also when the future is dropped. Work that lost a race is run again, so it
    /// must have no effect outside the transaction.
    ///
    /// # Errors
    /// What `work` returned, or the failure to begin or commit.
    pub async fn write<'a, T, E, F>(&self, mut work: F) -> Result<T, E>
    where
        F: for<'t> FnMut(&'t mut Tx, Scope<'a, 't>) -> BoxFuture<'t, Result<T, E>> + Send + 'a,
        T: Send,
        E: From<Error> + AsDbError + Send,
    {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = async {
                let mut tx = self.begin().await?;
                let value = work(&mut tx, Scope(PhantomData)).await?;
                tx.commit().await?;
                Ok::<T, E>(value)
            }
            .await;
            match outcome {
                Err(error)
                    if attempt < WRITE_ATTEMPTS
                        && error.as_db_error().is_some_and(Error::is_retryable) =>
                {
                    let ceiling = 4u64 << attempt;
                    let pause = rand::random_range(1..=ceiling);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn begin(&self) -> Result<Tx, Error> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Finishes what is running and closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Tells the compiler that what the work of [`Db::write`] borrows (`'a`) outlives the
/// transaction (`'t`); closures ignore it: `|tx, _| Box::pin(async move { … })`.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a, 't>(PhantomData<&'t &'a ()>);

/// Lets [`Db::write`] see the database failure inside a caller's own error type.
pub trait AsDbError {
    /// The database failure behind this error, if that is what it is.
    fn as_db_error(&self) -> Option<&Error>;
}

impl AsDbError for Error {
    fn as_db_error(&self) -> Option<&Error> {
        Some(self)
    }
}
