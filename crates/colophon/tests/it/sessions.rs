//! A session is made by signing in, ends when its person says so, and nothing else passes for it.

use std::time::{Duration, Instant};

use colophon_testkit::person::{PASSWORD, cookies};
use colophon_testkit::{Answer, Person, Request, Server, TestApp, text};
use serde_json::json;

use crate::{at_once, on_every_database, on_every_site};

fn me(server: &Server, person: &Person) -> u16 {
    server.send(&person.request("GET", "/v1/me")).status
}

fn atlas_keys(server: &Server, cookies: &str) -> u16 {
    let request = Request::new("GET", "/api/customer/v1/api-keys").cookies(cookies);
    server.send(&request).status
}

/// The names of the cookies that an answer takes back.
fn taken_back(answer: &Answer) -> Vec<&str> {
    let lines = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    let lines = lines.filter(|(_, line)| line.contains("Max-Age=0"));
    let mut names: Vec<_> = lines
        .filter_map(|(_, line)| Some(line.split_once('=')?.0))
        .collect();
    names.sort_unstable();
    names
}

const ALL: [&str; 5] = [
    "better-auth.session_token",
    "colophon_session",
    "to_at",
    "to_csrf",
    "to_rt",
];

/// Both servers of one installation, reached under one address.
fn two_servers(test: impl Fn(&TestApp, &Server)) {
    on_every_site(|site| {
        let app = TestApp::of(site.env("COLOPHON_PUBLIC_URL", "http://test.example"));
        let second = app.site.serve(&[]);
        test(&app, &second);
    });
}

/// Asks until the answer is `status`, for at most 1.5 seconds: what ends on one server ends on all
/// within a second.
fn soon(status: u16, ask: impl Fn() -> u16) {
    let deadline = Instant::now() + Duration::from_millis(1_500);
    while ask() != status {
        assert!(Instant::now() < deadline, "not {status}, but {}", ask());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_session_that_the_browser_brings_is_never_adopted() {
    on_every_database(|app| {
        let eve = app.person("Eve");
        let ada = app.person("Ada");
        let body = json!({"email": ada.email, "password": PASSWORD});
        let planted = "f".repeat(64);
        for brought in [
            eve.cookies.clone(),
            format!(
                "colophon_session={planted}; better-auth.session_token={planted}; to_csrf={planted}"
            ),
        ] {
            let request = Request::new("POST", "/v1/auth/login").cookies(&brought);
            let answer = app.send(&request.value(&body));
            assert_eq!(answer.status, 200);
            let given = cookies(&answer);
            for pair in given.split("; ") {
                assert!(!brought.contains(pair), "{pair}");
            }
            let me = app.send(&Request::new("GET", "/v1/me").cookies(&given));
            assert_eq!(me.json()["email"], ada.email);
        }
        assert_eq!(
            atlas_keys(&app, &format!("better-auth.session_token={planted}")),
            403
        );
    });
}

#[test]
fn signing_out_ends_the_access_token_at_once_and_on_every_server_within_a_second() {
    two_servers(|app, second| {
        let (phone, ada) = (app.person("Ada"), app.sign_in("ada@example.org", PASSWORD));
        for server in [&**app, second] {
            assert_eq!((me(server, &phone), me(server, &ada)), (200, 200));
            assert_eq!(atlas_keys(server, &ada.cookies), 200);
        }
        let answer = app.send(&ada.request("POST", "/v1/auth/logout"));
        assert_eq!(taken_back(&answer), ALL);
        assert_eq!(me(app, &ada), 401);
        assert_eq!(atlas_keys(app, &ada.cookies), 403);
        soon(401, || me(second, &ada));
        soon(403, || atlas_keys(second, &ada.cookies));
        let body = json!({ "refresh_token": ada.refresh });
        let refresh = Request::new("POST", "/v1/auth/refresh").value(&body);
        assert_eq!(second.send(&refresh).status, 401);
        assert_eq!(me(app, &phone), 200, "this device only");
        // And then all of them.
        let tablet = second.sign_in("ada@example.org", PASSWORD);
        let all = app.send(&tablet.request("POST", "/v1/auth/logout-all"));
        assert_eq!((all.status, taken_back(&all)), (200, ALL.to_vec()));
        for ended in [&phone, &tablet] {
            assert_eq!(me(app, ended), 401);
            soon(401, || me(second, ended));
        }
    });
}

#[test]
fn whoever_is_not_signed_in_can_sign_out_and_loses_the_cookies() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        for request in [
            Request::new("POST", "/v1/auth/logout"),
            Request::new("POST", "/v1/auth/logout").bearer("x.y.z"),
            Request::new("POST", "/v1/auth/logout").cookies("to_at=x.y.z; to_rt=nothing"),
        ] {
            let answer = app.send(&request);
            assert_eq!((answer.status, taken_back(&answer)), (200, ALL.to_vec()));
        }
        assert_eq!(me(&app, &ada), 200);
        // An expired access token leaves the refresh token to say which session.
        let only_refresh = format!("to_rt={}", ada.cookie("to_rt"));
        let answer = app.send(&Request::new("POST", "/v1/auth/logout").cookies(&only_refresh));
        assert_eq!(answer.status, 200);
        assert_eq!(me(&app, &ada), 401);
    });
}

