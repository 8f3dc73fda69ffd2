//! Parameters and statements that mean the same on both engines.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqlSafeStr, SqlStr};
use uuid::Uuid;

use crate::{Engine, Error};

/// One bound parameter. `None` is SQL `NULL` of that type (PostgreSQL types its nulls).
#[derive(Clone, Debug)]
pub enum Val {
    /// `TEXT`
    Text(Option<String>),
    /// `BIGINT`
    Int(Option<i64>),
    /// `BOOLEAN`, 0 or 1 on SQLite
    Bool(Option<bool>),
    /// `BYTEA` or `BLOB`
    Bytes(Option<Vec<u8>>),
    /// `JSONB`, or `TEXT` on SQLite
    Json(Option<Json>),
    /// `TIMESTAMPTZ`, or RFC 3339 `TEXT` on SQLite (which sorts as time does)
    Time(Option<DateTime<Utc>>),
    /// `UUID`, or a 16-byte `BLOB` on SQLite
    Uuid(Option<Uuid>),
}

macro_rules! val_from {
    ($($rust:ty => $arm:ident),* $(,)?) => {$(
        impl From<$rust> for Val {
            fn from(value: $rust) -> Self { Self::$arm(Some(value)) }
        }
        impl From<Option<$rust>> for Val {
            fn from(value: Option<$rust>) -> Self { Self::$arm(value) }
        }
    )*};
}

val_from!(String => Text, i64 => Int, bool => Bool, Vec<u8> => Bytes, Json => Json, DateTime<Utc> => Time, Uuid => Uuid);

/// An id of the domain that is a UUID inside: binds as one, also when it is absent.
pub trait Id: Into<Uuid> {}

impl<T: Id> From<Option<T>> for Val {
    fn from(id: Option<T>) -> Self {
        Self::Uuid(id.map(Into::into))
    }
}

impl From<&str> for Val {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<&String> for Val {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<&[u8]> for Val {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl<const N: usize> From<[u8; N]> for Val {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

/// Binds its arguments in order: `args![id, "name", None::<String>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { [$($crate::Val::from($value)),*] };
}

/// A statement: one text for both engines, or one for each.
#[derive(Clone, Debug)]
pub enum Sql {
    /// The same text for both.
    Both(&'static str),
    /// What only one of them understands.
    Each {
        /// Text for SQLite.
        sqlite: &'static str,
        /// Text for PostgreSQL.
        postgres: &'static str,
    },
    /// Text put together from constants at run time; never from user input.
    Built(String),
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Both(text)
    }
}

impl Sql {
    pub(crate) fn text(self, engine: Engine) -> SqlStr {
        match self {
            Self::Both(text) => text.into_sql_str(),
            Self::Each { sqlite, postgres } => match engine {
                Engine::Sqlite => sqlite.into_sql_str(),
                Engine::Postgres => postgres.into_sql_str(),
            },
            Self::Built(text) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}

macro_rules! bind {
    ($name:ident, $arguments:ty) => {
        pub(crate) fn $name(values: impl IntoIterator<Item = Val>) -> Result<$arguments, Error> {
            let mut arguments = <$arguments>::default();
            for value in values {
                match value {
                    Val::Text(v) => arguments.add(v),
                    Val::Int(v) => arguments.add(v),
                    Val::Bool(v) => arguments.add(v),
                    Val::Bytes(v) => arguments.add(v),
                    Val::Json(v) => arguments.add(v.map(sqlx::types::Json)),
                    Val::Time(v) => arguments.add(v),
                    Val::Uuid(v) => arguments.add(v),
                }
                .map_err(|error| Error::Other(sqlx::Error::Encode(error)))?;
            }
            Ok(arguments)
        }
    };
}

bind!(for_sqlite, SqliteArguments);
bind!(for_postgres, PgArguments);
