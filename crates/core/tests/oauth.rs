//! What people rely on when they let apps of others act for them, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod instance;

use std::sync::Arc;
use std::time::Duration;

use colophon_core::audit::{self, By, Chain, Origin};
use colophon_core::identity::{self, Audience, Session, SignUp};
use colophon_core::oauth::{self, App, Ask, Exchange, NewApp, Token};
use colophon_core::{Core, Kind, Result};
use colophon_db::{Clock, args};

const PASSWORD: &str = "correct horse battery";
const CALLBACK: &str = "https://app.example/callback";

fn home() -> Origin {
    Origin::new("192.0.2.1", "test")
}

async fn person(core: &Core, email: &str) -> Arc<Session> {
    let new = SignUp {
        email,
        password: PASSWORD,
        name: "Grace",
        handle: None,
        accept_terms: true,
        confirm_age_18: true,
    };
    identity::sign_up(core, &home(), new).await.unwrap();
    let opened = identity::sign_in(core, &home(), Audience::Artist, email, PASSWORD).await;
    let session = core.sessions.of_id(opened.unwrap().session).await.unwrap();
    session.unwrap()
}

async fn app(core: &Core) -> (App, String) {
    let new = NewApp {
        name: "Tape Deck",
        redirect_uris: &[CALLBACK.to_owned()],
        description: None,
        homepage_url: None,
    };
    oauth::register(core, &By::command(), new).await.unwrap()
}

fn ask(app: &App) -> Ask<'_> {
    Ask {
        client_id: &app.client_id,
        redirect_uri: CALLBACK,
        response_type: "code",
        scope: "",
        state: "",
        code_challenge: None,
        code_challenge_method: None,
    }
}

/// The code that the app gets when the person says yes.
async fn code(core: &Core, app: &App, session: &Session) -> String {
    let person = session.person.id;
    let by = By::person(person, home());
    let to = oauth::decide(core, person, &by, ask(app), true)
        .await
        .unwrap();
    let to = to.unwrap();
    let (_, code) = to.query_pairs().find(|(name, _)| name == "code").unwrap();
    code.into_owned()
}

async fn exchange(core: &Core, (app, secret): &(App, String), code: &str) -> Result<Token> {
    let show = Exchange {
        client_id: &app.client_id,
        client_secret: secret,
        code,
        redirect_uri: CALLBACK,
        code_verifier: None,
    };
    oauth::exchange(core, &home(), show).await
}

/// What the link of a letter to the person holds.
async fn mailed(core: &Core, purpose: &'static str, session: &Session) -> String {
    let (person, now) = (session.person.id, core.clock.now());
    let link = format!("{purpose} of {person}");
    let hash = colophon_core::fingerprint(&link);
    core.db
        .write(|tx, _| {
            Box::pin(tx.exec(
                "INSERT INTO one_time_token (token_hash, purpose, person_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
                args![hash, purpose, person, now, now + Duration::from_secs(60)],
            ))
        })
        .await
        .unwrap();
    link
}

#[tokio::test]
async fn a_code_waits_a_minute_and_a_token_lives_a_day() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let late = code(core, &app.0, &session).await;
        clock.advance(oauth::CODE_FOR);
        let refused = exchange(core, &app, &late).await.unwrap_err();
        assert_eq!(refused.code, "invalid_grant");

        let in_time = code(core, &app.0, &session).await;
        clock.advance(oauth::CODE_FOR - Duration::from_secs(1));
        let token = exchange(core, &app, &in_time).await.unwrap();
        assert!(oauth::caller(core, &token.token).await.is_ok());
        clock.advance(oauth::TOKEN_FOR);
        let over = oauth::caller(core, &token.token).await.unwrap_err();
        assert_eq!(
            (over.kind, over.code),
            (Kind::Unauthenticated, "invalid_token")
        );
    }
}

#[tokio::test]
async fn of_two_who_exchange_a_code_at_once_neither_keeps_a_token() {
    for instance in instance::each().await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let code = code(core, &app.0, &session).await;
        let (one, two) = tokio::join!(exchange(core, &app, &code), exchange(core, &app, &code));
        assert!(one.is_ok() != two.is_ok(), "a code works once");
        let token = one.or(two).unwrap();
        let ended = oauth::caller(core, &token.token).await.unwrap_err();
        assert_eq!(
            ended.code, "invalid_token",
            "whoever of the two was the thief"
        );
    }
}