#[test]
fn a_new_password_ends_every_session_on_every_server() {
    two_servers(|app, second| {
        let email = "ada@example.org";
        let signed_up = json!({
            "email": email, "password": PASSWORD, "display_name": "Ada",
            "accept_terms": true, "confirm_age_18": true,
        });
        app.send(&Request::new("POST", "/v1/auth/signup").value(&signed_up));
        let (ada, thief) = (
            app.sign_in(email, PASSWORD),
            second.sign_in(email, PASSWORD),
        );
        assert_eq!((me(app, &ada), me(second, &thief)), (200, 200));
        let ask = json!({ "email": email });
        app.send(&Request::new("POST", "/v1/auth/password-reset/request").value(&ask));
        let token = app.site.token(email, "/reset-password");
        let body = json!({"token": token, "new_password": "another battery staple"});
        let confirm = Request::new("POST", "/v1/auth/password-reset/confirm").value(&body);
        assert_eq!(app.send(&confirm).status, 200);
        for ended in [&ada, &thief] {
            assert_eq!(me(app, ended), 401);
            soon(401, || me(second, ended));
        }
        let old = json!({"email": ada.email, "password": PASSWORD});
        assert_eq!(
            app.send(&Request::new("POST", "/v1/auth/login").value(&old))
                .status,
            401
        );
        app.sign_in(&ada.email, "another battery staple");
    });
}

#[test]
fn a_change_by_cookie_needs_the_sessions_own_token_and_a_page_of_this_server() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let change = |csrf: Option<&str>, more: &[(&str, &str)]| {
            let mut request = Request::new("PATCH", "/v1/me/profile").cookies(&ada.cookies);
            if let Some(csrf) = csrf {
                request = request.header("X-CSRF-Token", csrf);
            }
            for (name, value) in more {
                request = request.header(name, value);
            }
            app.send(&request.value(&json!({"bio": "changed"}))).status
        };
        let own = ada.cookie("to_csrf");
        for wrong in [
            None,
            Some(""),
            Some("x"),
            Some(eve.cookie("to_csrf")),
            Some(&own[1..]),
        ] {
            assert_eq!(change(wrong, &[]), 403, "{wrong:?}");
        }
        for elsewhere in [
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ] {
            assert_eq!(change(Some(own), &[elsewhere]), 403, "{elsewhere:?}");
        }
        assert_eq!(change(Some(own), &[("Origin", &app.url())]), 200);
        assert_eq!(change(Some(own), &[]), 200);
        // The cookie alone, where a sibling site could have planted both halves.
        let planted = ada.cookies.replace(own, eve.cookie("to_csrf"));
        let request = Request::new("PATCH", "/v1/me/profile").cookies(&planted);
        let request = request.header("X-CSRF-Token", eve.cookie("to_csrf"));
        assert_eq!(app.send(&request.value(&json!({"bio": "x"}))).status, 403);
        // Every other change of the account is refused alike, before its body is read.
        for (method, path) in [
            ("PATCH", "/v1/me/handle"),
            ("PATCH", "/v1/me/ml-training"),
            ("POST", "/v1/me/avatar"),
            ("DELETE", "/v1/me/avatar"),
            ("POST", "/v1/me/delete"),
            ("POST", "/v1/me/api-keys"),
            ("DELETE", "/v1/me/api-keys/key_0"),
            ("PUT", "/v1/me/api-keys/key_0/frame-ancestors"),
            ("POST", "/v1/auth/logout-all"),
            ("POST", "/v1/auth/verify-email/resend"),
        ] {
            let answer = app.send(&Request::new(method, path).cookies(&ada.cookies));
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        }
        // Idle Atlas knows no such token; there the browser's word counts.
        let make = |origin: &str| {
            let request = Request::new("POST", "/api/customer/v1/api-keys").cookies(&ada.cookies);
            let request = request
                .header("Origin", origin)
                .value(&json!({"name": "x"}));
            app.send(&request).status
        };
        assert_eq!(make("https://evil.example"), 403);
        assert_eq!(make(&app.url()), 201);
    });
}

