//! Signing up and in, and what an account may hold: nothing tells who has one, and nothing that
//! is sent breaks anything.

use colophon_testkit::person::PASSWORD;
use colophon_testkit::{Answer, Request, Server};
use serde_json::{Value, json};

use crate::{at_once, on_every_database};

fn sign_up(email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "display_name": "Somebody",
        "accept_terms": true, "confirm_age_18": true,
    })
}

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    server.send(&Request::new("POST", path).value(body))
}

/// Everything of an answer that could tell two callers apart.
fn face(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let request_id = answer.header("x-request-id").unwrap();
    let body = answer.text().replace(request_id, "");
    let mut headers: Vec<_> = answer.headers.clone();
    headers.retain(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    headers.sort();
    (answer.status, headers, body)
}

#[test]
fn whether_an_address_has_an_account_shows_in_no_answer() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let ask = |path: &str, known: Value, unknown: Value, status: u16| {
            let (known, unknown) = (post(&app, path, &known), post(&app, path, &unknown));
            assert_eq!(known.status, status, "{path}: {}", known.text());
            // The two addresses have one length and differ in what is echoed.
            let echoed = |answer: &Answer| {
                let (status, headers, body) = face(answer);
                (status, headers, body.replace("eve@example.org", &ada.email))
            };
            assert_eq!(echoed(&known), echoed(&unknown), "{path}");
        };
        let reset = |email: &str| json!({ "email": email });
        let (known, unknown) = (ada.email.as_str(), "eve@example.org");
        let path = "/v1/auth/password-reset/request";
        ask(path, reset(known), reset(unknown), 200);
        for path in ["/v1/auth/login", "/v1/accounts/login"] {
            let wrong =
                |email: &str| json!({"email": email, "password": "incorrect horse battery"});
            ask(path, wrong(known), wrong(unknown), 401);
        }
        ask("/v1/auth/signup", sign_up(known), sign_up(unknown), 201);
        let mut with_handle = sign_up(known);
        with_handle["handle"] = json!("grace");
        assert_eq!(post(&app, "/v1/auth/signup", &with_handle).status, 201);
        // An account that is there already was not touched.
        assert_eq!(app.sign_in(known, PASSWORD).id, ada.id);
        let handle = app.json_at(&ada.request("GET", "/v1/me"), 200)["handle"].clone();
        assert_eq!(handle, Value::Null);
    });
}

#[test]
fn of_many_who_sign_up_at_once_with_one_address_or_handle_one_has_it() {
    on_every_database(|app| {
        let answers = at_once(8, |_| {
            post(&app, "/v1/auth/signup", &sign_up("ada@example.org"))
        });
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
        app.sign_in("ada@example.org", PASSWORD);

        let answers = at_once(8, |client| {
            let mut body = sign_up(&format!("client{client}@example.org"));
            body["handle"] = json!("lovelace");
            post(&app, "/v1/auth/signup", &body).status
        });
        let made = answers.iter().filter(|status| **status == 201).count();
        let taken = answers.iter().filter(|status| **status == 409).count();
        assert_eq!((made, taken), (1, 7), "{answers:?}");

        let people: Vec<_> = (0..8)
            .map(|number| app.person(&format!("p{number}")))
            .collect();
        let answers = at_once(8, |client| {
            let request = people[client].request("PATCH", "/v1/me/handle");
            app.send(&request.value(&json!({"handle": "babbage"})))
                .status
        });
        let set = answers.iter().filter(|status| **status == 200).count();
        assert_eq!(set, 1, "{answers:?}");
    });
}

#[test]
fn a_mailed_link_works_once_and_for_its_own_purpose() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let ask = json!({ "email": ada.email });
        post(&app, "/v1/auth/password-reset/request", &ask);
        let verify = app.site.token(&ada.email, "/verify-email");
        let reset = app.site.token(&ada.email, "/reset-password");
        let confirm = |token: &str, password: &str| {
            let body = json!({"token": token, "new_password": password});
            post(&app, "/v1/auth/password-reset/confirm", &body).status
        };
        assert_eq!(
            confirm(&reset, PASSWORD),
            400,
            "it made this person's password"
        );
        assert_eq!(confirm(&verify, PASSWORD), 400);
        for hostile in ["", "\0", "x", &"a".repeat(70_000)] {
            assert_eq!(confirm(hostile, PASSWORD), 400);
        }
        let grace = json!({"email": "grace@example.org"});
        post(&app, "/v1/auth/signup", &sign_up("grace@example.org"));
        post(&app, "/v1/auth/password-reset/request", &grace);
        let reset = app.site.token("grace@example.org", "/reset-password");
        assert_eq!(confirm(&reset, "short"), 422, "which uses no link up");
        let statuses = at_once(8, |number| {
            confirm(&reset, &format!("password of client {number}"))
        });
        let done = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(done, 1, "{statuses:?}");
    });
}

/// What finds the places where a text is trusted.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "ada\0@example.org",
        "ada@example.org\r\nBcc: all@example.org",
        "\r\nSubject: You won\r\n\r\n<b>",
        "\u{202e}gro.elpmaxe@ada",
        "'; DROP TABLE person; --",
        "%_\\",
        "{{7*7}}${7*7}",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "e\u{301}\u{301}\u{301}",
        "\u{feff}",
        "-1",
        "../../etc/passwd",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(100_000));
    texts.push(format!("{}@example.org", "x".repeat(300)));
    texts
}

