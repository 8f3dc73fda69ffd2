//! Accounts and API keys of the Lumethic contract.

use colophon_testkit::{PASSWORD, Person, Request, TestApp, text};
use serde_json::{Value, json};

use crate::on_every_database;
use crate::organisations::organisation;

const KEYS: &str = "/v1/apikeys/";

/// What a photographer signs in to.
struct Account {
    token: String,
    id: String,
    user: String,
}

fn sign_in(app: &TestApp, person: &Person) -> Account {
    let body = json!({"email": person.email, "password": PASSWORD});
    let answer = app.send(&Request::new("POST", "/v1/accounts/login").value(&body));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.header("set-cookie").is_none(),
        "a program has no cookies"
    );
    let body = answer.json();
    assert_eq!(body["user"]["email"], person.email);
    assert!((890..=900).contains(&body["expires_in"].as_i64().unwrap()));
    Account {
        token: text(&body, "access_token"),
        id: text(&body, "account_id"),
        user: text(&body["user"], "id"),
    }
}

impl Account {
    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).bearer(&self.token)
    }

    fn make(&self, body: Value) -> Request {
        let mut body = body;
        body["account_id"] = json!(self.id);
        self.request("POST", KEYS).value(&body)
    }
}

#[test]
fn a_key_is_made_used_listed_and_revoked() {
    on_every_database(|app| {
        let ada = sign_in(&app, &app.person("Ada"));
        let made = app.json_at(
            &ada.make(json!({"description": "Darkroom", "expires_in_days": 90})),
            201,
        );
        let secret = text(&made, "raw_key");
        let prefix = text(&made, "prefix");
        assert_eq!((prefix.len(), &secret[..11]), (11, prefix.as_str()));
        assert!(secret[11..].starts_with("_live_"), "lk_xxxxxxxx_live_…");
        assert_eq!(
            (&made["account_id"], &made["user_id"]),
            (&json!(ada.id), &json!(ada.user))
        );
        let year = app.json_at(&ada.make(json!({})), 201);
        assert_eq!(year["description"], Value::Null);
        assert_eq!(
            app.json_at(&ada.make(json!({"expires_in_days": null})), 201)["expires_at"]
                .as_str()
                .unwrap()[..10],
            year["expires_at"].as_str().unwrap()[..10]
        );
        // A key of another contract is not one of these.
        app.site.key(&organisation_of(&app, &ada), "atlas");

        let header = Request::new("GET", KEYS).header("X-API-Key", &secret);
        let bearer = Request::new("GET", KEYS).bearer(&secret);
        for request in [ada.request("GET", KEYS), header.clone(), bearer] {
            let answer = app.send(&request);
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(!answer.text().contains("raw_key"));
            let list = answer.json();
            assert_eq!(list.as_array().unwrap().len(), 3);
            assert_eq!(list[2]["description"], "Darkroom");
            assert_eq!(list[2]["is_active"], true);
        }
        // Without the slash at the end too.
        assert_eq!(app.send(&ada.request("GET", "/v1/apikeys")).status, 200);
        let path = format!("{KEYS}{}", text(&made, "id"));
        let revoked = app.send(&Request::new("DELETE", &path).header("X-API-Key", &secret));
        assert_eq!((revoked.status, revoked.body.len()), (204, 0));
        assert_eq!(app.send(&header).status, 401);
        assert_eq!(
            app.json_at(&ada.request("GET", KEYS), 200)[2]["is_active"],
            false
        );
    });
}

/// The organisation that is the account, as our own operations call it.
fn organisation_of(app: &TestApp, account: &Account) -> String {
    let list = app.json_at(&account.request("GET", "/organisations"), 200);
    text(&list["organisations"][0], "id")
}

#[test]
fn a_key_is_made_by_a_person_for_an_account_of_theirs() {
    on_every_database(|app| {
        let (person, other) = (app.person("Ada"), app.person("Bob"));
        let (ada, bob) = (sign_in(&app, &person), sign_in(&app, &other));
        let secret = text(&app.json_at(&ada.make(json!({})), 201), "raw_key");
        let body = json!({ "account_id": bob.id });
        for request in [
            ada.request("POST", KEYS).value(&body),
            ada.request("POST", KEYS)
                .value(&json!({"account_id": ada.user})),
            // A key cannot make keys that outlive it.
            Request::new("POST", KEYS)
                .header("X-API-Key", &secret)
                .value(&json!({"account_id": ada.id})),
        ] {
            let answer = app.send(&request);
            assert_eq!(answer.status, 403, "{}", answer.text());
            let detail = &answer.json()["detail"];
            assert!(
                detail["error_code"].is_string() && detail["suggestion"].is_string(),
                "{detail}"
            );
        }
        for body in [
            json!({"expires_in_days": 0}),
            json!({"expires_in_days": -1}),
            json!({"expires_in_days": 0.5}),
            json!({"description": 1}),
            json!({"description": "x".repeat(1_000)}),
        ] {
            let answer = app.send(&ada.make(body.clone()));
            assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        }
        for account in [json!("x"), json!(null), json!(1)] {
            let request = ada
                .request("POST", KEYS)
                .value(&json!({ "account_id": account }));
            assert_eq!(app.send(&request).status, 422);
        }
        let latest = app.json_at(
            &ada.make(json!({"expires_in_days": i64::from(i32::MAX)})),
            201,
        );
        assert!(latest["expires_at"].as_str().unwrap().starts_with("9999-"));

        let list = app.json_at(&bob.request("GET", KEYS), 200);
        assert_eq!(list, json!([]), "nobody sees another's");
        let id = text(&app.json_at(&ada.request("GET", KEYS), 200)[0], "id");
        for unknown in [id.as_str(), "00000000-0000-0000-0000-000000000000"] {
            let answer = app.send(&bob.request("DELETE", &format!("{KEYS}{unknown}")));
            assert_eq!(answer.status, 404, "{}", answer.text());
            assert_eq!(answer.json()["detail"]["error_code"], "ACCOUNT_NOT_FOUND");
        }
        assert_eq!(
            app.send(&bob.request("DELETE", &format!("{KEYS}x"))).status,
            422
        );
    });
}

#[test]
fn what_was_made_for_an_organisation_of_ones_own_can_be_revoked_too() {
    on_every_database(|app| {
        let person = app.person("Ada");
        let ada = sign_in(&app, &person);
        let org = organisation(&app, &person);
        let secret = text(&app.json_at(&ada.make(json!({})), 201), "raw_key");
        assert_eq!(
            app.send(&Request::new("GET", KEYS).header("X-API-Key", &secret))
                .status,
            200
        );
        // The document's account is what a key belongs to; for another, the session acts for it.
        let id = org.rsplit('/').next().unwrap();
        let choose = ada.request("PUT", "/sessions/current/organisation");
        assert_eq!(
            app.send(&choose.value(&json!({ "organisation_id": id })))
                .status,
            204
        );
        assert_eq!(app.json_at(&ada.request("GET", KEYS), 200), json!([]));
        // A key of the terminal has no maker; the document wants a UUID there.
        let (_, made) = app.site.key(id, "lumethic");
        let list = app.json_at(&ada.request("GET", KEYS), 200);
        assert_eq!(list[0]["user_id"], "00000000-0000-0000-0000-000000000000");
        let path = format!("{KEYS}{}", text(&list[0], "id"));
        assert_eq!(app.send(&ada.request("DELETE", &path)).status, 204);
        assert_eq!(
            app.send(&Request::new("GET", KEYS).header("X-API-Key", &made))
                .status,
            401
        );
    });
}