#[test]
fn a_dead_session_takes_its_cookies_with_it_and_a_throttled_one_keeps_them() {
    on_every_site(|site| {
        let app = TestApp::of(site.env("COLOPHON_LIMITS__TRACKORIGIN_ANONYMOUS_PER_MINUTE", "4"));
        let ada = app.person("Ada");
        let refresh =
            |cookies: &str| app.send(&Request::new("POST", "/v1/auth/refresh").cookies(cookies));
        // The cookie is enough: nothing is given to whoever made the browser send it.
        let first = refresh(&ada.cookies);
        assert_eq!(first.status, 200, "{}", first.text());
        assert!(taken_back(&first).is_empty());
        let fresh = cookies(&first);
        assert!(!fresh.contains(ada.cookie("to_rt")));
        // The old one again: stolen, whoever has it.
        let reused = refresh(&ada.cookies);
        assert_eq!((reused.status, taken_back(&reused)), (401, ALL.to_vec()));
        let after = refresh(&fresh);
        assert_eq!(
            (after.status, taken_back(&after)),
            (401, ALL.to_vec()),
            "the family is burnt"
        );
        assert_eq!(me(&app, &ada), 401);
        let none = refresh("to_csrf=left-over");
        assert_eq!((none.status, taken_back(&none)), (401, ALL.to_vec()));
        let ada = app.sign_in(&ada.email, PASSWORD);
        let throttled = refresh(&ada.cookies);
        assert_eq!(throttled.status, 429, "{}", throttled.text());
        assert!(throttled.header("set-cookie").is_none());
        assert_eq!(me(&app, &ada), 200);
    });
}

#[test]
fn a_form_of_another_site_signs_nobody_out() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        // Without the cookies too: browsers keep them back and would still drop them if told to.
        for path in ["/v1/auth/logout", "/v1/auth/refresh"] {
            for shown in [ada.cookies.as_str(), "to_csrf=left-over"] {
                let form = Request::new("POST", path)
                    .cookies(shown)
                    .header("sec-fetch-site", "cross-site");
                let answer = app.send(&form);
                assert_eq!(
                    (answer.status, taken_back(&answer)),
                    (403, vec![]),
                    "{path}"
                );
            }
        }
        assert_eq!(me(&app, &ada), 200);
    });
}

#[test]
fn of_many_who_refresh_with_one_token_none_goes_on() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let body = json!({ "refresh_token": ada.refresh });
        let answers = at_once(8, |_| {
            app.send(&Request::new("POST", "/v1/auth/refresh").value(&body))
        });
        let fresh: Vec<_> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .collect();
        assert!(fresh.len() <= 1);
        for answer in fresh {
            let token = answer.json()["access_token"].as_str().unwrap().to_owned();
            let request = Request::new("GET", "/v1/me").bearer(&token);
            assert_eq!(app.send(&request).status, 401);
        }
        assert_eq!(me(&app, &ada), 401);
    });
}

#[test]
fn the_session_that_ends_itself_loses_its_cookies_and_another_one_does_not() {
    on_every_database(|app| {
        let (phone, ada) = (app.person("Ada"), app.sign_in("ada@example.org", PASSWORD));
        let id = |person: &Person| {
            let list = app.json_at(&person.request("GET", "/sessions"), 200);
            text(&list, "current")
        };
        let (there, here) = (id(&phone), id(&ada));
        let end = |session: &str| {
            let request = Request::new("DELETE", &format!("/sessions/{session}"));
            let request = request.cookies(&ada.cookies);
            app.send(&request.header("Origin", &app.url()))
        };
        let other = end(&there);
        assert_eq!((other.status, taken_back(&other)), (204, Vec::new()));
        let this = end(&here);
        assert_eq!((this.status, taken_back(&this)), (204, ALL.to_vec()));

        let ada = app.sign_in(&ada.email, PASSWORD);
        let path = format!("/account/sessions/{}/end", id(&ada));
        let form = [("csrf", ada.cookie("to_csrf"))];
        let page = Request::new("POST", &path).cookies(&ada.cookies);
        let page = app.send(&page.form(&form));
        assert_eq!((page.status, taken_back(&page)), (303, ALL.to_vec()));
        assert_eq!(page.header("location"), Some("/login"));
    });
}