#[test]
fn no_text_in_any_field_of_an_account_is_more_than_a_refusal() {
    on_every_database(|mut app| {
        let admin = &app.operator();
        let ada = app.person("Ada");
        let anybody = |path: &str| Request::new("POST", path);
        let own = |method: &str, path: &str| ada.request(method, path);
        let with = |mut body: Value, field: &str, text: &str| {
            body[field] = json!(text);
            body
        };
        let account = app.json_at(
            &anybody("/v1/accounts/login")
                .value(&json!({"email": ada.email, "password": PASSWORD})),
            200,
        );
        for text in &hostile_texts() {
            let mut requests = Vec::new();
            for field in ["email", "password", "display_name", "handle"] {
                let body = with(sign_up("eve@example.org"), field, text);
                requests.push(anybody("/v1/auth/signup").value(&body));
            }
            let login = json!({"email": "eve@example.org", "password": PASSWORD});
            for path in ["/v1/auth/login", "/v1/accounts/login"] {
                for field in ["email", "password"] {
                    requests.push(anybody(path).value(&with(login.clone(), field, text)));
                }
            }
            let body = json!({ "email": text });
            requests.push(anybody("/v1/auth/password-reset/request").value(&body));
            let body = json!({"token": text, "new_password": text});
            requests.push(anybody("/v1/auth/password-reset/confirm").value(&body));
            let body = json!({ "refresh_token": text });
            requests.push(anybody("/v1/auth/refresh").value(&body));
            for (path, field) in [
                ("/v1/me/handle", "handle"),
                ("/v1/me/profile", "bio"),
                ("/v1/me/profile", "location"),
            ] {
                requests.push(own("PATCH", path).value(&with(json!({}), field, text)));
            }
            for field in ["type", "url"] {
                let link = with(
                    json!({"type": "website", "url": "https://example.org"}),
                    field,
                    text,
                );
                let body = json!({ "external_links": [link] });
                requests.push(own("PATCH", "/v1/me/profile").value(&body));
            }
            let body = json!({"name": text, "type": "secret"});
            requests.push(own("POST", "/v1/me/api-keys").value(&body));
            let body = json!({"confirm_email": text, "confirm_delete": true});
            requests.push(own("POST", "/v1/me/delete").value(&body));
            let body = json!({"account_id": account["account_id"], "description": text});
            let token = account["access_token"].as_str().unwrap();
            requests.push(anybody("/v1/apikeys/").bearer(token).value(&body));
            let cookies = format!(
                "better-auth.session_token={}",
                ada.cookie("better-auth.session_token")
            );
            let body = json!({ "name": text });
            requests.push(
                anybody("/api/customer/v1/api-keys")
                    .cookies(&cookies)
                    .value(&body),
            );
            for (path, body) in [
                (
                    "/v1/admin/organisations",
                    json!({"name": text, "contact_email": text}),
                ),
                (
                    "/v1/admin/oauth/apps",
                    json!({
                        "name": text, "description": text, "homepage_url": text, "redirect_uris": [text],
                    }),
                ),
            ] {
                requests.push(anybody(path).bearer(admin).value(&body));
            }
            for request in requests {
                // Whatever is wrong with an answer, a 500 first of all, `send` finds.
                let answer = app.send(&request);
                assert!(answer.status < 500, "{} {text:?}", request.path);
            }
        }
        let path = "/v1/admin/artists/lookup?email=";
        for text in ["%00", "", "%ff", "a%00@example.org"] {
            let answer = app.send(&Request::new("GET", &format!("{path}{text}")).bearer(admin));
            assert!(
                (400..500).contains(&answer.status),
                "{text}: {}",
                answer.text()
            );
        }
        // Each failure locks out a little more: last.
        for text in &hostile_texts() {
            let body = json!({"username": text, "password": text});
            let answer = post(&app, "/v1/admin/login", &body);
            assert!(
                matches!(answer.status, 401 | 422 | 429),
                "{text:?}: {}",
                answer.text()
            );
        }
        // Ada is as she was.
        let me = app.json_at(&ada.request("GET", "/v1/me"), 200);
        assert_eq!(me["email"], ada.email);
    });
}

#[test]
fn a_handle_can_be_nobody_elses_and_not_the_servers_own() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let set = |who: &colophon_testkit::Person, handle: &str| {
            let body = json!({ "handle": handle });
            app.send(&who.request("PATCH", "/v1/me/handle").value(&body))
        };
        let answer = set(&ada, "Paul-Miller");
        assert_eq!(answer.json()["handle"], "paul-miller");
        for alike in ["paul_miller", "PAULMILLER", "pau1-mi11er", "paul-rniller"] {
            assert_eq!(set(&eve, alike).status, 409, "{alike}");
        }
        for never in [
            "admin",
            "Support",
            "@root",
            "p\u{430}ul",
            "\u{ff50}aul",
            "a b",
            "..",
            "paul\u{200b}",
        ] {
            assert_eq!(set(&eve, never).status, 422, "{never}");
        }
        // Her own may change its spelling.
        assert_eq!(set(&ada, "paulmiller").status, 200);
        let me = app.json_at(&eve.request("GET", "/v1/me"), 200);
        assert_eq!(me["handle"], Value::Null);
    });
}
