//! What people rely on about their accounts and sessions, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod instance;

use std::time::Duration;

use colophon_core::access::Permission;
use colophon_core::audit::{By, Origin};
use colophon_core::identity::{self, Audience, Credentials, SignUp};
use colophon_core::{Core, Error, Kind, PersonId, Result, mail, organisations};
use colophon_db::{Clock, Engine, args};

const PASSWORD: &str = "correct horse battery";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn home() -> Origin {
    Origin::new("192.0.2.1", "test")
}

async fn operator(core: &Core) {
    let link = identity::setup_link(&core.db, &core.clock).await.unwrap();
    identity::create_operator(core, &home(), &link, "ada@example.org", "Ada", PASSWORD)
        .await
        .unwrap();
}

async fn sign_up(core: &Core, email: &str, handle: Option<&str>) -> Result<()> {
    let new = SignUp {
        email,
        password: PASSWORD,
        name: "Grace",
        handle,
        accept_terms: true,
        confirm_age_18: true,
    };
    identity::sign_up(core, &home(), new).await
}

async fn sign_in(core: &Core, email: &str, password: &str) -> Result<Credentials> {
    identity::sign_in(core, &home(), Audience::Artist, email, password).await
}

async fn runs(core: &Core, credentials: &Credentials) -> bool {
    let session = core.sessions.of_id(credentials.session).await.unwrap();
    session.is_some()
}

