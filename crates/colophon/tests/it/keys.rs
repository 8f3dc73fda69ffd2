//! API keys from their making to their end.

use colophon_testkit::{Person, Request, TestApp, text};
use serde_json::{Value, json};

use crate::access::soon;
use crate::monitoring::tamper;
use crate::on_every_database;
use crate::organisations::{code, organisation};

fn make(app: &TestApp, by: &Person, org: &str, new: &Value) -> (String, String) {
    let made = app.json_at(&by.request("POST", &format!("{org}/keys")).value(new), 201);
    (text(&made, "id"), text(&made, "secret"))
}

fn atlas(secret: &str, path: &str) -> Request {
    let path = format!("/api/customer/v1/{path}");
    Request::new("GET", &path).header("X-API-Key", secret)
}

/// A request that a key of this kind is for, and the status of its answer.
fn purpose(kind: &str, secret: &str) -> (Request, u16) {
    let me = Request::new("GET", "/api/v1/me").bearer(secret);
    match kind {
        "trackorigin-secret" => (me, 200),
        // Known, and not for what a web page must not read.
        "trackorigin-publishable" => (me, 403),
        "lumethic" => {
            let list = Request::new("GET", "/v1/apikeys/");
            (list.header("X-API-Key", secret), 200)
        }
        "atlas" => (atlas(secret, "organization"), 200),
        // Let in; what it brings is no record.
        "certivu" => {
            let post = Request::new("POST", "/v1/records");
            (post.bearer(secret).json("{}"), 400)
        }
        kind => panic!("nothing for {kind}"),
    }
}

#[test]
fn a_key_of_each_kind_opens_its_contract_and_is_shown_once() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let made = |kind: &str| make(&app, &ada, &org, &json!({"kind": kind, "name": kind})).1;
        let mut secrets = vec![made("tokportal")];
        for kind in [
            "trackorigin-secret",
            "trackorigin-publishable",
            "lumethic",
            "atlas",
            "certivu",
        ] {
            let secret = made(kind);
            let (request, status) = purpose(kind, &secret);
            assert_eq!(app.send(&request).status, status, "{kind}");
            secrets.push(secret);
        }

        let list = app.send(&ada.request("GET", &format!("{org}/keys")));
        assert_eq!(list.json()["keys"].as_array().unwrap().len(), 6);
        assert!(secrets.iter().all(|secret| !list.text().contains(secret)));
    });
}

#[test]
fn a_key_does_no_more_than_its_own_list_says() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let less = json!({"kind": "atlas", "permissions": ["organization.view"]});
        let (_, secret) = make(&app, &ada, &org, &less);
        assert_eq!(app.send(&atlas(&secret, "organization")).status, 200);
        assert_eq!(app.send(&atlas(&secret, "members")).status, 403);
        // Nor more than its kind may, whatever the list says.
        let more = json!({"kind": "lumethic", "permissions": ["organization.edit"]});
        let request = ada.request("POST", &format!("{org}/keys")).value(&more);
        assert_eq!(app.json_at(&request, 201)["permissions"], json!([]));
        for bad in [
            json!({"kind": "x"}),
            json!({"kind": "atlas", "permissions": ["x"]}),
            json!({"kind": "atlas", "expires_in_days": 0}),
            json!({"kind": "certivu", "test": true}),
            json!({"kind": "atlas", "name": "a\nb"}),
            json!({"kind": "atlas", "more": 1}),
        ] {
            let request = ada.request("POST", &format!("{org}/keys")).value(&bad);
            assert_eq!(code(&app, &request, 400), "validation_failed", "{bad}");
        }
    });
}

#[test]
fn an_answer_with_a_secret_is_not_kept_to_be_replayed() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let new = ada.request("POST", &format!("{org}/keys"));
        let new = new.value(&json!({"kind": "atlas"}));
        let refused = code(&app, &new.header("Idempotency-Key", "once"), 400);
        assert_eq!(
            refused,
            "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE"
        );
        let list = app.json_at(&ada.request("GET", &format!("{org}/keys")), 200);
        assert_eq!(list["keys"], json!([]));
    });
}

