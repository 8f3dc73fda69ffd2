//! Who may post records, for which generators, and how many.

use std::time::{Duration, Instant};

use colophon_testkit::{Answer, Request, Signer, Site};
use colophon_transparency::keys::Algorithm;

use crate::{PROGRAM, at_once, on_every_database};

/// Asks until the answer has this status, for at most 1.5 seconds: a change made by another process
/// must hold within a second.
pub(crate) fn soon(status: u16, ask: impl Fn() -> Answer) -> Answer {
    let deadline = Instant::now() + Duration::from_millis(1_500);
    loop {
        let answer = ask();
        if answer.status == status || Instant::now() > deadline {
            assert_eq!(answer.status, status, "{}", answer.text());
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_key_that_does_not_open_the_door_is_401_without_a_hint_why() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let post = || Request::new("POST", "/v1/records").json(body.clone());

        let missing = app.send(&post());
        assert_eq!(missing.status, 401);
        assert_eq!(missing.json()["error"], "missing_api_key");
        for (name, value) in [
            ("X-API-Key", publisher.secret.as_str()),
            ("Authorization", publisher.secret.as_str()),
            ("Authorization", &format!("Basic {}", publisher.secret)),
            ("Authorization", "Bearer ü"),
        ] {
            assert_eq!(app.send(&post().header(name, value)).status, 401, "{name}");
        }

        let elsewhere = Site::new(PROGRAM, &colophon_testkit::Database::Sqlite);
        let unknown = elsewhere.publisher("free").secret;
        let mut mistyped = publisher.secret.clone();
        mistyped.replace_range(20..21, if &mistyped[20..21] == "x" { "y" } else { "x" });
        let mut keys = vec![unknown, mistyped, "ctv_key_".to_owned(), "x".repeat(6_000)];
        for kind in [
            "trackorigin-publishable",
            "trackorigin-secret",
            "lumethic",
            "tokportal",
            "atlas",
        ] {
            keys.push(app.site.key(&publisher.org_id, kind).1);
        }
        let mut words = Vec::new();
        for key in keys {
            let answer = app.send(&post().bearer(&key));
            assert_eq!(answer.status, 401, "{key}");
            let answer = answer.json();
            words.push((answer["error"].clone(), answer["message"].clone()));
        }
        words.dedup();
        assert_eq!(words.len(), 1, "{words:?}");
        // The credential comes before the body: nothing is parsed for a stranger.
        let answer = app.send(&Request::new("POST", "/v1/records").json("{"));
        assert_eq!(answer.status, 401);
    });
}

#[test]
fn a_revoked_key_is_refused_within_a_second() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        app.store(&publisher, "before", b"x");
        let (org, key) = (&publisher.org_id, &publisher.key_id);
        app.site
            .json(&["admin", "key", "revoke", "--org", org, "--key", key]);
        let body = publisher.signer.record("before", b"x").to_json();
        soon(401, || app.post_record(&publisher.secret, body.clone()));
        // What was stored stays.
        assert_eq!(app.get_json("/api/v1/transparency/sth")["tree_size"], 1);
    });
}

#[test]
fn a_generator_must_be_known_active_and_ones_own() {
    on_every_database(|app| {
        let (publisher, other) = (
            app.site.publisher("enterprise"),
            app.site.publisher("enterprise"),
        );
        let stranger = other.signer.record("wm-1", b"x").to_json();
        let answer = app.post_record(&publisher.secret, stranger);
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json()["error"], "generator_not_yours");

        for unknown in [
            "gen_00000000000000000000000000",
            "gen_abc123",
            "nothing",
            "gen_é",
            "'; --",
        ] {
            let mut signer = Signer::new(Algorithm::ML_DSA_65, 1);
            signer.generator_id = unknown.to_owned();
            let answer = app.post_record(&publisher.secret, signer.record("wm-1", b"x").to_json());
            assert_eq!(answer.status, 404, "{unknown}");
            assert_eq!(answer.json()["error"], "generator_not_found", "{unknown}");
        }

        let (id, _) = app.store(&publisher, "wm-1", b"x");
        let (org, generator) = (&publisher.org_id, &publisher.signer.generator_id);
        app.site.json(&[
            "admin",
            "generator",
            "revoke",
            "--org",
            org,
            "--generator",
            generator,
        ]);
        let next = publisher.signer.record("wm-2", b"x").to_json();
        // The transaction that stores a record asks again, so that this holds at once.
        let answer = app.post_record(&publisher.secret, next);
        assert_eq!(answer.status, 404, "{}", answer.text());
        assert_eq!(answer.json()["error"], "generator_not_found");
        assert_eq!(
            app.get_json(&format!("/v1/records/{id}"))["generator_status"],
            "revoked"
        );
    });
}

