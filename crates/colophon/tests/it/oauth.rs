//! Apps of others act for people who let them, within what they were let do, and for nobody else.

use colophon_testkit::{Answer, Person, Request, TestApp, text};
use percent_encoding::percent_decode_str;
use serde_json::json;
use url::Url;

use crate::on_every_database;

const CALLBACK: &str = "https://app.example/callback?from=colophon";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "a b&c=d%2F+é\"'<";

/// An app that an operator registered.
struct Client {
    id: String,
    secret: String,
}

fn register(app: &TestApp, operator: &str) -> Client {
    let body = json!({
        "name": "Tape <b>Deck</b>", "redirect_uris": [CALLBACK, "http://127.0.0.1:9/cb"],
        "description": "Plays your certificates.",
    });
    let request = Request::new("POST", "/v1/admin/oauth/apps").bearer(operator);
    let made = app.json_at(&request.value(&body), 201);
    Client {
        id: text(&made, "client_id"),
        secret: text(&made, "client_secret"),
    }
}

/// The parameters that the app sends a browser to `/oauth/authorize` with.
fn question(client: &Client) -> Vec<(&'static str, String)> {
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", client.id.clone()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("scope", "read:profile".to_owned()),
        ("state", STATE.to_owned()),
        ("code_challenge", CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// The same with one of them changed.
fn with(
    mut question: Vec<(&'static str, String)>,
    name: &str,
    value: &str,
) -> Vec<(&'static str, String)> {
    let found = question.iter_mut().find(|(key, _)| *key == name);
    value.clone_into(&mut found.unwrap().1);
    question
}

fn path(question: &[(&'static str, String)]) -> String {
    let mut url = Url::parse("http://localhost/oauth/authorize").unwrap();
    url.query_pairs_mut().extend_pairs(question);
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// The consent page, as the person's browser gets it.
fn ask(app: &TestApp, person: &Person, question: &[(&'static str, String)]) -> Answer {
    let request = Request::new("GET", &path(question));
    app.send(&request.cookies(&person.cookies))
}

/// Everything the page's form would send, and the cookies with it.
struct Answering {
    fields: Vec<(String, String)>,
    cookies: String,
}

impl Answering {
    fn read(page: &Answer, person: &Person) -> Self {
        assert_eq!(page.status, 200, "{}", page.text());
        let (_, form) = page.text().split_once("/oauth/authorize/decide").unwrap();
        let (form, _) = form.split_once("</form>").unwrap();
        let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
        let fields = fields.map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            let (value, _) = rest.split_once('"').unwrap();
            (name.to_owned(), unescape(value))
        });
        let more = colophon_testkit::person::cookies(page);
        Self {
            fields: fields.collect(),
            cookies: format!("{}; {more}", person.cookies),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        let found = self.fields.iter_mut().find(|(key, _)| key == name);
        value.clone_into(&mut found.unwrap().1);
        self
    }

    fn request(&self, decision: &str) -> Request {
        let pairs = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = pairs.chain([("decision", decision)]).collect();
        Request::new("POST", "/oauth/authorize/decide")
            .cookies(&self.cookies)
            .form(&pairs)
    }
}

/// The five characters that our pages escape, as numbers.
fn unescape(text: &str) -> String {
    [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Where an answer leads.
fn led_to(answer: &Answer) -> Url {
    assert_eq!(answer.status, 303, "{}", answer.text());
    Url::parse(answer.header("location").unwrap()).unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut found = url.query_pairs().filter(|(key, _)| key == name);
    let value = found.next().map(|(_, value)| value.into_owned());
    assert!(found.next().is_none(), "{name} twice in {url}");
    value
}

/// The code that the app gets when the person says yes.
fn code(app: &TestApp, person: &Person, question: &[(&'static str, String)]) -> String {
    let page = ask(app, person, question);
    let to = led_to(&app.send(&Answering::read(&page, person).request("allow")));
    parameter(&to, "code").unwrap()
}

fn exchange(app: &TestApp, client: &Client, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", &client.id),
        ("client_secret", &client.secret),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        let found = fields.iter_mut().find(|(key, _)| key == name);
        found.unwrap().1 = value;
    }
    app.send(&Request::new("POST", "/oauth/token").form(&fields))
}

/// The access token of an app that a person let in with this scope.
pub fn token(app: &TestApp, operator: &str, person: &Person, scope: &str) -> String {
    let client = register(app, operator);
    let code = code(app, person, &with(question(&client), "scope", scope));
    text(&exchange(app, &client, &code, &[]).json(), "access_token")
}

fn me(app: &TestApp, token: &str) -> Answer {
    app.send(&Request::new("GET", "/api/v1/oauth/me").bearer(token))
}

#[test]
fn an_app_reads_the_profile_of_whoever_lets_it_and_nothing_else() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let person = app.person("Grace");
        let page = ask(&app, &person, &question(&client));
        assert!(
            page.text().contains("Tape &#60;b&#62;Deck"),
            "a name is only text"
        );
        assert!(page.text().contains("app.example"));
        let to = led_to(&app.send(&Answering::read(&page, &person).request("allow")));
        assert!(to.as_str().starts_with(CALLBACK), "{to}");
        assert_eq!(parameter(&to, "state").as_deref(), Some(STATE));
        assert_eq!(parameter(&to, "error"), None);

        let answer = exchange(&app, &client, &parameter(&to, "code").unwrap(), &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let answer = answer.json();
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["scope"], "read:profile");
        assert_eq!(answer["expires_in"], 24 * 60 * 60);

        let token = text(&answer, "access_token");
        let profile = me(&app, &token);
        assert_eq!(profile.status, 200, "{}", profile.text());
        assert_eq!(profile.json()["artist_id"], person.id.as_str());
        assert!(
            !profile.text().contains("grace@"),
            "the page did not say so"
        );
        for own in ["/v1/me", "/v1/me/export", "/v1/me/api-keys", "/api/v1/me"] {
            let refused = app.send(&Request::new("GET", own).bearer(&token));
            assert_eq!(refused.status, 401, "{own}: {}", refused.text());
        }
        // Nor does what opens the rest open this.
        for other in [&person.access, &operator, &client.secret, ""] {
            let refused = me(&app, other);
            let challenge = "Bearer error=\"invalid_token\"";
            assert_eq!(refused.status, 401);
            assert_eq!(refused.header("www-authenticate"), Some(challenge));
        }
        let nobody = app.get("/api/v1/oauth/me");
        assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
    });
}

#[test]
fn a_code_that_is_shown_twice_ends_the_token_it_was_exchanged_for() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let person = app.person("Grace");
        let stolen = code(&app, &person, &question(&client));
        let first = exchange(&app, &client, &stolen, &[]).json();
        let token = text(&first, "access_token");
        let other = code(&app, &person, &question(&client));
        let other = exchange(&app, &client, &other, &[]).json();
        assert_eq!(me(&app, &token).status, 200);

        let again = exchange(&app, &client, &stolen, &[]);
        assert_eq!(again.status, 400, "{}", again.text());
        assert_eq!(again.json()["error"], "invalid_grant");
        assert_eq!(me(&app, &token).status, 401);
        assert_eq!(me(&app, &text(&other, "access_token")).status, 200);
    });
}

#[test]
fn a_code_is_of_no_use_to_another_app_or_without_what_it_was_asked_with() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let (client, thief) = (register(&app, &operator), register(&app, &operator));
        let person = app.person("Grace");
        for (name, wrong) in [
            ("code_verifier", "x".repeat(43).as_str()),
            ("code_verifier", CHALLENGE),
            ("code_verifier", ""),
            ("redirect_uri", "http://127.0.0.1:9/cb"),
            ("redirect_uri", ""),
        ] {
            let code = code(&app, &person, &question(&client));
            let refused = exchange(&app, &client, &code, &[(name, wrong)]);
            assert_eq!(refused.status, 400, "{name}: {}", refused.text());
            assert_eq!(refused.json()["error"], "invalid_grant");
            let late = exchange(&app, &client, &code, &[]);
            assert_eq!(late.status, 400, "a code that was tried is spent");
        }

        let plain: Vec<_> = question(&client).into_iter().take(5).collect();
        let unproved = code(&app, &person, &plain);
        let refused = exchange(&app, &client, &unproved, &[]);
        assert_eq!(
            refused.status, 400,
            "a verifier that proves nothing is refused"
        );
        let unproved = code(&app, &person, &plain);
        let taken = exchange(&app, &client, &unproved, &[("code_verifier", "")]);
        assert_eq!(
            taken.status,
            200,
            "PKCE is the app's choice: {}",
            taken.text()
        );

        let code = code(&app, &person, &question(&client));
        assert_eq!(exchange(&app, &thief, &code, &[]).status, 400);
        for wrong in [
            [("client_id", thief.id.as_str())],
            [("client_id", "to_app_unknown")],
            [("client_secret", thief.secret.as_str())],
            [("client_secret", "")],
        ] {
            let refused = exchange(&app, &client, &code, &wrong);
            assert_eq!(refused.status, 401, "{}", refused.text());
            assert_eq!(refused.json()["error"], "invalid_client");
            assert!(refused.header("www-authenticate").is_some());
        }
        let unknown = exchange(&app, &client, &code, &[("grant_type", "password")]);
        assert_eq!(unknown.json()["error"], "unsupported_grant_type");
        let owner = exchange(&app, &client, &code, &[]);
        assert_eq!(
            owner.status,
            200,
            "nobody else could spend it: {}",
            owner.text()
        );
    });
}

#[test]
fn nobody_is_led_to_an_address_that_the_app_has_not_registered_letter_for_letter() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let person = app.person("Grace");
        for elsewhere in [
            "https://evil.example/",
            "https://app.example/callback",
            "https://app.example/callback?from=colophon&to=evil",
            "https://app.example/callback?from=colophon#x",
            "https://app.example:443/callback?from=colophon",
            "https://APP.example/callback?from=colophon",
            "https://app.example/callback/../callback?from=colophon",
            "https://app.example@evil.example/callback?from=colophon",
            "https://app.example.evil.example/callback?from=colophon",
            "http://app.example/callback?from=colophon",
            "//app.example/callback?from=colophon",
            "javascript:alert(1)//https://app.example/callback?from=colophon",
            " https://app.example/callback?from=colophon",
            "",
        ] {
            let asked = with(question(&client), "redirect_uri", elsewhere);
            let page = ask(&app, &person, &asked);
            assert_eq!(page.status, 400, "{elsewhere}: {}", page.text());
            assert!(page.header("location").is_none());
            // A form can say anything.
            let page = ask(&app, &person, &question(&client));
            let form = Answering::read(&page, &person).with("redirect_uri", elsewhere);
            for decision in ["allow", "deny"] {
                let refused = app.send(&form.request(decision));
                assert_eq!(refused.status, 400, "{elsewhere}: {}", refused.text());
                assert!(refused.header("location").is_none());
            }
        }
        let unknown = with(question(&client), "client_id", "to_app_unknown");
        assert_eq!(ask(&app, &person, &unknown).status, 400);
        assert_eq!(app.get("/oauth/authorize").status, 422);
    });
}

