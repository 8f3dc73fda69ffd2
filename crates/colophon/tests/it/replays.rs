//! `Idempotency-Key`: a record that is sent twice is stored once and answered twice.

use colophon_testkit::Request;

use crate::{at_once, on_every_database};

#[test]
fn the_same_request_gets_the_same_answer_and_another_one_is_a_conflict() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let post = |path: &str, key: &str, watermark: &str| {
            let body = publisher.signer.record(watermark, b"x").to_json();
            let request = Request::new("POST", path)
                .bearer(&publisher.secret)
                .json(body);
            app.send(&request.header("Idempotency-Key", key))
        };
        let first = post("/v1/records", "a", "wm-1");
        assert_eq!(
            (first.status, first.header("idempotent-replay")),
            (201, None)
        );
        // A client may change its base URL between two attempts.
        for path in ["/v1/records", "/certivu/v1/records"] {
            let again = post(path, "a", "wm-1");
            assert_eq!(
                (again.status, again.header("idempotent-replay")),
                (201, Some("true"))
            );
            assert_eq!(again.body, first.body);
        }
        let other = post("/v1/records", "a", "wm-2");
        assert_eq!(other.status, 409, "{}", other.text());
        let fresh = post("/v1/records", "b", "wm-2");
        assert_eq!(
            (fresh.status, fresh.header("idempotent-replay")),
            (201, None)
        );
        // A refusal did nothing, so that the key is free for what mends it.
        let refused = post("/v1/records", "c", "wm-1");
        assert_eq!(refused.json()["error"], "duplicate_watermark_id");
        let mended = post("/v1/records", "c", "wm-4");
        assert_eq!(
            (mended.status, mended.header("idempotent-replay")),
            (201, None)
        );

        for malformed in ["x".repeat(129), String::new(), "é".to_owned()] {
            let answer = post("/v1/records", &malformed, "wm-3");
            assert_eq!(answer.status, 400, "{malformed:?}: {}", answer.text());
        }
        assert_eq!(post("/v1/records", &"x".repeat(128), "wm-3").status, 201);
    });
}

#[test]
fn the_key_of_one_organisation_says_nothing_about_another() {
    on_every_database(|app| {
        let publishers = [
            app.site.publisher("enterprise"),
            app.site.publisher("enterprise"),
        ];
        let ids = publishers.each_ref().map(|publisher| {
            let body = publisher.signer.record("wm-1", b"x").to_json();
            let request = Request::new("POST", "/v1/records")
                .bearer(&publisher.secret)
                .json(body);
            let answer = app.send(&request.header("Idempotency-Key", "same"));
            assert_eq!(answer.status, 201, "{}", answer.text());
            answer.json()["record_id"].clone()
        });
        assert_ne!(ids[0], ids[1]);
    });
}

#[test]
fn of_many_attempts_at_once_one_stores_and_none_is_told_otherwise() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let request = Request::new("POST", "/v1/records").bearer(&publisher.secret);
        let request = request.header("Idempotency-Key", "once").json(body);
        let answers = at_once(16, |_| app.send(&request));
        let mut ids: Vec<_> = Vec::new();
        for answer in answers {
            match answer.status {
                201 => ids.push(answer.json()["record_id"].as_str().unwrap().to_owned()),
                // The first attempt is still under way.
                409 => assert!(answer.header("retry-after").is_some(), "{}", answer.text()),
                status => panic!("{status}: {}", answer.text()),
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        let after = app.send(&request);
        assert_eq!(
            (after.status, after.header("idempotent-replay")),
            (201, Some("true"))
        );
    });
}