#[test]
fn the_free_plan_stores_exactly_500_records_a_month() {
    on_every_database(|app| {
        let publisher = app.site.publisher("free");
        let clients = 32;
        let answers = at_once(clients, |client| {
            (0..17)
                .map(|number| {
                    let watermark = format!("wm-{client}-{number}");
                    let body = publisher.signer.record(&watermark, b"x").to_json();
                    app.post_record(&publisher.secret, body)
                })
                .collect::<Vec<_>>()
        });
        let answers: Vec<Answer> = answers.into_iter().flatten().collect();
        let with = |status| {
            answers
                .iter()
                .filter(|answer| answer.status == status)
                .count()
        };
        assert_eq!((with(201), with(402)), (500, clients * 17 - 500));
        let refused = answers
            .iter()
            .find(|answer| answer.status == 402)
            .unwrap()
            .json();
        assert_eq!(refused["error"], "signature_limit_reached");
        assert_eq!(
            (&refused["limit"], &refused["current"]),
            (&500.into(), &500.into())
        );
        assert!(
            refused["upgrade_url"]
                .as_str()
                .unwrap()
                .starts_with(&app.url())
        );
        // A record that is there already is a duplicate, not one too many.
        let last = answers
            .iter()
            .rfind(|answer| answer.status == 201)
            .unwrap()
            .json();
        app.sequenced(last["record_id"].as_str().unwrap());
        let deadline = Instant::now() + Duration::from_secs(10);
        while app.get_json("/api/v1/transparency/sth")["tree_size"] != 500 {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(50));
        }
        // Another organisation has its own count.
        let other = app.site.publisher("free");
        app.store(&other, "wm", b"x");
    });
}

#[test]
fn of_many_records_with_one_watermark_id_exactly_one_is_stored() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let answers = at_once(32, |client| {
            let body = publisher.signer.record("wm-1", &[client as u8]).to_json();
            app.post_record(&publisher.secret, body)
        });
        let (stored, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((stored.len(), refused.len()), (1, 31));
        for answer in refused {
            assert_eq!(answer.status, 400);
            assert_eq!(answer.json()["error"], "duplicate_watermark_id");
        }
        app.sequenced(stored[0].json()["record_id"].as_str().unwrap());
        assert_eq!(app.get_json("/api/v1/transparency/sth")["tree_size"], 1);
    });
}

#[test]
fn an_id_from_a_stranger_is_looked_up_and_nothing_else() {
    on_every_database(|app| {
        let long = "x".repeat(8_000);
        for id in [
            "..",
            "%2e%2e",
            "..%2f..%2f..%2fetc%2fpasswd",
            "%00",
            "rec_%00",
            "a%00b",
            "%ff",
            "%",
            "rec_",
            "rec_00000000000000000000000000",
            "rec_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "REC_00000000000000000000000000",
            "gen_00000000000000000000000000",
            "1%27%20OR%201=1",
            "rec_%F0%9F%98%80",
            "%E2%80%AE",
            "a+b",
            "%20",
            &long,
        ] {
            for place in [
                "/v1/records",
                "/certivu/v1/records",
                "/bundles",
                "/log/statements",
                "/log/tile/0",
            ] {
                let answer = app.get(&format!("{place}/{id}"));
                assert!(
                    matches!(answer.status, 400 | 404),
                    "{place}/{id}: {}",
                    answer.status
                );
            }
            for place in ["/files", "/media"] {
                let answer = app.get(&format!("{place}/{id}"));
                assert!(
                    (400..=404).contains(&answer.status),
                    "{place}/{id}: {}",
                    answer.status
                );
            }
            let answer = app.get(&format!("/log/proof/inclusion?id={id}"));
            assert!(
                matches!(answer.status, 400 | 404),
                "{id}: {}",
                answer.status
            );
        }
        assert_eq!(app.get("/v1/records/../../etc/passwd").status, 404);
    });
}