#[test]
fn what_an_app_asks_wrongly_is_said_to_the_app() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let person = app.person("Grace");
        for (name, value, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("scope", "read:profile admin", "invalid_scope"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("code_challenge", "too-short", "invalid_request"),
            ("code_challenge", "", "invalid_request"),
        ] {
            let to = led_to(&ask(&app, &person, &with(question(&client), name, value)));
            assert!(to.as_str().starts_with(CALLBACK), "{to}");
            assert_eq!(
                parameter(&to, "error").as_deref(),
                Some(error),
                "{name}={value}"
            );
            assert_eq!(parameter(&to, "state").as_deref(), Some(STATE));
            assert_eq!(parameter(&to, "code"), None);
        }
    });
}

#[test]
fn whoever_is_not_signed_in_is_led_to_sign_in_and_back_to_the_question() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let asked = path(&question(&client));
        for cookies in ["", "colophon_session=0123456789abcdef"] {
            let answer = app.send(&Request::new("GET", &asked).cookies(cookies));
            assert_eq!(answer.status, 303, "{}", answer.text());
            let to = answer.header("location").unwrap();
            let next = to.strip_prefix("/login?next=").unwrap();
            assert!(!next.contains(['&', '?', '#']), "{next}");
            let next = percent_decode_str(next).decode_utf8().unwrap();
            assert_eq!(next, asked);
        }
    });
}

