//! Numbered migrations, one folder for both engines.
//!
//! A migration is written once with the type words `uuid`, `json`, `time`, `bytes` and `bool`
//! in braces; `{strict}` becomes SQLite's `STRICT`. Each runs in its own transaction together
//! with the row that says it ran.

use chrono::{DateTime, Utc};

use crate::{Db, Engine, Error, FromRow, args};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// 1, 2, 3 …
    pub version: i64,
    /// What it brings.
    pub name: &'static str,
    /// The text with type words.
    pub text: &'static str,
}

/// Every migration, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "foundation",
        text: include_str!("../migrations/0001_foundation.sql"),
    },
    Migration {
        version: 2,
        name: "identity",
        text: include_str!("../migrations/0002_identity.sql"),
    },
];

impl Migration {
    fn for_engine(&self, engine: Engine) -> String {
        let words: &[(&str, &str)] = match engine {
            Engine::Sqlite => &[
                ("{uuid}", "BLOB"),
                ("{json}", "TEXT"),
                ("{time}", "TEXT"),
                ("{bytes}", "BLOB"),
                ("{bool}", "INTEGER"),
                ("{strict}", "STRICT"),
                // STRICT knows only this spelling, which has 64 bits too.
                ("BIGINT", "INTEGER"),
            ],
            Engine::Postgres => &[
                ("{uuid}", "UUID"),
                ("{json}", "JSONB"),
                ("{time}", "TIMESTAMPTZ"),
                ("{bytes}", "BYTEA"),
                ("{bool}", "BOOLEAN"),
                ("{strict}", ""),
            ],
        };
        words
            .iter()
            .fold(self.text.to_owned(), |text, (word, kind)| {
                text.replace(word, kind)
            })
    }
}

#[derive(FromRow)]
struct Applied {
    version: i64,
}

const CREATE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at {time} NOT NULL) {strict}";

impl Db {
    /// The versions that have run, in order.
    ///
    /// # Errors
    /// As [`Error`] sorts them; a database without our ledger has run none.
    pub async fn schema_versions(&self) -> Result<Vec<i64>, Error> {
        let ledger: Option<(i64,)> = self
            .opt(
                crate::Sql::Each {
                    sqlite: "SELECT CAST(1 AS BIGINT) FROM sqlite_master WHERE name = 'schema_migration'",
                    postgres: "SELECT CAST(1 AS BIGINT) WHERE to_regclass('schema_migration') IS NOT NULL",
                },
                [],
            )
            .await?;
        if ledger.is_none() {
            return Ok(Vec::new());
        }
        let applied: Vec<Applied> = self
            .all("SELECT version FROM schema_migration ORDER BY version", [])
            .await?;
        Ok(applied.into_iter().map(|row| row.version).collect())
    }

    /// Runs every migration that has not run yet and returns those. Several processes may call
    /// this at once: each migration runs once.
    ///
    /// # Errors
    /// [`Error::Schema`] when the database was made by a newer program.
    pub async fn migrate(&self, now: DateTime<Utc>) -> Result<Vec<Migration>, Error> {
        let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
        self.migrate_to(newest, now).await
    }

    /// The same, up to one version: for tests of what later ones make of older data.
    ///
    /// # Errors
    /// As [`Db::migrate`].
    pub async fn migrate_to(&self, last: i64, now: DateTime<Utc>) -> Result<Vec<Migration>, Error> {
        let ledger = Migration {
            version: 0,
            name: "ledger",
            text: CREATE_LEDGER,
        };
        if self.schema_versions().await?.is_empty() {
            let text = ledger.for_engine(self.engine());
            // Two processes may both find no ledger; the loser of that race sees it exist.
            match self.write(|tx, _| Box::pin(tx.script(text.clone()))).await {
                Ok(()) | Err(Error::Unique) => {}
                Err(error) => return Err(error),
            }
        }
        let applied = self.schema_versions().await?;
        let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
        if let Some(foreign) = applied.iter().find(|version| **version > newest) {
            return Err(Error::Schema(format!(
                "the database is at version {foreign}, this program knows {newest}; use a newer colophon"
            )));
        }
        let mut run = Vec::new();
        let missing = |migration: &&Migration| {
            migration.version <= last && !applied.contains(&migration.version)
        };
        for migration in MIGRATIONS.iter().filter(missing) {
            let text = migration.for_engine(self.engine());
            let mine = self
                .write(|tx, _| {
                    let text = text.clone();
                    Box::pin(async move {
                    // The row goes first: a second process waits here, then finds it taken.
                    let mine = tx
                        .exec(
                            "INSERT INTO schema_migration (version, name, applied_at) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING",
                            args![migration.version, migration.name, now],
                        )
                        .await?;
                    if mine == 1 {
                        tx.script(text).await?;
                    }
                    Ok::<_, Error>(mine == 1)
                    })
                })
                .await?;
            if mine {
                run.push(*migration);
            }
        }
        Ok(run)
    }
}
