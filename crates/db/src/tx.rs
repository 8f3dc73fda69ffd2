//! One write transaction.

use sqlx::{Postgres, Sqlite, Transaction};

use crate::value::{for_postgres, for_sqlite};
use crate::{Engine, Error, Row, Sql, Val};

/// A write transaction; rolled back when dropped without [`crate::Db::write`] committing it.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite, begun `IMMEDIATE`.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL, `READ COMMITTED`.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// The engine in use.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement and tells how many rows it touched.
    ///
    /// # Errors
    /// As [`Error`] sorts them.
    pub async fn exec(
        &mut self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<u64, Error> {
        let sql = sql.into().text(self.engine());
        Ok(match self {
            Self::Sqlite(tx) => sqlx::query_with(sql, for_sqlite(values)?)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Self::Postgres(tx) => sqlx::query_with(sql, for_postgres(values)?)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Every row of a query or of a `RETURNING` clause.
    ///
    /// # Errors
    /// As [`Error`] sorts them.
    pub async fn all<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<Vec<T>, Error> {
        let sql = sql.into().text(self.engine());
        Ok(match self {
            Self::Sqlite(tx) => {
                sqlx::query_as_with(sql, for_sqlite(values)?)
                    .fetch_all(&mut **tx)
                    .await?
            }
            Self::Postgres(tx) => {
                sqlx::query_as_with(sql, for_postgres(values)?)
                    .fetch_all(&mut **tx)
                    .await?
            }
        })
    }

    /// The first row of a query, if there is one.
    ///
    /// # Errors
    /// As [`Error`] sorts them.
    pub async fn opt<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<Option<T>, Error> {
        // All rows, not the first: a RETURNING statement on SQLite changes a row per step.
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn one<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Val>,
    ) -> Result<T, Error> {
        self.opt(sql, values).await?.ok_or(Error::NotFound)
    }

    /// Runs several statements given as one text, without parameters (migrations).
    pub(crate) async fn script(&mut self, text: String) -> Result<(), Error> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
        match self {
            Self::Sqlite(tx) => script.execute(&mut **tx).await.map(|_| ())?,
            Self::Postgres(tx) => script.execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