#[test]
fn a_person_may_say_no() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let person = app.person("Grace");
        let page = ask(&app, &person, &question(&client));
        let to = led_to(&app.send(&Answering::read(&page, &person).request("deny")));
        assert!(to.as_str().starts_with(CALLBACK), "{to}");
        assert_eq!(parameter(&to, "error").as_deref(), Some("access_denied"));
        assert_eq!(parameter(&to, "state").as_deref(), Some(STATE));
        assert_eq!(parameter(&to, "code"), None);
        let neither = app.send(&Answering::read(&page, &person).request("perhaps"));
        assert_eq!(neither.status, 422, "{}", neither.text());
    });
}

#[test]
fn nobody_but_the_person_on_our_page_says_yes() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let (person, other) = (app.person("Grace"), app.person("Mallory"));
        let page = ask(&app, &person, &question(&client));
        let form = || Answering::read(&page, &person);
        let theirs = Answering::read(&ask(&app, &other, &question(&client)), &other);
        let (_, their_token) = theirs
            .fields
            .iter()
            .find(|(name, _)| name == "csrf")
            .unwrap();
        for forged in ["", "x", &"0".repeat(64), their_token] {
            let refused = app.send(&form().with("csrf", forged).request("allow"));
            assert_eq!(refused.status, 403, "{forged}: {}", refused.text());
        }
        for (name, value) in [
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Sec-Fetch-Site", "cross-site"),
        ] {
            let refused = app.send(&form().request("allow").header(name, value));
            assert_eq!(refused.status, 403, "{name}: {}", refused.text());
        }
        let mut stranger = form();
        stranger.cookies.clear();
        let refused = app.send(&stranger.request("allow"));
        assert!(
            refused.text().is_empty() || refused.status == 403,
            "{}",
            refused.text()
        );
        assert!(
            !refused
                .header("location")
                .unwrap_or_default()
                .contains("app.example")
        );
        // No page can show ours in a frame and have it clicked.
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert!(
            page.header("content-security-policy")
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
    });
}