#[test]
fn a_rotated_key_works_beside_its_successor_until_its_grace_is_over() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let new = json!({"kind": "atlas", "name": "Website", "permissions": ["organization.view"]});
        let (id, old) = make(&app, &ada, &org, &new);
        let rotate = |id: &str, grace: Value| {
            let path = format!("{org}/keys/{id}/rotate");
            ada.request("POST", &path)
                .value(&json!({"grace_seconds": grace}))
        };
        assert_eq!(
            code(&app, &rotate(&id, json!(604_801)), 400),
            "validation_failed"
        );
        let successor = app.json_at(&rotate(&id, json!(3_600)), 201);
        assert_eq!(successor["name"], "Website");
        assert_eq!(successor["permissions"], json!(["organization.view"]));
        let second = text(&successor, "secret");
        assert_eq!(code(&app, &rotate(&id, json!(0)), 409), "already_rotated");
        for secret in [&old, &second] {
            assert_eq!(app.send(&atlas(secret, "organization")).status, 200);
        }
        tamper(
            &app.site.database_url(),
            "UPDATE api_key SET expires_at = created_at WHERE expires_at IS NOT NULL",
        );
        soon(401, || app.send(&atlas(&old, "organization")));
        assert_eq!(code(&app, &rotate(&id, json!(0)), 404), "not_found");

        let third = app.json_at(&rotate(&text(&successor, "id"), json!(0)), 201);
        assert_eq!(app.send(&atlas(&second, "organization")).status, 401);
        let third = text(&third, "secret");
        assert_eq!(app.send(&atlas(&third, "organization")).status, 200);
    });
}

#[test]
fn a_revoked_key_opens_nothing_from_that_moment() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let (org, other) = (organisation(&app, &ada), organisation(&app, &eve));
        let (id, secret) = make(&app, &ada, &org, &json!({"kind": "atlas"}));
        let foreign = eve.request("DELETE", &format!("{other}/keys/{id}"));
        assert_eq!(code(&app, &foreign, 404), "not_found");
        assert_eq!(app.send(&atlas(&secret, "organization")).status, 200);
        let revoke = ada.request("DELETE", &format!("{org}/keys/{id}"));
        let revoked = app.json_at(&revoke, 200);
        assert_eq!(app.send(&atlas(&secret, "organization")).status, 401);
        assert_eq!(
            app.json_at(&revoke, 200),
            revoked,
            "revoking twice is no mistake"
        );
    });
}

#[test]
fn a_key_found_in_public_is_revoked_and_its_owner_sees_why() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let (id, live) = make(&app, &ada, &org, &json!({"kind": "atlas"}));
        let (gone, dead) = make(&app, &ada, &org, &json!({"kind": "certivu"}));
        app.json_at(&ada.request("DELETE", &format!("{org}/keys/{gone}")), 200);
        let mut typo = live.clone();
        typo.replace_range(12..13, if &typo[12..13] == "x" { "y" } else { "x" });
        assert_eq!(app.send(&atlas(&live, "organization")).status, 200);

        let report = || {
            let found = [&live, &dead, &typo, &"hello".to_owned()].map(|token| {
                json!({"token": token, "type": "colophon_key", "url": "https://example.org/paste"})
            });
            let request = Request::new("POST", "/keys/leaked").value(&json!(found));
            let answer = app.json_at(&request, 200);
            let answer = answer.as_array().unwrap().clone();
            answer
                .iter()
                .map(|one| format!("{} {}", text(one, "status"), text(one, "label")))
                .collect::<Vec<_>>()
        };
        let unknown = "unknown false_positive";
        assert_eq!(
            report(),
            [
                "revoked true_positive",
                "dead true_positive",
                unknown,
                unknown
            ]
        );
        assert_eq!(app.send(&atlas(&live, "organization")).status, 401);
        assert_eq!(
            report(),
            ["dead true_positive", "dead true_positive", unknown, unknown]
        );
        let events = app.json_at(&ada.request("GET", &format!("{org}/audit?limit=1")), 200);
        let event = &events["events"][0];
        assert_eq!(
            (&event["action"], &event["subject"], &event["actor"]),
            (
                &json!("api_key.revoked_after_leak"),
                &json!(id),
                &json!("anybody")
            )
        );
        // Everybody reads one of these in a page's source; nobody may end it for that.
        let new = json!({"kind": "trackorigin-publishable"});
        let made = ada.request("POST", &format!("{org}/keys")).value(&new);
        let published = text(&app.json_at(&made, 201), "secret");
        let found = json!([{"token": published, "type": "x"}]);
        let request = Request::new("POST", "/keys/leaked").value(&found);
        assert_eq!(app.json_at(&request, 200)[0]["status"], "published");
        let log = Request::new("GET", "/api/v1/transparency/log").bearer(&published);
        assert_eq!(app.send(&log).status, 200);
        let empty = Request::new("POST", "/keys/leaked").json("[]");
        assert_eq!(code(&app, &empty, 400), "validation_failed");
    });
}
