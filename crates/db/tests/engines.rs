//! What every statement of the server relies on, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::{
    Clock, Db, Error, FromRow, GroupCommit, IdGenerator, MIGRATIONS, Sql, Tx, Val, args,
    insert_rows,
};
use colophon_testkit::postgres::Postgres;
use serde_json::json;
use uuid::Uuid;

/// A fresh, migrated database of each engine that this machine has.
async fn databases() -> Vec<(Db, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Db::open(&format!("sqlite:{}", folder.path().join("t.db").display()))
        .await
        .unwrap();
    let mut found = vec![(sqlite, Some(folder))];
    if let Some(postgres) = Postgres::shared() {
        found.push((Db::open(&postgres.database()).await.unwrap(), None));
    }
    for (db, _) in &found {
        db.migrate(Clock::system().now()).await.unwrap();
    }
    found
}

async fn organisation(db: &Db) -> Uuid {
    let (id, now) = (IdGenerator.next(), Clock::system().now());
    db.write(|tx, _| {
        Box::pin(async move {
            tx.exec(
                "INSERT INTO organisation (id, name, plan, created_at) VALUES ($1, $2, $3, $4)",
                args![id, "Verlag", "free", now],
            )
            .await?;
            tx.exec(
                "INSERT INTO wallet (org_id, balance) VALUES ($1, 0)",
                args![id],
            )
            .await?;
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn migrations_run_once_however_many_processes_start() {
    for (db, _keep) in databases().await {
        let again = db.migrate(Clock::system().now()).await.unwrap();
        assert!(again.is_empty(), "nothing is left to run");
        let versions = db.schema_versions().await.unwrap();
        assert_eq!(
            versions,
            MIGRATIONS.iter().map(|m| m.version).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn two_processes_may_migrate_an_empty_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut urls = vec![format!("sqlite:{}", folder.path().join("t.db").display())];
    urls.extend(Postgres::shared().map(Postgres::database));
    for url in urls {
        let now = Clock::system().now();
        let (one, two) = (Db::open(&url).await.unwrap(), Db::open(&url).await.unwrap());
        let (one, two) = tokio::join!(one.migrate(now), two.migrate(now));
        assert_eq!(
            one.unwrap().len() + two.unwrap().len(),
            MIGRATIONS.len(),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_instead_of_damaged() {
    for (db, _keep) in databases().await {
        let now = Clock::system().now();
        db.write(|tx, _| {
            Box::pin(async move {
                tx.exec(
                    "INSERT INTO schema_migration (version, name, applied_at) VALUES (9999, 'future', $1)",
                    args![now],
                )
                .await
            })
        })
        .await
        .unwrap();
        assert!(matches!(db.migrate(now).await, Err(Error::Schema(_))));
    }
}

#[derive(Debug, FromRow, PartialEq)]
struct Everything {
    id: Uuid,
    kind: String,
    payload: sqlx::types::Json<serde_json::Value>,
    priority: i64,
    run_at: DateTime<Utc>,
    unique_key: Option<String>,
}

#[tokio::test]
async fn every_type_comes_back_as_it_went_in() {
    for (db, _keep) in databases().await {
        let (id, now) = (IdGenerator.next(), Clock::system().now());
        let payload = json!({"n": 1, "text": "é\u{2028}", "list": [true, null]});
        db.write(|tx, _| {
            let payload = payload.clone();
            Box::pin(async move {
                tx.exec(
                    "INSERT INTO job (id, kind, payload, priority, state, run_at, attempts, max_attempts, unique_key, progress, progress_note, created_at) VALUES ($1, $2, $3, $4, 'queued', $5, 0, 8, $6, 0, '', $5)",
                    args![id, "test", payload, -7_i64, now, None::<String>],
                )
                .await
            })
        })
        .await
        .unwrap();
        let row: Everything = db
            .one(
                "SELECT id, kind, payload, priority, run_at, unique_key FROM job WHERE id = $1",
                args![id],
            )
            .await
            .unwrap();
        assert_eq!(
            row,
            Everything {
                id,
                kind: "test".into(),
                payload: sqlx::types::Json(payload),
                priority: -7,
                run_at: now,
                unique_key: None
            }
        );
        let missing: Result<Everything, _> = db
            .one(
                "SELECT id, kind, payload, priority, run_at, unique_key FROM job WHERE kind = $1",
                args!["none"],
            )
            .await;
        assert!(matches!(missing, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn times_sort_as_time_whatever_their_fraction() {
    for (db, _keep) in databases().await {
        let base = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let times: Vec<_> = [0, 1, 999, 1_000, 500_000, 999_999]
            .map(|micros| base + Duration::from_micros(micros))
            .to_vec();
        let shuffled: Vec<_> = times.iter().rev().copied().collect();
        db.write(|tx, _| {
            let rows = shuffled.clone();
            Box::pin(async move {
                insert_rows(
                    tx,
                    "job_schedule",
                    ["name", "next_run_at"],
                    "",
                    rows.into_iter()
                        .enumerate()
                        .map(|(n, at)| args![format!("s{n}"), at]),
                )
                .await
            })
        })
        .await
        .unwrap();
        let sorted: Vec<(DateTime<Utc>,)> = db
            .all(
                "SELECT next_run_at FROM job_schedule ORDER BY next_run_at",
                [],
            )
            .await
            .unwrap();
        assert_eq!(
            sorted.into_iter().map(|(at,)| at).collect::<Vec<_>>(),
            times
        );
        let after: Vec<(String,)> = db
            .all(
                "SELECT name FROM job_schedule WHERE next_run_at > $1",
                args![times[3]],
            )
            .await
            .unwrap();
        assert_eq!(after.len(), 2);
    }
}

#[tokio::test]
async fn what_fails_or_is_dropped_leaves_nothing() {
    for (db, _keep) in databases().await {
        let id = organisation(&db).await;
        let failed: Result<(), Error> = db
            .write(|tx, _| {
                Box::pin(async move {
                    tx.exec("UPDATE wallet SET balance = 5 WHERE org_id = $1", args![id])
                        .await?;
                    Err(Error::NotFound)
                })
            })
            .await;
        assert!(failed.is_err());
        let stuck = db.write(|tx, _| {
            Box::pin(async move {
                tx.exec("UPDATE wallet SET balance = 6 WHERE org_id = $1", args![id])
                    .await?;
                std::future::pending::<()>().await;
                Ok::<_, Error>(())
            })
        });
        assert!(
            tokio::time::timeout(Duration::from_millis(100), stuck)
                .await
                .is_err()
        );
        let (balance,): (i64,) = db
            .one("SELECT balance FROM wallet WHERE org_id = $1", args![id])
            .await
            .unwrap();
        assert_eq!(balance, 0);
        // And the writer is free again.
        let changed = db
            .write(|tx, _| {
                Box::pin(async move {
                    tx.exec("UPDATE wallet SET balance = 1 WHERE org_id = $1", args![id])
                        .await
                })
            })
            .await
            .unwrap();
        assert_eq!(changed, 1);
    }
}

#[tokio::test]
async fn a_transaction_that_the_engine_ended_by_itself_does_not_stop_the_next() {
    for (db, _keep) in databases().await {
        // As SQLite does when the disk is full.
        let outcome: Result<(), Error> = db
            .write(|tx, _| {
                Box::pin(async move {
                    tx.exec("ROLLBACK", []).await?;
                    Err(Error::NotFound)
                })
            })
            .await;
        assert!(matches!(outcome, Err(Error::NotFound)));
        organisation(&db).await;
        organisation(&db).await;
    }
}

#[tokio::test]
async fn a_taken_key_is_told_from_other_failures() {
    for (db, _keep) in databases().await {
        let id = organisation(&db).await;
        let again: Result<u64, Error> = db
            .write(|tx, _| {
                Box::pin(async move {
                    tx.exec(
                        "INSERT INTO wallet (org_id, balance) VALUES ($1, 0)",
                        args![id],
                    )
                    .await
                })
            })
            .await;
        assert!(matches!(again, Err(Error::Unique)), "{again:?}");
        let debt: Result<u64, Error> = db
            .write(|tx, _| {
                Box::pin(async move {
                    tx.exec(
                        "UPDATE wallet SET balance = -1 WHERE org_id = $1",
                        args![id],
                    )
                    .await
                })
            })
            .await;
        assert!(matches!(debt, Err(Error::Other(_))), "{debt:?}");
    }
}

#[tokio::test]
async fn many_rows_go_in_with_one_call_and_tell_how_many_did() {
    for (db, _keep) in databases().await {
        let name = |n: i64| format!("schedule {n}");
        let stored = async |db: &Db| -> (i64,) {
            db.one("SELECT CAST(count(*) AS BIGINT) FROM job_schedule", [])
                .await
                .unwrap()
        };
        let now = Clock::system().now();
        for count in [0, 1, 2, 3, 255, 9_001_i64] {
            let (before,) = stored(&db).await;
            let inserted = db
                .write(|tx, _| {
                    Box::pin(async move {
                        insert_rows(
                            tx,
                            "job_schedule",
                            ["name", "next_run_at"],
                            "ON CONFLICT (name) DO NOTHING",
                            (0..count)
                                .collect::<Vec<_>>()
                                .into_iter()
                                .map(|n| args![name(n), now]),
                        )
                        .await
                    })
                })
                .await
                .map_err(|error: Error| panic!("{error:?}"))
                .unwrap();
            let (after,) = stored(&db).await;
            assert_eq!(after, count.max(before));
            assert_eq!(inserted as i64, after - before);
        }
    }
}

#[tokio::test]
async fn concurrent_writers_lose_no_update() {
    for (db, _keep) in databases().await {
        let id = organisation(&db).await;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let db = db.clone();
            writers.spawn(async move {
                db.write(|tx, _| {
                    Box::pin(async move {
                        tx.exec(
                            "UPDATE wallet SET balance = balance + 1 WHERE org_id = $1",
                            args![id],
                        )
                        .await
                    })
                })
                .await
                .map_err(|error: Error| error.to_string())
            });
        }
        while let Some(done) = writers.join_next().await {
            assert_eq!(done.unwrap(), Ok(1));
        }
        let (balance,): (i64,) = db
            .one("SELECT balance FROM wallet WHERE org_id = $1", args![id])
            .await
            .unwrap();
        assert_eq!(balance, 50);
    }
}

#[tokio::test]
async fn a_group_commit_answers_each_item_and_none_fails_for_its_neighbour() {
    for (db, _keep) in databases().await {
        let id = organisation(&db).await;
        let commits = GroupCommit::start(db.clone(), 16, move |tx: &mut Tx, items: &[i64]| {
            Box::pin(async move {
                let mut answers = Vec::new();
                for &amount in items {
                    // A negative balance breaks the table's CHECK and with it the transaction.
                    tx.exec(
                        "UPDATE wallet SET balance = balance + $2 WHERE org_id = $1",
                        args![id, amount],
                    )
                    .await?;
                    answers.push(amount);
                }
                Ok(answers)
            })
        });
        let mut waiting = tokio::task::JoinSet::new();
        for n in 0..64_i64 {
            let commits = commits.clone();
            let amount = if n % 8 == 3 { -1_000_000 } else { n };
            waiting.spawn(async move { (amount, commits.submit(amount).await) });
        }
        let mut sum = 0;
        while let Some(done) = waiting.join_next().await {
            let (amount, answer) = done.unwrap();
            if amount < 0 {
                assert!(answer.is_err(), "a broken item is told so");
            } else {
                assert_eq!(answer.unwrap(), amount, "the answer is the item's own");
                sum += amount;
            }
        }
        let (balance,): (i64,) = db
            .one("SELECT balance FROM wallet WHERE org_id = $1", args![id])
            .await
            .unwrap();
        assert_eq!(balance, sum, "what was acknowledged is there, once");
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    assert!(matches!(Db::open("mysql://x").await, Err(Error::Url(_))));
    let nowhere = Db::open("sqlite:/nonexistent/folder/t.db").await;
    assert!(matches!(nowhere, Err(Error::Unavailable(_))), "{nowhere:?}");
    let refused = Db::open("postgres://nobody@127.0.0.1:1/none?sslmode=disable").await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn each_engine_gets_its_own_text() {
    for (db, _keep) in databases().await {
        let sql = Sql::Each {
            sqlite: "SELECT 'sqlite' WHERE $1 = $1",
            postgres: "SELECT 'postgres' WHERE $1 = $1",
        };
        let (name,): (String,) = db.one(sql, [Val::from(1_i64)]).await.unwrap();
        let expected = format!("{:?}", db.engine()).to_lowercase();
        assert_eq!(name, expected);
    }
}
