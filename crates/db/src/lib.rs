//! One SQL text, two engines.
//!
//! [`Db`] runs the same statements on SQLite (WAL, one writer, many readers) and on
//! PostgreSQL ≥ 15. Statements use `$1`-style parameters and the portable subset that
//! `ARCHITECTURE.md` names; the few that must differ carry both texts side by side in a
//! [`Sql::Each`].
//!
//! Reads go through [`Db::all`], [`Db::one`] and [`Db::opt`]; every write goes through
//! [`Db::write`], which runs one transaction and retries it when the engine reports a
//! serialization failure. Many small writes that arrive together share one commit through
//! [`GroupCommit`].

mod clock;
mod cursor;
mod engine;
mod error;
mod group_commit;
mod migrate;
mod rows;
mod tx;
mod value;

pub use clock::{Clock, IdGenerator};
pub use cursor::{Cursor, InvalidCursor};
pub use engine::{AsDbError, Db, Engine, Scope};
pub use error::Error;
pub use group_commit::GroupCommit;
pub use migrate::{MIGRATIONS, Migration};
pub use rows::insert_rows;
pub use tx::Tx;
pub use value::{Id, Sql, Val};

pub use sqlx::FromRow;

/// A row type that decodes from both engines; `#[derive(FromRow)]` provides it.
pub trait Row:
    for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
    + for<'r> FromRow<'r, sqlx::postgres::PgRow>
    + Send
    + Unpin
{
}

impl<T> Row for T where
    T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin
{
}