#[test]
fn an_app_reads_only_what_it_was_let_read() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let client = register(&app, &operator);
        let person = app.person("Grace");
        let asked = with(question(&client), "scope", "read:certificates");
        let page = ask(&app, &person, &asked);
        assert!(!page.text().contains("profile</span>"), "{}", page.text());
        let token = exchange(&app, &client, &code(&app, &person, &asked), &[]).json();
        assert_eq!(token["scope"], "read:certificates");
        let refused = me(&app, &text(&token, "access_token"));
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(refused.json()["code"], "permission_denied");
        let challenge = "Bearer error=\"insufficient_scope\"";
        assert_eq!(refused.header("www-authenticate"), Some(challenge));
    });
}

#[test]
fn whoever_takes_an_apps_access_back_ends_its_tokens_and_codes_at_once() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let (client, other) = (register(&app, &operator), register(&app, &operator));
        let (person, stranger) = (app.person("Grace"), app.person("Mallory"));
        let let_in = |client: &Client, scope: &str| {
            let code = code(&app, &person, &with(question(client), "scope", scope));
            text(&exchange(&app, client, &code, &[]).json(), "access_token")
        };
        let tokens = ["read:profile", "read:profile read:certificates"];
        let tokens = tokens.map(|scope| let_in(&client, scope));
        let kept = let_in(&other, "read:profile");
        let waiting = code(&app, &person, &question(&client));

        let list = app.json_at(&person.request("GET", "/apps"), 200);
        assert_eq!(list["apps"].as_array().unwrap().len(), 2);
        let first = &list["apps"][0];
        assert_eq!(
            first["scopes"],
            json!(["read:profile", "read:certificates"])
        );
        let path = format!("/apps/{}", text(first, "id"));
        let theirs = app.send(&stranger.request("DELETE", &path));
        assert_eq!(theirs.status, 404, "{}", theirs.text());
        assert_eq!(me(&app, &tokens[0]).status, 200);

        assert_eq!(app.send(&person.request("DELETE", &path)).status, 204);
        for token in &tokens {
            assert_eq!(me(&app, token).status, 401);
        }
        let late = exchange(&app, &client, &waiting, &[]);
        assert_eq!(late.json()["error"], "invalid_grant");
        assert_eq!(me(&app, &kept).status, 200, "that app only");
        assert_eq!(app.send(&person.request("DELETE", &path)).status, 404);

        // The rest by the page.
        let page = |cookies: &str| {
            let request = Request::new("GET", "/account/apps");
            app.send(&request.cookies(cookies)).text().to_owned()
        };
        let shown = page(&person.cookies);
        let (_, action) = shown.split_once("action=\"/account/apps/").unwrap();
        let (id, _) = action.split_once('/').unwrap();
        let take_back = Request::new("POST", &format!("/account/apps/{id}/take-back"));
        let take_back = take_back.cookies(&person.cookies);
        let forged = app.send(&take_back.clone().form(&[("csrf", "x")]));
        assert_eq!((forged.status, me(&app, &kept).status), (403, 200));
        let csrf = [("csrf", person.cookie("to_csrf"))];
        assert_eq!(app.send(&take_back.form(&csrf)).status, 303);
        assert_eq!(me(&app, &kept).status, 401);
        assert!(page(&person.cookies).contains("No app acts for you."));
    });
}
