//! Who is signed in at a partner's identity provider is signed in here, and nobody else is.

use colophon_db::Clock;
use colophon_testkit::{Answer, IdentityProvider, ProviderKey, Request, Site, TestApp, text};
use serde_json::{Value, json};

use crate::on_every_site;

const AUDIENCE: &str = "colophon-bridge";

/// Seconds since 1970.
fn now() -> i64 {
    Clock::system().now().timestamp()
}

/// Servers that may reach the providers of this machine.
fn on_every_database(test: impl Fn(TestApp)) {
    on_every_site(|site: Site| {
        test(TestApp::of(
            site.env("COLOPHON_ALLOW_PRIVATE_NETWORK", "true"),
        ));
    });
}

fn register(app: &TestApp, operator: &str, issuer: &str, jwks_uri: &str) -> Answer {
    let body = json!({
        "name": "Label", "issuer": issuer, "jwks_uri": jwks_uri, "audience": AUDIENCE,
    });
    let request = Request::new("POST", "/v1/admin/oidc/issuers").bearer(operator);
    app.send(&request.value(&body))
}

fn bridge(app: &TestApp, token: &str) -> Answer {
    let request = Request::new("POST", "/v1/auth/oidc-bridge");
    app.send(&request.value(&json!({ "id_token": token })))
}

fn claims(provider: &IdentityProvider) -> Value {
    json!({
        "iss": provider.issuer(), "aud": AUDIENCE, "sub": "label|17",
        "iat": now(), "exp": now() + 300,
        "email": "Grace@Example.org", "email_verified": true, "name": "Grace",
    })
}

/// The same with some of them changed; `null` removes one.
fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

#[test]
fn an_id_token_opens_a_session_and_the_same_person_comes_back_to_one_account() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let key = ProviderKey::new("a");
        let provider = IdentityProvider::start(&[&key]);
        let made = register(&app, &operator, &provider.issuer(), &provider.jwks_uri());
        assert_eq!(made.status, 201, "{}", made.text());
        let again = register(&app, &operator, &provider.issuer(), &provider.jwks_uri());
        assert_eq!(again.status, 409, "an issuer is registered once");

        let claims = claims(&provider);
        let opened = bridge(&app, &key.token(&claims));
        assert_eq!(opened.status, 200, "{}", opened.text());
        let opened = opened.json();
        assert_eq!(opened["artist"]["email"], "grace@example.org");
        assert_eq!(opened["artist"]["email_verified"], true);
        let access = text(&opened, "access_token");
        let me = app.json_at(&Request::new("GET", "/v1/me").bearer(&access), 200);
        assert_eq!(me["artist_id"], opened["artist"]["artist_id"]);

        // The provider's name for them counts from now on, not their address.
        let moved = with(
            &claims,
            &json!({ "email": "new@example.org", "email_verified": false }),
        );
        let moved = bridge(&app, &key.token(&moved)).json();
        assert_eq!(moved["artist"], opened["artist"]);
        // Somebody who signed up here with an address that was verified is the same person.
        let here = app.person("Ada");
        let there = json!({ "sub": "label|18", "email": here.email });
        let there = bridge(&app, &key.token(&with(&claims, &there))).json();
        assert_eq!(there["artist"]["artist_id"], here.id.as_str());
        app.sign_in(&here.email, colophon_testkit::PASSWORD);
    });
}

#[test]
fn an_address_that_the_provider_has_not_verified_opens_nothing() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let key = ProviderKey::new("a");
        let provider = IdentityProvider::start(&[&key]);
        let _ = register(&app, &operator, &provider.issuer(), &provider.jwks_uri());
        let here = app.person("Grace");
        for unverified in [
            json!({ "email_verified": false }),
            json!({ "email_verified": null }),
            json!({ "email_verified": "false" }),
            json!({ "email_verified": 1 }),
            json!({ "email": null }),
        ] {
            let claims = with(&claims(&provider), &unverified);
            let refused = bridge(&app, &key.token(&claims));
            assert!(
                [401, 403].contains(&refused.status),
                "{unverified}: {}",
                refused.text()
            );
            assert!(refused.header("set-cookie").is_none());
        }
        let known = format!("/v1/admin/artists/lookup?email={}", here.email);
        app.json_at(&Request::new("GET", &known).bearer(&operator), 200);
    });
}

