//! What people and partners rely on at the OIDC bridge, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod instance;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_core::access::{self, KeyHolder, KeyKind, NewKey};
use colophon_core::audit::{self, By, Chain, Origin};
use colophon_core::identity::{self, Audience, Credentials, NewIssuer, SignUp};
use colophon_core::{Core, Kind, Result};
use colophon_db::Clock;
use colophon_testkit::{IdentityProvider, ProviderKey};
use futures::FutureExt as _;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";
const AUDIENCE: &str = "colophon-bridge";

fn home() -> Origin {
    Origin::new("192.0.2.1", "test")
}

/// Cores that may reach this machine.
async fn each_at(clock: &Clock) -> Vec<(Arc<Core>, instance::Instance)> {
    let mut cores = Vec::new();
    for instance in instance::each_at(clock).await {
        let mut settings = instance::settings(&instance.folder);
        settings.allow_private_network = true;
        let core = Core::open(instance.core.db.clone(), clock.clone(), settings);
        cores.push((core.await.unwrap(), instance));
    }
    cores
}

async fn trust(core: &Core, issuer: &str, jwks_uri: &str) {
    let new = NewIssuer {
        name: "Label",
        issuer,
        audience: AUDIENCE,
        jwks_uri,
    };
    identity::register_issuer(core, &By::command(), new)
        .await
        .unwrap();
}

fn claims(issuer: &str, subject: &str, now: DateTime<Utc>) -> Value {
    json!({
        "iss": issuer, "aud": AUDIENCE, "sub": subject,
        "iat": now.timestamp(), "exp": now.timestamp() + 300,
        "email": format!("{subject}@example.org"), "email_verified": true, "name": "Grace",
    })
}

async fn bridge(core: &Core, token: &str) -> Result<Credentials> {
    identity::bridge(core, &home(), token).await
}

#[tokio::test]
async fn a_provider_is_asked_for_its_keys_once_an_hour_and_for_unknown_ones_once_a_minute() {
    let clock = Clock::fixed(Clock::system().now());
    for (core, _instance) in each_at(&clock).await {
        let (old, new) = (ProviderKey::new("old"), ProviderKey::new("new"));
        let provider = IdentityProvider::start(&[&old]);
        let issuer = provider.issuer();
        trust(&core, &issuer, &provider.jwks_uri()).await;
        let token = |key: &ProviderKey| key.token(&claims(&issuer, "grace", clock.now()));

        let many = futures::future::join_all((0..4).map(|_| bridge(&core, "not a token"))).await;
        assert!(many.iter().all(Result::is_err));
        assert_eq!(provider.asked(), 0, "for what is no token, nobody is asked");
        for _ in 0..3 {
            bridge(&core, &token(&old)).await.unwrap();
        }
        assert_eq!(provider.asked(), 1);

        // A key that the provider does not have, or has only just made.
        provider.publish(vec![new.jwk()]);
        for _ in 0..3 {
            let refused = bridge(&core, &token(&new)).await.unwrap_err();
            assert_eq!(refused.code, "invalid_id_token");
        }
        assert_eq!(provider.asked(), 1);
        clock.advance(Duration::from_secs(61));
        bridge(&core, &token(&new)).await.unwrap();
        assert_eq!(provider.asked(), 2);
        let withdrawn = bridge(&core, &token(&old)).await.unwrap_err();
        assert_eq!(withdrawn.code, "invalid_id_token");

        clock.advance(Duration::from_secs(60 * 60));
        bridge(&core, &token(&new)).await.unwrap();
        assert_eq!(provider.asked(), 3);
    }
}

#[tokio::test]
async fn keys_that_are_not_understood_do_not_hide_the_others() {
    let clock = Clock::system();
    for (core, _instance) in each_at(&clock).await {
        let (key, sealing) = (ProviderKey::new("signs"), ProviderKey::new("seals"));
        let provider = IdentityProvider::start(&[&key]);
        let mut enc = sealing.jwk();
        enc["use"] = "enc".into();
        let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-65", "kid": "later", "pub": "AA" });
        provider.publish(vec![unknown, enc, key.jwk()]);
        let issuer = provider.issuer();
        trust(&core, &issuer, &provider.jwks_uri()).await;
        let claims = claims(&issuer, "grace", clock.now());
        assert!(bridge(&core, &key.token(&claims)).await.is_ok());
        let refused = bridge(&core, &sealing.token(&claims)).await.unwrap_err();
        assert_eq!(
            refused.code, "invalid_id_token",
            "that key is not for signing"
        );
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_no_fault_of_the_token() {
    let clock = Clock::system();
    for (core, _instance) in each_at(&clock).await {
        let key = ProviderKey::new("a");
        let nobody = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}", listener.local_addr().unwrap())
        };
        trust(&core, &nobody, &format!("{nobody}/jwks")).await;
        let token = key.token(&claims(&nobody, "grace", clock.now()));
        for _ in 0..2 {
            let failed = bridge(&core, &token).await.unwrap_err();
            assert_eq!(failed.kind, Kind::Unavailable);
        }
    }
}

