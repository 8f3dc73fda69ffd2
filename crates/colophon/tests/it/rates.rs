//! Who asks too often is told when to come back, in the words of the product asked.

use colophon_testkit::{Answer, Request, Site, TestApp, databases};

use crate::PROGRAM;
use crate::organisations::organisation;

/// A server that nobody has asked anything yet.
fn limited(site: Site) -> TestApp {
    TestApp {
        server: site.serve(&[]),
        site,
    }
}

/// The last of so many answers to the same request; the ones before must not be 429.
fn exhaust(app: &TestApp, request: &Request, allowed: usize) -> Answer {
    for number in 0..allowed {
        let answer = app.send(request);
        assert_ne!(answer.status, 429, "request {number}");
    }
    let answer = app.send(request);
    assert_eq!(answer.status, 429, "{}", answer.text());
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    answer
}

#[test]
fn each_limit_counts_its_own_callers_and_says_so_in_its_own_envelope() {
    for database in databases() {
        let app = limited(
            Site::new(PROGRAM, &database)
                .env("COLOPHON_LIMITS__RECORDS_PER_MINUTE", "4")
                .env("COLOPHON_LIMITS__PUBLIC_PER_MINUTE", "5")
                .env("COLOPHON_LIMITS__UPLOADS_PER_MINUTE", "2")
                .env("COLOPHON_LIMITS__TRACKORIGIN_ANONYMOUS_PER_MINUTE", "3")
                .env("COLOPHON_LIMITS__TRACKORIGIN_KEY_PER_MINUTE", "8")
                .env("COLOPHON_LIMITS__TRACKORIGIN_PUBLISHABLE_PER_MINUTE", "6"),
        );
        let (one, other) = (
            app.site.publisher("enterprise"),
            app.site.publisher("enterprise"),
        );
        let posted = one.signer.record("wm-1", b"x").to_json();
        let post = Request::new("POST", "/v1/records")
            .bearer(&one.secret)
            .json(posted);
        let answer = exhaust(&app, &post, 4);
        assert_eq!(answer.json()["error"], "rate_limited");
        assert_eq!(answer.header("x-ratelimit-limit"), Some("4"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
        assert!(
            answer
                .header("x-ratelimit-reset")
                .unwrap()
                .parse::<u64>()
                .is_ok()
        );
        // Another key has its own bucket; below the prefix it is the same one.
        app.store(&other, "wm-1", b"x");
        let prefixed = Request {
            path: "/certivu/v1/records".to_owned(),
            ..post
        };
        assert_eq!(app.send(&prefixed).status, 429);

        let sth = Request::new("GET", "/api/v1/transparency/sth");
        let answer = exhaust(&app, &sth, 3);
        assert!(answer.json()["detail"].is_string());
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        let (_, key) = app.site.key(&one.org_id, "trackorigin-publishable");
        exhaust(&app, &sth.clone().bearer(&key), 6);
        let (_, key) = app.site.key(&one.org_id, "trackorigin-secret");
        exhaust(&app, &sth.clone().bearer(&key), 8);
        // A key that is none is not anonymous (rules.md B4).
        assert_eq!(app.send(&sth.bearer("to_pk_live_x")).status, 401);

        // One bucket for every public read, in each product's words.
        let answer = exhaust(&app, &Request::new("GET", "/log/key"), 5);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["code"], "rate_limited");
        assert_eq!(app.get("/v1/records/x").json()["error"], "rate_limited");
        assert_eq!(
            app.get("/v1/public/health").json()["detail"]["error_code"],
            "RATE_LIMITED"
        );
        // A header of the client's own moves nobody into another bucket.
        let forged = Request::new("GET", "/log/key").header("X-Forwarded-For", "192.0.2.7");
        assert_eq!(app.send(&forged).status, 429);

        let upload =
            Request::new("POST", "/files").body("multipart/form-data; boundary=b", "--b--\r\n");
        exhaust(&app, &upload, 2);
        // Health is for machines that ask often.
        for _ in 0..20 {
            assert_eq!(app.get("/v1/healthz").status, 200);
        }
    }
}

#[test]
fn behind_a_trusted_proxy_each_client_has_its_own_bucket() {
    for database in databases() {
        let app = limited(
            Site::new(PROGRAM, &database)
                .env("COLOPHON_TRUSTED_PROXIES", "1")
                .env("COLOPHON_LIMITS__PUBLIC_PER_MINUTE", "2"),
        );
        let from =
            |address: &str| Request::new("GET", "/log/key").header("X-Forwarded-For", address);
        exhaust(&app, &from("192.0.2.7"), 2);
        // What stands further left was written by the client.
        assert_eq!(app.send(&from("192.0.2.99, 192.0.2.7")).status, 429);
        exhaust(&app, &from("192.0.2.8"), 2);
        // An IPv6 subscriber has a whole /64.
        exhaust(&app, &from("2001:db8::1"), 2);
        assert_eq!(app.send(&from("2001:db8::2")).status, 429);
        assert_eq!(app.send(&from("2001:db8:0:1::1")).status, 200);
    }
}

#[test]
fn letters_and_reports_of_leaked_keys_are_few_a_minute() {
    for database in databases() {
        let app = limited(
            Site::new(PROGRAM, &database)
                .env("COLOPHON_LIMITS__SIGN_IN_PER_MINUTE", "5")
                .env("COLOPHON_LIMITS__LEAK_REPORTS_PER_MINUTE", "2"),
        );
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let invite = ada
            .request("POST", &format!("{org}/invitations"))
            .json(r#"{"email":"eve@example.org","role":"member"}"#);
        let answer = exhaust(&app, &invite, 5);
        assert_eq!(answer.json()["code"], "rate_limited");
        let report = Request::new("POST", "/keys/leaked").json(r#"[{"token":"x"}]"#);
        let answer = exhaust(&app, &report, 2);
        assert_eq!(answer.json()["code"], "rate_limited");
    }
}

#[test]
fn letters_of_invitation_are_as_limited_on_pages_as_in_programs() {
    for database in databases() {
        let site = Site::new(PROGRAM, &database).env("COLOPHON_LIMITS__SIGN_IN_PER_MINUTE", "2");
        let app = limited(site);
        let below = "/account/organisations/org_x/invitations";
        let invite = Request::new("POST", below).form(&[("email", "eve@example.org")]);
        exhaust(&app, &invite, 2);
        let resend = Request::new("POST", &format!("{below}/inv_x/resend")).form(&[]);
        assert_eq!(app.send(&resend).status, 429);
    }
}
