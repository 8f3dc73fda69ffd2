//! `Idempotency-Key`, on both engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use colophon_core::{Error, idempotency};
use colophon_db::{Clock, Db};
use colophon_http::{Failure, Idempotency, Json, Routes};
use colophon_testkit::Postgres;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::client::{Answer, app, post, request, start};

/// What a test runs on: a fresh database and a clock that the test moves.
struct Ground {
    name: &'static str,
    db: Db,
    clock: Clock,
    _folder: Option<tempfile::TempDir>,
}

async fn grounds() -> Vec<Ground> {
    let clock = || Clock::fixed(chrono::DateTime::from_timestamp(1_900_000_000, 0).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let sqlite = Db::open(&url).await.unwrap();
    let mut grounds = vec![Ground {
        name: "SQLite",
        db: sqlite,
        clock: clock(),
        _folder: Some(folder),
    }];
    match Postgres::shared() {
        Some(postgres) => {
            let db = Db::open(&postgres.database()).await.unwrap();
            grounds.push(Ground {
                name: "PostgreSQL",
                db,
                clock: clock(),
                _folder: None,
            });
        }
        None => println!("skipped on PostgreSQL: its programs are not installed"),
    }
    for ground in &grounds {
        ground.db.migrate(ground.clock.now()).await.unwrap();
    }
    grounds
}

/// Answers with the number of times it ran, after a moment; the body says how to fail.
async fn work(ran: Arc<AtomicU32>, body: Value) -> Response {
    let ran = ran.fetch_add(1, Ordering::SeqCst) + 1;
    sleep(Duration::from_millis(body["ms"].as_u64().unwrap_or(0))).await;
    match body["fail"].as_u64() {
        Some(0) => panic!("on purpose"),
        Some(413) => Json("x".repeat(2 << 20)).into_response(),
        Some(404) => Failure::from(Error::not_found("song")).into_response(),
        Some(status) => StatusCode::from_u16(status as u16).unwrap().into_response(),
        None => (StatusCode::CREATED, Json(json!({ "ran": ran }))).into_response(),
    }
}

fn routes(ground: &Ground) -> (Routes, Arc<AtomicU32>) {
    let ran = Arc::new(AtomicU32::new(0));
    let replay = Idempotency::replay(ground.db.clone(), ground.clock.clone());
    let handler = |ran: &Arc<AtomicU32>| {
        let ran = Arc::clone(ran);
        async move |Json(body): Json<Value>| work(Arc::clone(&ran), body).await
    };
    let routes = Routes::new()
        .post("/v1/songs", handler(&ran))
        .with(replay.layer())
        .post("/v1/photos", handler(&ran))
        .with(replay.layer())
        .post("/v1/photos/{id}/views", handler(&ran))
        .with(Idempotency::refuse().layer());
    (routes, ran)
}

async fn keyed(to: std::net::SocketAddr, path: &str, key: &str, body: &str) -> Answer {
    post(to, path, &[("Idempotency-Key", key)], body).await
}

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_twice() {
    for ground in grounds().await {
        let (routes, ran) = routes(&ground);
        let server = start(app(routes)).await;
        for (path, replay_header) in [
            ("/v1/songs", "idempotent-replay"),
            ("/v1/photos", "idempotent-replayed"),
        ] {
            let first = keyed(server, path, "k 1", "{}").await;
            let again = keyed(server, path, "k 1", "{}").await;
            assert_eq!((first.status, again.status), (201, 201), "{}", ground.name);
            assert_eq!(first.body, again.body);
            assert_eq!(again.header("content-type"), Some("application/json"));
            assert_eq!(first.header(replay_header), None);
            assert_eq!(again.header(replay_header), Some("true"));
        }
        assert_eq!(ran.load(Ordering::SeqCst), 2);
        // The same operation under another base URL.
        assert_eq!(
            keyed(server, "/alpha/v1/songs", "k 1", "{}").await.json()["ran"],
            1
        );
        // Without a key, and with another one, it runs.
        assert_eq!(post(server, "/v1/songs", &[], "{}").await.json()["ran"], 3);
        assert_eq!(
            keyed(server, "/v1/songs", "k 2", "{}").await.json()["ran"],
            4
        );
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    for ground in grounds().await {
        let (routes, ran) = routes(&ground);
        let server = start(app(routes)).await;
        assert_eq!(keyed(server, "/v1/photos", "k", "{}").await.status, 201);
        for (path, body) in [("/v1/photos", r#"{"a":1}"#), ("/v1/photos?a=1", "{}")] {
            let other = keyed(server, path, "k", body).await;
            assert_eq!(other.status, 409);
            assert_eq!(other.json()["error"]["code"], "idempotency_key_reused");
        }
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn of_many_at_once_one_runs_and_the_others_are_told_to_wait() {
    for ground in grounds().await {
        let (routes, ran) = routes(&ground);
        let server = start(app(routes)).await;
        // Long enough for all to arrive on a busy machine.
        let body = r#"{"ms":2000}"#;
        let attempts = (0..8).map(|_| keyed(server, "/v1/photos", "k", body));
        let answers = futures::future::join_all(attempts).await;
        let (done, waiting): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
        assert_eq!((done.len(), waiting.len()), (1, 7), "{}", ground.name);
        for answer in waiting {
            assert_eq!(answer.status, 409);
            assert_eq!(answer.json()["error"]["code"], "idempotency_key_in_flight");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        assert_eq!(keyed(server, "/v1/photos", "k", body).await.status, 201);
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn only_what_was_done_is_replayed() {
    for ground in grounds().await {
        let (routes, ran) = routes(&ground);
        let server = start(app(routes)).await;
        for (fail, status, runs) in [
            (402, 402, 2),
            (404, 404, 2),
            (409, 409, 2),
            (401, 401, 2),
            (403, 403, 2),
            (429, 429, 2),
            (500, 500, 2),
            (503, 503, 2),
            (0, 500, 2),
            (413, 200, 2),
        ] {
            ran.store(0, Ordering::SeqCst);
            let (key, body) = (format!("k{fail}"), format!(r#"{{"fail":{fail}}}"#));
            let first = keyed(server, "/v1/photos", &key, &body).await;
            let again = keyed(server, "/v1/photos", &key, &body).await;
            assert_eq!((first.status, again.status), (status, status), "{fail}");
            assert_eq!(
                ran.load(Ordering::SeqCst),
                runs,
                "{fail} on {}",
                ground.name
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_its_request_done() {
    for ground in grounds().await {
        let (routes, ran) = routes(&ground);
        let server = start(app(routes)).await;
        let body = r#"{"ms":300}"#;
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "k"),
        ];
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream
            .write_all(request("POST", "/v1/photos", &headers, body).as_bytes())
            .await
            .unwrap();
        sleep(Duration::from_millis(150)).await;
        drop(stream);
        sleep(Duration::from_millis(400)).await;
        let again = keyed(server, "/v1/photos", "k", body).await;
        assert_eq!(
            again.header("idempotent-replayed"),
            Some("true"),
            "{}",
            ground.name
        );
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn answers_are_forgotten_after_a_day_and_dead_claims_after_a_minute() {
    for ground in grounds().await {
        let (routes, ran) = routes(&ground);
        let server = start(app(routes)).await;
        let Ground { db, clock, .. } = &ground;
        keyed(server, "/v1/photos", "k", "{}").await;
        clock.advance(idempotency::KEEP - Duration::from_secs(1));
        assert_eq!(idempotency::purge(db, clock.now()).await.unwrap(), 0);
        assert_eq!(
            keyed(server, "/v1/photos", "k", "{}").await.json()["ran"],
            1
        );
        clock.advance(Duration::from_secs(1));
        // Even before the purge, and with another body.
        let other = keyed(server, "/v1/photos", "k", r#"{"a":1}"#).await;
        assert_eq!(other.json()["ran"], 2);
        clock.advance(idempotency::KEEP);
        assert_eq!(idempotency::purge(db, clock.now()).await.unwrap(), 1);
        assert_eq!(idempotency::purge(db, clock.now()).await.unwrap(), 0);
        assert_eq!(ran.load(Ordering::SeqCst), 2);

        let attempt = idempotency::Attempt {
            scope: "s".into(),
            key: "k".into(),
            request_hash: [1; 32],
        };
        let claim = async || idempotency::claim(db, clock.now(), &attempt).await;
        let idempotency::Claim::Run(dead) = claim().await.unwrap() else {
            panic!("not claimed")
        };
        assert_eq!(claim().await.unwrap_err().code, "idempotency_key_in_flight");
        clock.advance(idempotency::LOCK);
        let idempotency::Claim::Run(_) = claim().await.unwrap() else {
            panic!("not free")
        };
        // The one thought dead no longer has a say.
        let answer = idempotency::Answer {
            status: 200,
            content_type: None,
            body: Vec::new(),
        };
        idempotency::keep(db, &dead, &answer).await.unwrap();
        idempotency::release(db, &dead).await.unwrap();
        assert_eq!(claim().await.unwrap_err().code, "idempotency_key_in_flight");
    }
}

#[tokio::test]
async fn keys_have_a_form_and_secrets_are_never_kept() {
    let ground = grounds().await.remove(0);
    let (routes, ran) = routes(&ground);
    let server = start(app(routes)).await;
    for key in ["", &*"x".repeat(129), "caf\u{e9}"] {
        let answer = keyed(server, "/v1/photos", key, "{}").await;
        assert_eq!(answer.status, 400, "{key:?}");
        let said = answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(said.starts_with("Idempotency-Key:"), "{said}");
    }
    let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    assert_eq!(post(server, "/v1/photos", &twice, "{}").await.status, 400);
    assert_eq!(
        keyed(server, "/v1/photos", &"x".repeat(128), "{}")
            .await
            .status,
        201
    );
    let answer = keyed(server, "/v1/photos/1/views", "k", "{}").await;
    assert_eq!(answer.status, 400);
    let code = &answer.json()["error"]["code"];
    assert_eq!(code, "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE");
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}