#[tokio::test]
async fn a_deleted_account_lets_no_app_in() {
    for instance in instance::each().await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let first = code(core, &app.0, &session).await;
        let token = exchange(core, &app, &first).await.unwrap();
        let second = code(core, &app.0, &session).await;
        let by = By::person(session.person.id, home());
        identity::delete(core, &session, &by, "grace@example.org", true)
            .await
            .unwrap();
        assert!(oauth::caller(core, &token.token).await.is_err());
        assert!(exchange(core, &app, &second).await.is_err());
    }
}

#[tokio::test]
async fn a_person_finds_what_apps_did_in_their_list_of_events() {
    for instance in instance::each().await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let code = code(core, &app.0, &session).await;
        exchange(core, &app, &code).await.unwrap();
        exchange(core, &app, &code).await.unwrap_err();
        let page = audit::list(&core.db, session.caller.org_id, None, 3).await;
        let events: Vec<(String, String)> = page
            .unwrap()
            .events
            .into_iter()
            .map(|event| (event.actor, event.action))
            .collect();
        let (client, grace) = (app.0.id.to_string(), session.person.id.to_string());
        let wanted = [
            (client.clone(), "app.code_reused".to_owned()),
            (client, "app.token_issued".to_owned()),
            (grace, "app.allowed".to_owned()),
        ];
        assert_eq!(events, wanted);
    }
}

#[tokio::test]
async fn a_revoked_app_acts_for_nobody_and_can_be_let_in_by_nobody() {
    for instance in instance::each().await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let first = code(core, &app.0, &session).await;
        let token = exchange(core, &app, &first).await.unwrap();
        let second = code(core, &app.0, &session).await;
        oauth::revoke_app(core, &By::command(), app.0.id)
            .await
            .unwrap();

        assert!(oauth::caller(core, &token.token).await.is_err());
        let refused = exchange(core, &app, &second).await.unwrap_err();
        assert_eq!(refused.code, "invalid_client");
        let asked = oauth::understand(core, ask(&app.0)).await.unwrap();
        assert!(asked.is_err(), "nobody is asked to let it in");
        assert!(oauth::apps(core).await.unwrap().is_empty());
        let acting = oauth::acting(core, session.person.id).await.unwrap();
        assert!(acting.is_empty());
        let again = oauth::revoke_app(core, &By::command(), app.0.id).await;
        assert_eq!(again.unwrap_err().kind, Kind::NotFound);
        let page = audit::list(&core.db, Chain::Server, None, 1).await.unwrap();
        let event = &page.events[0];
        let found = (event.action.as_str(), event.subject.clone());
        assert_eq!(found, ("app.revoked", app.0.id.to_string()));
    }
}

#[tokio::test]
async fn who_signs_out_everywhere_or_chooses_a_new_password_by_mail_lets_no_app_in() {
    for instance in instance::each().await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let by = By::person(session.person.id, home());
        // The address is theirs already: the reset that shows it would end everything anyway.
        let link = mailed(core, "verify-email", &session).await;
        identity::verify_email(core, &home(), &link).await.unwrap();
        for by_mail in [false, true] {
            let first = code(core, &app.0, &session).await;
            let token = exchange(core, &app, &first).await.unwrap();
            let second = code(core, &app.0, &session).await;
            if by_mail {
                let link = mailed(core, "password-reset", &session).await;
                identity::reset_password(core, &home(), &link, "another good phrase")
                    .await
                    .unwrap();
            } else {
                identity::end_all(core, session.person.id, &by)
                    .await
                    .unwrap();
            }
            assert!(oauth::caller(core, &token.token).await.is_err());
            assert!(exchange(core, &app, &second).await.is_err());
        }
    }
}

#[tokio::test]
async fn codes_and_tokens_are_forgotten_once_they_tell_nothing_more() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        let (app, session) = (app(core).await, person(core, "grace@example.org").await);
        let purge = async || oauth::purge_expired(&core.db, clock.now()).await.unwrap();
        let code = code(core, &app.0, &session).await;
        let token = exchange(core, &app, &code).await.unwrap();
        clock.advance(oauth::TOKEN_FOR - Duration::from_secs(1));
        purge().await;
        assert!(oauth::caller(core, &token.token).await.is_ok());
        assert!(exchange(core, &app, &code).await.is_err());
        let stolen = oauth::caller(core, &token.token).await;
        assert!(stolen.is_err(), "the code was still known for used");

        clock.advance(oauth::TOKEN_FOR + Duration::from_secs(2));
        purge().await;
        let count = "SELECT (SELECT COUNT(*) FROM oauth_code) + (SELECT COUNT(*) FROM oauth_token)";
        let (left,): (i64,) = core.db.one(count, []).await.unwrap();
        assert_eq!(left, 0);
    }
}