#[tokio::test]
async fn the_set_up_link_makes_one_operator_once() {
    for instance in instance::each().await {
        let core = &instance.core;
        assert!(identity::needs_operator(&core.db).await.unwrap());
        let link = async || identity::setup_link(&core.db, &core.clock).await.unwrap();
        let (stale, link) = (link().await, link().await);
        let from = &home();
        let make = async |token: &str, email: &str, password: &str| {
            identity::create_operator(core, from, token, email, "Ada", password).await
        };
        let weak = make(&link, "ada@example.org", "short").await.unwrap_err();
        assert_eq!(weak.fields[0].field, "password");
        let old = make(&stale, "ada@example.org", PASSWORD).await.unwrap_err();
        assert_eq!(old.code, "setup_link_invalid", "an earlier link has ended");
        make(&link, "Ada@Example.org", PASSWORD).await.unwrap();
        let twice = make(&link, "eve@example.org", PASSWORD).await.unwrap_err();
        assert_eq!(twice.code, "setup_link_invalid");
        assert!(!identity::needs_operator(&core.db).await.unwrap());

        let credentials = sign_in(core, " ADA@example.org ", PASSWORD).await.unwrap();
        let cookie = credentials.cookie.unwrap();
        let session = core.sessions.of_cookie(&cookie).await.unwrap().unwrap();
        assert!(session.person.operator);
        let by = &By::person(session.person.id, home());
        identity::end(core, &session, by).await.unwrap();
        assert!(core.sessions.of_cookie(&cookie).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_refused_in_the_same_words() {
    for instance in instance::each().await {
        let core = &instance.core;
        sign_up(core, "grace@example.org", None).await.unwrap();
        let unknown = sign_in(core, "x@example.org", PASSWORD).await.unwrap_err();
        let wrong = sign_in(core, "grace@example.org", "incorrect horse");
        let wrong = wrong.await.unwrap_err();
        assert_eq!(unknown.kind, Kind::Unauthenticated);
        assert_eq!(
            (unknown.kind, unknown.code, unknown.detail),
            (wrong.kind, wrong.code, wrong.detail)
        );
    }
}

/// Every row that was ever inserted, changed or removed, also where it was taken back; SQLite only.
async fn rows_written(core: &Core) -> i64 {
    let count = core
        .db
        .write(|tx, _| Box::pin(tx.one::<(i64,)>("SELECT total_changes()", [])));
    count.await.unwrap().0
}

/// The kinds of the queued jobs, and to whom each is about, oldest first.
async fn queued(core: &Core) -> Vec<(String, String)> {
    let sql = "SELECT kind, payload FROM job WHERE state = 'queued' ORDER BY id";
    let jobs: Vec<(String, serde_json::Value)> = core.db.all(sql, []).await.unwrap();
    let about = |payload: serde_json::Value| {
        let to = payload.get("to").or_else(|| payload.get("email")).unwrap();
        to.as_str().unwrap().to_owned()
    };
    jobs.into_iter()
        .map(|(kind, payload)| (kind, about(payload)))
        .collect()
}

#[tokio::test]
async fn signing_up_is_the_same_work_for_an_address_that_has_an_account() {
    for instance in instance::each().await {
        let core = &instance.core;
        sign_up(core, "grace@example.org", None).await.unwrap();
        let sqlite = core.db.engine() == Engine::Sqlite;
        let mut written = Vec::new();
        for email in ["new@example.org", "grace@example.org"] {
            let before = if sqlite { rows_written(core).await } else { 0 };
            sign_up(core, email, Some(&email[..3])).await.unwrap();
            let after = if sqlite { rows_written(core).await } else { 0 };
            written.push(after - before);
            let letter = (mail::JOB.to_owned(), email.to_owned());
            assert_eq!(queued(core).await.last(), Some(&letter));
        }
        assert_eq!(written[0], written[1]);
        assert_eq!(queued(core).await.len(), 3, "one letter each");
        // Nothing is left of the second account for Grace: not even its handle.
        sign_up(core, "other@example.org", Some("gra"))
            .await
            .unwrap();
        // A handle in use tells nothing about the address either.
        for email in ["fresh@example.org", "grace@example.org"] {
            let taken = sign_up(core, email, Some("new")).await.unwrap_err();
            assert_eq!(taken.code, "handle_taken", "{email}");
        }
    }
}

#[tokio::test]
async fn asking_for_a_new_password_is_the_same_work_for_any_address() {
    for instance in instance::each().await {
        let core = &instance.core;
        sign_up(core, "grace@example.org", None).await.unwrap();
        let sqlite = core.db.engine() == Engine::Sqlite;
        let mut written = Vec::new();
        for email in ["nobody@example.org", "grace@example.org"] {
            let before = if sqlite { rows_written(core).await } else { 0 };
            identity::request_reset(core, email).await.unwrap();
            let after = if sqlite { rows_written(core).await } else { 0 };
            written.push(after - before);
            let asked = (identity::RESET_REQUESTED.to_owned(), email.to_owned());
            assert_eq!(queued(core).await.last(), Some(&asked));
        }
        assert_eq!(written[0], written[1]);
    }
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_session() {
    for instance in instance::each().await {
        let core = &instance.core;
        sign_up(core, "grace@example.org", None).await.unwrap();
        let other = sign_in(core, "grace@example.org", PASSWORD).await.unwrap();
        let first = sign_in(core, "grace@example.org", PASSWORD).await.unwrap();
        let refresh =
            async |token: &str| identity::refresh(core, token, Audience::Artist, &home()).await;
        let second = refresh(&first.refresh).await.unwrap();
        let third = refresh(&second.refresh).await.unwrap();
        assert!(runs(core, &third).await);
        // Whoever shows the first again has stolen it, or was stolen from.
        let reused = refresh(&first.refresh).await.unwrap_err();
        assert_eq!(reused.code, "session_ended");
        assert!(!runs(core, &third).await);
        assert!(refresh(&third.refresh).await.is_err());
        assert!(runs(core, &other).await, "other devices stay signed in");
    }
}

#[tokio::test]
async fn of_two_who_refresh_at_once_at_most_one_goes_on() {
    for instance in instance::each().await {
        let core = &instance.core;
        sign_up(core, "grace@example.org", None).await.unwrap();
        let first = sign_in(core, "grace@example.org", PASSWORD).await.unwrap();
        let refresh =
            || async { identity::refresh(core, &first.refresh, Audience::Artist, &home()).await };
        let (one, two) = tokio::join!(refresh(), refresh());
        assert!(one.is_ok() != two.is_ok(), "each works once");
        assert!(!runs(core, &first).await, "the session has ended for both");
    }
}

#[tokio::test]
async fn a_session_ends_a_month_after_its_last_use_and_an_operators_after_twelve_hours() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        operator(core).await;
        let person = sign_in(core, "ada@example.org", PASSWORD).await.unwrap();
        let (from, email) = (&home(), "ada@example.org");
        let running = identity::sign_in_operator(core, from, None, email, PASSWORD);
        let running = running.await.unwrap();
        clock.advance(DAY / 2 - Duration::from_secs(60));
        assert!(runs(core, &running).await);
        core.sessions.flush().await.unwrap();
        clock.advance(Duration::from_secs(120));
        assert!(!runs(core, &running).await, "whatever it was used for");
        for _ in 0..3 {
            clock.advance(DAY * 20);
            assert!(runs(core, &person).await);
            core.sessions.flush().await.unwrap();
        }
        clock.advance(DAY * 31);
        assert!(!runs(core, &person).await);
    }
}

#[tokio::test]
async fn three_failures_by_address_or_by_browser_lock_operators_out_for_a_day() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        operator(core).await;
        let attempt = async |ip: &str, browser: Option<&str>, password: &str| {
            let from = &Origin::new(ip, "test");
            identity::sign_in_operator(core, from, browser, "ada@example.org", password).await
        };
        for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            let wrong = attempt(ip, Some("browser"), "incorrect").await.unwrap_err();
            assert_eq!(wrong.code, "sign_in_failed");
        }
        let locked = attempt("192.0.2.4", Some("browser"), PASSWORD).await;
        let locked = locked.unwrap_err();
        assert_eq!(
            (locked.kind, locked.code),
            (Kind::RateLimited, "locked_out")
        );
        assert_eq!(locked.retry_after, Some(24 * 60 * 60));
        for _ in 0..3 {
            let _ = attempt("192.0.2.9", None, "incorrect").await;
        }
        let locked = attempt("192.0.2.9", Some("another"), PASSWORD).await;
        assert_eq!(locked.unwrap_err().code, "locked_out");
        assert!(attempt("192.0.2.5", None, PASSWORD).await.is_ok());
        clock.advance(DAY + Duration::from_secs(1));
        assert!(
            attempt("192.0.2.9", Some("browser"), PASSWORD)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn an_operators_password_is_guessed_at_no_more_often_at_peoples_door() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        operator(core).await;
        for _ in 0..3 {
            let wrong = sign_in(core, "ada@example.org", "incorrect horse").await;
            assert_eq!(wrong.unwrap_err().code, "sign_in_failed");
        }
        // Not "locked out": that would tell who runs the server.
        let locked = sign_in(core, "ada@example.org", PASSWORD).await;
        assert_eq!(locked.unwrap_err().code, "sign_in_failed");
        let (from, email) = (&home(), "ada@example.org");
        let locked = identity::sign_in_operator(core, from, None, email, PASSWORD).await;
        assert_eq!(locked.unwrap_err().code, "locked_out");
        clock.advance(DAY + Duration::from_secs(1));
        assert!(sign_in(core, "ada@example.org", PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn the_addresses_of_one_ipv6_subscriber_are_locked_out_together() {
    for instance in instance::each().await {
        let core = &instance.core;
        operator(core).await;
        let attempt = async |ip: &str, password: &str| {
            let from = &Origin::new(ip, "test");
            identity::sign_in_operator(core, from, None, "ada@example.org", password).await
        };
        for ip in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"] {
            let _ = attempt(ip, "incorrect").await;
        }
        let locked = attempt("2001:db8::4", PASSWORD).await;
        assert_eq!(locked.unwrap_err().code, "locked_out");
        assert!(attempt("2001:db8:0:1::1", PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn guessing_locks_the_guesser_out_and_nobody_else() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        sign_up(core, "grace@example.org", None).await.unwrap();
        let attempt = async |ip: &str, password: &str| {
            let from = &Origin::new(ip, "test");
            let email = "grace@example.org";
            identity::sign_in(core, from, Audience::Artist, email, password).await
        };
        for _ in 0..10 {
            let wrong = attempt("192.0.2.66", "incorrect horse").await.unwrap_err();
            assert_eq!(wrong.code, "sign_in_failed");
        }
        let locked = attempt("192.0.2.66", PASSWORD).await.unwrap_err();
        assert_eq!(locked.code, "locked_out");
        assert!(attempt("192.0.2.1", PASSWORD).await.is_ok());
        clock.advance(Duration::from_secs(16 * 60));
        assert!(attempt("192.0.2.66", PASSWORD).await.is_ok());
    }
}

#[tokio::test]
async fn a_handle_that_looks_like_another_is_taken() {
    for instance in instance::each().await {
        let core = &instance.core;
        let first = Some("miller");
        sign_up(core, "a@example.org", first).await.unwrap();
        for alike in ["Miller", "mi11er", "mil-ler", "m1ller", "rniller"] {
            let taken = sign_up(core, "b@example.org", Some(alike)).await;
            assert_eq!(taken.unwrap_err().kind, Kind::Conflict, "{alike}");
        }
        // A Cyrillic and a full-width letter.
        for foreign in ["m\u{456}ller", "\u{ff4d}iller", "mill\u{e9}r"] {
            let refused = sign_up(core, "b@example.org", Some(foreign)).await;
            assert_eq!(refused.unwrap_err().kind, Kind::Invalid, "{foreign}");
        }
        sign_up(core, "b@example.org", Some("mueller"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn passwords_are_12_to_128_characters_and_not_on_the_list_of_common_ones() {
    for instance in instance::each().await {
        let core = &instance.core;
        let long = "x".repeat(129);
        for weak in ["elevenchars", "password1234", "PASSWORD1234", long.as_str()] {
            let new = SignUp {
                email: "grace@example.org",
                password: weak,
                name: "Grace",
                handle: None,
                accept_terms: true,
                confirm_age_18: true,
            };
            let refused = identity::sign_up(core, &home(), new).await.unwrap_err();
            assert_eq!(refused.fields[0].field, "password", "{weak}");
        }
    }
}

#[tokio::test]
async fn an_address_cannot_carry_another_header_into_a_letter() {
    for instance in instance::each().await {
        let core = &instance.core;
        for hostile in [
            "grace@example.org\r\nBcc: all@example.org",
            "grace@example.org\nSubject: x",
            "\"grace\r\nBcc: x\"@example.org",
            "grace@example.org, all@example.org",
            "Grace <grace@example.org>",
            "grace@example.org\0",
        ] {
            let refused = sign_up(core, hostile, None).await.unwrap_err();
            assert_eq!(refused.kind, Kind::Invalid, "{hostile:?}");
            assert_eq!(refused.fields[0].field, "email");
        }
    }
}

#[tokio::test]
async fn whoever_ran_the_server_before_people_had_organisations_has_one_now() {
    let clock = Clock::system();
    for (db, folder) in instance::databases().await {
        db.migrate_to(1, clock.now()).await.unwrap();
        let id = uuid::Uuid::now_v7();
        db.write(|tx, _| {
            let now = clock.now();
            Box::pin(async move {
                tx.exec(
                    "INSERT INTO person (id, email, name, password_hash, operator, created_at) VALUES ($1, 'ada@example.org', 'Ada', '!', $2, $3)",
                    args![id, true, now],
                )
                .await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
        db.migrate(clock.now()).await.unwrap();
        let instance = instance::open(db, &clock, folder).await;
        let core = &instance.core;
        let ada = identity::get(core, PersonId(id)).await.unwrap();
        assert!(ada.email_verified_at.is_some());
        let organisations = organisations::of_person(&core.db, ada.id).await.unwrap();
        assert_eq!(organisations[0].personal_of, Some(ada.id));
        let organisation = organisations[0].id;
        let grants = organisations::grants(&core.db, organisation, ada.id).await;
        assert!(grants.unwrap().everywhere.has(Permission::ManageApiKeys));
    }
}

#[tokio::test]
async fn what_has_had_its_time_is_forgotten_and_nothing_before() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        let purge = async || {
            identity::purge_expired(&core.db, clock.now())
                .await
                .unwrap()
        };
        let rows = async |table: &'static str| {
            let count = colophon_db::Sql::Built(format!("SELECT COUNT(*) FROM {table}"));
            core.db.one::<(i64,)>(count, []).await.unwrap().0
        };
        let email = "grace@example.org";
        sign_up(core, email, None).await.unwrap();
        let first = sign_in(core, email, PASSWORD).await.unwrap();
        let refresh =
            async |token: &str| identity::refresh(core, token, Audience::Artist, &home()).await;
        let second = refresh(&first.refresh).await.unwrap();
        for _ in 0..10 {
            assert!(sign_in(core, email, "incorrect horse").await.is_err());
        }

        purge().await;
        let locked = sign_in(core, email, PASSWORD).await.unwrap_err();
        assert_eq!(locked.code, "locked_out");
        assert!(runs(core, &second).await);
        assert_eq!(rows("one_time_token").await, 1, "the letter's link");
        assert!(refresh(&first.refresh).await.is_err());
        assert!(!runs(core, &second).await, "a token was used twice");

        clock.advance(DAY);
        clock.advance(Duration::from_secs(1));
        let last = sign_in(core, email, PASSWORD).await.unwrap();
        let next = refresh(&last.refresh).await.unwrap();
        assert!(sign_in(core, email, "incorrect horse").await.is_err());
        clock.advance(DAY * 29);
        let next = refresh(&next.refresh).await.unwrap();
        clock.advance(DAY * 2);
        purge().await;
        assert!(runs(core, &next).await, "it was used two days ago");
        assert_eq!(rows("refresh_token").await, 2, "the first is long used");
        assert_eq!(rows("one_time_token").await, 0);
        assert_eq!(rows("lockout").await, 0);
        clock.advance(DAY * 31);
        purge().await;
        assert_eq!((rows("session").await, rows("refresh_token").await), (0, 0));
    }
}