#[tokio::test]
async fn whoever_hangs_up_does_not_have_the_provider_asked_again_at_once() {
    let clock = Clock::fixed(Clock::system().now());
    for (core, _instance) in each_at(&clock).await {
        let key = ProviderKey::new("a");
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", silent.local_addr().unwrap());
        trust(&core, &issuer, &format!("{issuer}/jwks")).await;
        let token = key.token(&claims(&issuer, "grace", clock.now()));
        tokio::select! {
            _ = bridge(&core, &token) => panic!("nobody answers"),
            asked = silent.accept() => drop(asked.unwrap()),
        }
        let refused = bridge(&core, &token).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        let again = silent.accept().now_or_never();
        assert!(again.is_none(), "the provider was asked again");
    }
}

#[tokio::test]
async fn of_two_first_visits_at_once_both_find_one_account() {
    let clock = Clock::system();
    for (core, _instance) in each_at(&clock).await {
        let key = ProviderKey::new("a");
        let provider = IdentityProvider::start(&[&key]);
        let issuer = provider.issuer();
        trust(&core, &issuer, &provider.jwks_uri()).await;
        let token = key.token(&claims(&issuer, "grace", clock.now()));
        let (one, two) = tokio::join!(bridge(&core, &token), bridge(&core, &token));
        assert_eq!(one.unwrap().person, two.unwrap().person);
    }
}

#[tokio::test]
async fn who_signed_up_with_somebody_elses_address_has_nothing_of_the_account_left() {
    let clock = Clock::system();
    for (core, _instance) in each_at(&clock).await {
        let core = &core;
        let email = "grace@example.org";
        let new = SignUp {
            email,
            password: PASSWORD,
            name: "Mallory",
            handle: None,
            accept_terms: true,
            confirm_age_18: true,
        };
        identity::sign_up(core, &home(), new).await.unwrap();
        let sign_in = async || {
            let audience = Audience::Artist;
            identity::sign_in(core, &home(), audience, email, PASSWORD).await
        };
        let mallory = sign_in().await.unwrap();
        let session = core.sessions.of_id(mallory.session).await.unwrap().unwrap();
        let key = NewKey::new(KeyKind::TrackOriginSecret, false);
        let by = By::person(mallory.person, home());
        let key =
            access::create_key(core, &by, KeyHolder::of(&session.caller).unwrap(), &key).await;
        let secret = key.unwrap().secret;
        let works = async || {
            let kinds = [KeyKind::TrackOriginSecret];
            core.keys.caller(secret.reveal(), &kinds).await.is_ok()
        };
        assert!(works().await);

        let key = ProviderKey::new("a");
        let provider = IdentityProvider::start(&[&key]);
        let issuer = provider.issuer();
        trust(core, &issuer, &provider.jwks_uri()).await;
        let token = key.token(&claims(&issuer, "grace", clock.now()));
        let grace = bridge(core, &token).await.unwrap();
        assert_eq!(grace.person, mallory.person, "the address has one account");
        assert!(
            core.sessions
                .of_id(mallory.session)
                .await
                .unwrap()
                .is_none()
        );
        assert!(sign_in().await.is_err());
        assert!(!works().await);

        // What Grace does from here on stays hers.
        bridge(core, &token).await.unwrap();
        assert!(core.sessions.of_id(grace.session).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_removed_provider_opens_nothing_also_for_whom_it_knows() {
    let clock = Clock::system();
    for (core, _instance) in each_at(&clock).await {
        let key = ProviderKey::new("a");
        let provider = IdentityProvider::start(&[&key]);
        let issuer = provider.issuer();
        trust(&core, &issuer, &provider.jwks_uri()).await;
        let token = key.token(&claims(&issuer, "grace", clock.now()));
        let known = bridge(&core, &token).await.unwrap().person;
        let id = identity::issuers(&core).await.unwrap()[0].id;
        identity::remove_issuer(&core, &By::command(), id)
            .await
            .unwrap();

        let refused = bridge(&core, &token).await.unwrap_err();
        assert_eq!(refused.code, "invalid_id_token");
        assert!(identity::issuers(&core).await.unwrap().is_empty());
        let again = identity::remove_issuer(&core, &By::command(), id).await;
        assert_eq!(again.unwrap_err().kind, Kind::NotFound);
        let page = audit::list(&core.db, Chain::Server, None, 1).await.unwrap();
        let event = &page.events[0];
        let found = (event.action.as_str(), event.subject.clone());
        assert_eq!(found, ("issuer.removed", id.to_string()));

        trust(&core, &issuer, &provider.jwks_uri()).await;
        assert_eq!(bridge(&core, &token).await.unwrap().person, known);
        assert_eq!(provider.asked(), 2, "its keys are asked for anew");
    }
}
