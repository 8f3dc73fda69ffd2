//! Who guesses at an operator's password is locked out (TrackOrigin contract, `admin_login`).

use colophon_testkit::person::{PASSWORD, cookies};
use colophon_testkit::{Answer, Request, Server, TestApp, text};
use serde_json::json;

use crate::{at_once, on_every_site};

fn attempt(server: &Server, password: &str, ip: &str, browser: &str) -> Answer {
    let body = json!({"username": "operator@example.org", "password": password});
    let mut request = Request::new("POST", "/v1/admin/login").value(&body);
    request = request.header("X-Forwarded-For", ip);
    if !browser.is_empty() {
        request = request.cookies(browser);
    }
    server.send(&request)
}

/// On every database, behind one proxy, so that a test comes from where it says.
fn with_operator(test: impl Fn(TestApp)) {
    on_every_site(|site| {
        let mut app = TestApp::of(site.env("COLOPHON_TRUSTED_PROXIES", "1"));
        let _ = app.operator();
        test(app);
    });
}

#[test]
fn the_third_failure_locks_the_address_and_the_browser_for_a_day() {
    with_operator(|app| {
        let ask = |password: &str, ip: &str, browser: &str| attempt(&app, password, ip, browser);
        let first = ask("incorrect horse", "192.0.2.1", "");
        assert_eq!(first.status, 401);
        // Every visit leaves the cookie, also one that is refused.
        let line = first.header("set-cookie").unwrap();
        assert!(line.starts_with("to_admin_fp="), "{line}");
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
            assert!(line.contains(attribute), "{line}");
        }
        let browser = cookies(&first);
        assert_eq!(ask("incorrect horse", "192.0.2.2", &browser).status, 401);
        let again = ask("incorrect horse", "192.0.2.3", &browser);
        assert_eq!(
            (again.status, cookies(&again)),
            (401, browser.clone()),
            "one cookie a browser"
        );
        // The browser is known from another address.
        let locked = ask(PASSWORD, "192.0.2.4", &browser);
        assert_eq!(locked.status, 429, "{}", locked.text());
        let wait: u64 = locked.header("retry-after").unwrap().parse().unwrap();
        assert!((86_000..=86_400).contains(&wait), "{wait}");
        assert!(cookies(&locked).starts_with("to_admin_fp="));
        // Clearing cookies does not help the address.
        for _ in 0..3 {
            ask("incorrect horse", "192.0.2.66", "");
        }
        assert_eq!(ask(PASSWORD, "192.0.2.66", "").status, 429);
        // Everybody else gets in, and a success forgets the failures before it.
        for _ in 0..3 {
            for _ in 0..2 {
                assert_eq!(ask("incorrect horse", "192.0.2.9", "").status, 401);
            }
            assert_eq!(ask(PASSWORD, "192.0.2.9", "").status, 200);
        }
    });
}

#[test]
fn guessing_many_times_at_once_is_worth_no_more_than_three_guesses() {
    with_operator(|app| {
        let answers = at_once(16, |_| {
            attempt(&app, "incorrect horse", "192.0.2.1", "").status
        });
        let told = answers.iter().filter(|status| **status == 401).count();
        assert_eq!(told, 3, "{answers:?}");
        assert_eq!(attempt(&app, PASSWORD, "192.0.2.1", "").status, 429);
        assert_eq!(attempt(&app, PASSWORD, "192.0.2.2", "").status, 200);
    });
}

#[test]
fn an_operators_browser_cookie_is_never_the_clients_own_text() {
    with_operator(|app| {
        for brought in [
            "to_admin_fp=short",
            "to_admin_fp=<script>",
            "to_admin_fp=a\tb",
        ] {
            let answer = attempt(&app, PASSWORD, "192.0.2.1", brought);
            assert_eq!(answer.status, 200);
            let given = cookies(&answer);
            let value = given.strip_prefix("to_admin_fp=").unwrap();
            assert!(value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    });
}

/// The cookies of a browser that the operator has signed in on.
fn browser(app: &TestApp) -> String {
    let form = app.get("/console/login");
    let token = cookies(&form);
    let (_, csrf) = token.split_once('=').unwrap();
    let fields = [
        ("csrf", csrf),
        ("email", "operator@example.org"),
        ("password", PASSWORD),
    ];
    let sign_in = Request::new("POST", "/console/login").cookies(&token);
    let signed_in = app.send(&sign_in.form(&fields));
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
    cookies(&signed_in)
}

#[test]
fn an_operators_browser_opens_their_own_account_and_their_programs_token_does_not() {
    with_operator(|app| {
        let browser = browser(&app);
        let admin = attempt(&app, PASSWORD, "192.0.2.1", "").json();
        let admin = text(&admin, "access_token");
        for (path, is_page) in [
            ("/account", true),
            ("/account/organisations", true),
            ("/organisations", false),
            ("/sessions", false),
            ("/apps", false),
        ] {
            let by_cookie = app.send(&Request::new("GET", path).cookies(&browser));
            assert_eq!(by_cookie.status, 200, "{path}: {}", by_cookie.text());
            let by_token = app.send(&Request::new("GET", path).bearer(&admin));
            let refused = if is_page { 303 } else { 401 };
            assert_eq!(by_token.status, refused, "{path}: {}", by_token.text());
        }
    });
}

#[test]
fn an_operator_withdraws_trust_in_apps_and_identity_providers_at_the_console() {
    with_operator(|app| {
        let admin = attempt(&app, PASSWORD, "192.0.2.1", "").json();
        let admin = text(&admin, "access_token");
        let deck = json!({ "name": "Tape Deck", "redirect_uris": ["https://deck.example/cb"] });
        let label = json!({
            "name": "Label", "issuer": "https://label.example", "audience": "colophon",
            "jwks_uri": "https://label.example/jwks",
        });
        let browser = browser(&app);
        for (register, trusted, page, step) in [
            ("/v1/admin/oauth/apps", deck, "/console/apps", "revoke"),
            (
                "/v1/admin/oidc/issuers",
                label,
                "/console/issuers",
                "remove",
            ),
        ] {
            let register = Request::new("POST", register).bearer(&admin);
            app.json_at(&register.value(&trusted), 201);
            let shown = app.send(&Request::new("GET", page).cookies(&browser));
            let between = |before: &str, after: &str| {
                let (_, rest) = shown.text().split_once(before).unwrap();
                rest.split_once(after).unwrap().0.to_owned()
            };
            let start = format!("action=\"{page}/");
            let action = format!("{page}/{}/{step}", between(&start, "/"));
            assert!(shown.text().contains(&action), "{}", shown.text());
            let csrf = between("name=\"csrf\" value=\"", "\"");
            let withdraw = Request::new("POST", &action).cookies(&browser);
            let done = app.send(&withdraw.form(&[("csrf", &csrf)]));
            assert_eq!(done.status, 303, "{}", done.text());
            let shown = app.send(&Request::new("GET", page).cookies(&browser));
            assert!(!shown.text().contains(&start), "{}", shown.text());
        }
    });
}
