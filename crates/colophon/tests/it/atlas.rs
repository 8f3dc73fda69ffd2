//! The Idle Atlas contract, whole: programs read with a key, people manage keys with the cookie.

use std::time::{Duration, Instant};

use colophon_testkit::{Answer, Person, Request, Server, TestApp, text};
use serde_json::{Value, json};

use crate::on_every_database;
use crate::organisations::{invite, organisation};

const KEYS: &str = "/api/customer/v1/api-keys";
const READS: [&str; 5] = [
    "organization",
    "locations",
    "members",
    "invitations",
    "roles",
];

fn session(person: &Person) -> String {
    format!(
        "better-auth.session_token={}",
        person.cookie("better-auth.session_token")
    )
}

fn by_cookie(person: &Person, method: &str, path: &str) -> Request {
    Request::new(method, path).cookies(&session(person))
}

fn read(server: &Server, what: &str, key: &str) -> Answer {
    let path = format!("/api/customer/v1/{what}");
    server.send(&Request::new("GET", &path).header("X-API-Key", key))
}

/// Lets a session act for an organisation, by its path.
fn act_for(app: &TestApp, person: &Person, org: &str) {
    let id = org.rsplit('/').next().unwrap();
    let request = person.request("PUT", "/sessions/current/organisation");
    let answer = app.send(&request.value(&json!({ "organisation_id": id })));
    assert_eq!(answer.status, 204, "{}", answer.text());
}

fn make(app: &TestApp, person: &Person, body: &Value) -> Value {
    app.json_at(&by_cookie(person, "POST", KEYS).value(body), 201)
}

fn closed(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["error"]["code"], code);
    let members = |value: &Value| value.as_object().unwrap().len();
    assert_eq!((members(&body), members(&body["error"])), (1, 2), "{body}");
}

#[test]
fn a_key_reads_everything_about_its_own_company() {
    on_every_database(|app| {
        let (ada, bob) = (app.person("Ada"), app.person("Bob"));
        let org = organisation(&app, &ada);
        let place = ada.request("POST", &format!("{org}/locations"));
        let place = app.json_at(&place.value(&json!({"name": "Lyon", "code": "LYS"})), 201);
        let manager = json!({"role": "manager", "location_id": place["id"]});
        let token = json!({ "token": invite(&app, &ada, &org, &bob.email, &manager) });
        app.json_at(
            &bob.request("POST", "/invitations/accept").value(&token),
            200,
        );
        invite(
            &app,
            &ada,
            &org,
            "eve@example.org",
            &json!({"role": "member"}),
        );
        act_for(&app, &ada, &org);
        let key = text(&make(&app, &ada, &json!({"name": "Reader"})), "secret");

        let [company, locations, members, invitations, roles] = READS.map(|what| {
            app.json_at(
                &Request::new("GET", &format!("/api/customer/v1/{what}")).header("x-api-key", &key),
                200,
            )
        });
        assert_eq!(company["organization"]["name"], "Atelier É");
        assert_eq!(company["organization"]["status"], "active");
        let place = &locations["locations"][0];
        assert_eq!(
            (&place["name"], &place["code"]),
            (&json!("Lyon"), &json!("LYS"))
        );
        let found = |list: &Value, field: &str, value: &str| {
            let mut items = list.as_array().unwrap().iter();
            items.find(|item| item[field] == value).cloned().unwrap()
        };
        let owner = found(&members["members"], "email", &ada.email);
        assert_eq!(
            (&owner["userId"], &owner["status"]),
            (&json!(ada.id), &json!("active"))
        );
        assert_eq!(owner["roles"][0]["roleKey"], "owner");
        assert_eq!(owner["roles"][0]["scopeId"], Value::Null);
        let manager = found(&members["members"], "email", &bob.email);
        assert_eq!(manager["roles"][0]["scopeId"], place["id"]);
        assert_eq!(manager["roles"][0]["scopeType"], "location");
        let waiting = found(&invitations["invitations"], "email", "eve@example.org");
        assert_eq!(
            (&waiting["status"], &waiting["roleKey"]),
            (&json!("pending"), &json!("member"))
        );
        assert_eq!(
            found(&invitations["invitations"], "email", &bob.email)["status"],
            "accepted"
        );
        for role in roles["roles"].as_array().unwrap() {
            assert!(
                !role["permissions"].as_array().unwrap().is_empty(),
                "{role}"
            );
        }
        assert_eq!(found(&roles["roles"], "key", "owner")["isProtected"], true);
        assert_eq!(app.get("/api/customer/v1/openapi.json").status, 200);
        for what in READS {
            closed(
                &app.get(&format!("/api/customer/v1/{what}")),
                401,
                "UNAUTHORIZED",
            );
            closed(&read(&app, what, "ia_live_unknown"), 401, "UNAUTHORIZED");
        }
    });
}