#[test]
fn a_token_that_is_not_the_providers_for_us_and_now_opens_nothing() {
    on_every_database(|mut app| {
        let operator = app.operator();
        let (key, other) = (ProviderKey::new("a"), ProviderKey::new("other"));
        let provider = IdentityProvider::start(&[&key]);
        let elsewhere = IdentityProvider::start(&[&other]);
        for provider in [&provider, &elsewhere] {
            let made = register(&app, &operator, &provider.issuer(), &provider.jwks_uri());
            assert_eq!(made.status, 201, "{}", made.text());
        }
        let good = claims(&provider);
        let changed = |changes: Value| key.token(&with(&good, &changes));
        let signed = key.token(&good);
        let (start, signature) = signed.rsplit_once('.').unwrap();
        let admin = with(&good, &json!({ "email": "operator@example.org" }));
        let forged_body = key.token(&admin).split('.').nth(1).unwrap().to_owned();
        let header = signed.split('.').next().unwrap();
        let mut same_kid = ProviderKey::new("other");
        "a".clone_into(&mut same_kid.kid);
        for (why, token) in [
            ("no signature", key.unsigned(&good)),
            ("signature removed", format!("{start}.")),
            (
                "claims changed",
                format!("{header}.{forged_body}.{signature}"),
            ),
            (
                "the public key as a secret",
                key.signed_with_the_public_key(&good),
            ),
            ("another key under this name", same_kid.token(&good)),
            ("another provider's key", other.token(&good)),
            (
                "unknown issuer",
                changed(json!({ "iss": "https://evil.example" })),
            ),
            (
                "another provider's issuer",
                changed(json!({ "iss": elsewhere.issuer() })),
            ),
            ("no issuer", changed(json!({ "iss": null }))),
            (
                "another audience",
                changed(json!({ "aud": "somebody-else" })),
            ),
            ("no audience", changed(json!({ "aud": null }))),
            ("nobody", changed(json!({ "sub": null }))),
            ("expired", changed(json!({ "exp": now() - 120 }))),
            ("without an end", changed(json!({ "exp": null }))),
            ("not yet", changed(json!({ "nbf": now() + 300 }))),
            ("from the future", changed(json!({ "iat": now() + 300 }))),
            (
                "from no time",
                changed(json!({ "iat": i64::MAX, "exp": i64::MAX })),
            ),
            ("no token", "x".repeat(40)),
            ("three dots", "...................".to_owned() + "."),
        ] {
            let refused = bridge(&app, &token);
            assert_eq!(refused.status, 401, "{why}: {}", refused.text());
            assert_eq!(refused.json()["code"], "invalid_id_token", "{why}");
            assert!(refused.header("set-cookie").is_none());
        }
        for (why, token) in [("short", "x".repeat(19)), ("long", "x".repeat(8193))] {
            assert_eq!(bridge(&app, &token).status, 422, "{why}");
        }
        assert_eq!(bridge(&app, &signed).status, 200);
    });
}

#[test]
fn only_an_operator_says_whom_to_trust_and_only_with_public_addresses() {
    on_every_site(|site| {
        let mut app = TestApp::of(site);
        let operator = app.operator();
        let artist = app.person("Grace").access;
        let jwks = "https://id.example/jwks";
        for token in [artist.as_str(), "", "x.y.z"] {
            let refused = register(&app, token, "https://id.example", jwks);
            assert_eq!(refused.status, 401, "{}", refused.text());
        }
        for private in [
            "http://id.example/jwks",
            "https://127.0.0.1/jwks",
            "https://[::1]:8443/jwks",
            "https://10.1.2.3/jwks",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/jwks",
            "https://2130706433/jwks",
            "file:///etc/passwd",
        ] {
            let refused = register(&app, &operator, "https://id.example", private);
            assert_eq!(refused.status, 422, "{private}: {}", refused.text());
            assert_eq!(
                refused.json()["detail"][0]["loc"][1],
                "jwks_uri",
                "{private}"
            );
        }
        let made = register(&app, &operator, "https://id.example", jwks);
        assert_eq!(made.status, 201, "{}", made.text());
    });
}

#[test]
fn a_name_that_leads_to_this_machine_is_not_asked_for_keys() {
    on_every_site(|site| {
        let key = ProviderKey::new("a");
        let provider = IdentityProvider::start(&[&key]);
        let mut app = TestApp::of(site.env("COLOPHON_ALLOW_PRIVATE_NETWORK", "true"));
        let operator = app.operator();
        let made = register(&app, &operator, &provider.issuer(), &provider.jwks_uri());
        assert_eq!(made.status, 201, "{}", made.text());
        // What was allowed when it was registered is not when it is used.
        let TestApp { server, site } = app;
        drop(server);
        let app = TestApp::of(site.env("COLOPHON_ALLOW_PRIVATE_NETWORK", "false"));
        let failed = bridge(&app, &key.token(&claims(&provider)));
        assert_eq!(failed.status, 503, "{}", failed.text());
        assert_eq!(provider.asked(), 0);
    });
}