#[test]
fn a_key_is_shown_once_tells_when_it_was_used_and_ends_when_it_is_revoked() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let made = make(
            &app,
            &ada,
            &json!({"name": " Nightly ", "expiresInDays": 365}),
        );
        let (secret, key) = (text(&made, "secret"), &made["apiKey"]);
        assert_eq!(key["name"], "Nightly");
        assert_eq!(
            (&key["prefix"], &key["enabled"]),
            (&json!("ia_live_"), &json!(true))
        );
        assert!(secret.starts_with(key["start"].as_str().unwrap()));
        assert!(secret.len() > key["start"].as_str().unwrap().len() + 30);
        assert_eq!(key["lastRequestAt"], Value::Null);
        assert!(key["expiresAt"].is_string());
        let forever = make(&app, &ada, &json!({"name": "Forever"}));
        assert_eq!(forever["apiKey"]["expiresAt"], Value::Null);

        let list = || app.send(&by_cookie(&ada, "GET", KEYS));
        let listed = list().json()["apiKeys"].clone();
        assert_eq!(listed[0]["name"], "Forever", "newest first");
        assert_eq!(listed[1], *key);
        assert!(!list().text().contains(&secret));
        assert_eq!(read(&app, "organization", &secret).status, 200);
        let deadline = Instant::now() + Duration::from_secs(20);
        while list().json()["apiKeys"][1]["lastRequestAt"].is_null() {
            assert!(Instant::now() < deadline, "the use is not written down");
            std::thread::sleep(Duration::from_millis(200));
        }
        let path = format!("{KEYS}/{}/revoke", text(key, "id"));
        for _ in 0..2 {
            let revoked = app.json_at(&by_cookie(&ada, "POST", &path), 200)["apiKey"].clone();
            assert_eq!(revoked["enabled"], false);
            assert!(revoked["revokedAt"].is_string());
            closed(&read(&app, "organization", &secret), 401, "UNAUTHORIZED");
        }
    });
}

#[test]
fn managing_keys_is_for_who_may_and_refused_with_403_otherwise() {
    on_every_database(|app| {
        let (ada, bob) = (app.person("Ada"), app.person("Bob"));
        let org = organisation(&app, &ada);
        let token = invite(&app, &ada, &org, &bob.email, &json!({"role": "member"}));
        let accept = bob.request("POST", "/invitations/accept");
        app.json_at(&accept.value(&json!({ "token": token })), 200);
        let key = make(&app, &ada, &json!({"name": "Ada's own"}));
        let revoke = format!("{KEYS}/{}/revoke", text(&key["apiKey"], "id"));
        let requests = |who: &dyn Fn(&str, &str) -> Request| {
            [
                who("GET", KEYS),
                who("POST", KEYS).value(&json!({"name": "x"})),
                who("POST", &revoke),
            ]
        };
        act_for(&app, &bob, &org);
        let nobody = |method: &str, path: &str| Request::new(method, path);
        let dead = |method: &str, path: &str| {
            Request::new(method, path).cookies("better-auth.session_token=0123456789abcdef")
        };
        let program = |method: &str, path: &str| {
            Request::new(method, path).header("x-api-key", key["secret"].as_str().unwrap())
        };
        let member = |method: &str, path: &str| by_cookie(&bob, method, path);
        for who in [
            &nobody as &dyn Fn(&str, &str) -> Request,
            &dead,
            &program,
            &member,
        ] {
            for request in requests(who) {
                closed(&app.send(&request), 403, "FORBIDDEN");
            }
        }
        // Another company's key is no key, and neither is what is none.
        let stranger = app.person("Eve");
        for path in [
            revoke.as_str(),
            &format!("{KEYS}/x/revoke"),
            &format!("{KEYS}/%00/revoke"),
        ] {
            closed(
                &app.send(&by_cookie(&stranger, "POST", path)),
                404,
                "NOT_FOUND",
            );
        }
        for body in [
            json!({}),
            json!({"name": ""}),
            json!({"name": 1}),
            json!({"name": "x", "expiresInDays": 0}),
            json!({"name": "x", "expiresInDays": 366}),
            json!({"name": "x", "expiresInDays": 1.5}),
            json!({"name": "x", "expiresInDays": "1"}),
            json!({"name": "x", "role": "owner"}),
            json!([]),
        ] {
            let request = by_cookie(&ada, "POST", KEYS).value(&body);
            closed(&app.send(&request), 400, "INVALID_REQUEST");
        }
        assert_eq!(
            read(&app, "organization", key["secret"].as_str().unwrap()).status,
            200
        );
    });
}
