//! What members of an organisation rely on, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod instance;

use std::sync::Arc;
use std::time::Duration;

use colophon_core::access::Caller;
use colophon_core::audit::{self, By, Origin, Verified};
use colophon_core::identity::{self, Audience, SignUp};
use colophon_core::jobs::{Registry, Worker};
use colophon_core::organisations::{self, Member, NewInvitation, Organisation, Plan};
use colophon_core::{Core, Error, Kind, OrgId, mail};
use colophon_db::{Clock, args};
use instance::Instance;
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "correct horse battery";

/// Signs somebody up; the address is not verified.
async fn person(core: &Core, email: &str) -> identity::Person {
    let new = SignUp {
        email,
        password: PASSWORD,
        name: "Grace",
        handle: None,
        accept_terms: true,
        confirm_age_18: true,
    };
    let from = Origin::default();
    identity::sign_up(core, &from, new).await.unwrap();
    identity::find_by_email(core, email).await.unwrap()
}

/// Has them have shown that the address is theirs.
async fn verify(core: &Core, email: &str) {
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                let verify = "UPDATE person SET email_verified_at = created_at WHERE email = $1";
                tx.exec(verify, args![email]).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
}

/// Signs them in, for an organisation that they belong to.
async fn caller(core: &Core, email: &str, org: OrgId) -> (Caller, By) {
    let from = Origin::default();
    let signed_in = identity::sign_in(core, &from, Audience::Artist, email, PASSWORD).await;
    let id = signed_in.unwrap().session;
    let session = core.sessions.of_id(id).await.unwrap().unwrap();
    let caller = identity::caller_in(core, &session, org).await.unwrap();
    (caller, By::person(session.person.id, from))
}

async fn studio(core: &Core) -> Organisation {
    organisations::create(core, &By::command(), "Studio", Plan::Free, None)
        .await
        .unwrap()
}

async fn add(core: &Core, org: OrgId, email: &str, role: &str) -> Member {
    let person = person(core, email).await.id;
    organisations::add_by_operator(core, &By::command(), org, person, role)
        .await
        .unwrap()
}

/// The token of the only letter that has a link to `path`, once it has left.
async fn token(instance: &Instance, path: &str) -> String {
    let core = Arc::clone(&instance.core);
    let registry = Registry::new().on(mail::JOB, move |context, payload| {
        mail::deliver(Arc::clone(&core), context, payload)
    });
    let core = &instance.core;
    let worker = Worker::new(core.db.clone(), core.clock.clone(), "test", registry);
    let stop = CancellationToken::new();
    let running = tokio::spawn(worker.run(stop.clone()));
    let outbox = instance.folder.path().join("outbox");
    let token = loop {
        let letters = std::fs::read_dir(&outbox).into_iter().flatten();
        let found = letters.filter_map(|entry| {
            let letter = std::fs::read_to_string(entry.ok()?.path()).ok()?;
            let (_, rest) = letter.split_once(path)?;
            Some(rest.split_whitespace().next()?.to_owned())
        });
        if let Some(token) = found.last() {
            break token;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    stop.cancel();
    running.await.unwrap();
    token
}

fn ownership(member: &Member) -> colophon_core::AssignmentId {
    let held = member.roles.iter().find(|held| held.role == "owner");
    held.unwrap().id
}

#[tokio::test]
async fn of_two_owners_who_demote_each_other_at_once_one_stays() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = studio(core).await.id;
        let ada = add(core, org, "ada@example.org", "owner").await;
        let eve = add(core, org, "eve@example.org", "owner").await;
        let (as_ada, by_ada) = caller(core, "ada@example.org", org).await;
        let (as_eve, by_eve) = caller(core, "eve@example.org", org).await;
        let (one, two) = tokio::join!(
            organisations::unassign_role(core, &as_ada, &by_ada, eve.id, ownership(&eve)),
            organisations::unassign_role(core, &as_eve, &by_eve, ada.id, ownership(&ada)),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let refused = one.err().or(two.err()).unwrap();
        assert_eq!((refused.kind, refused.code), (Kind::Conflict, "last_owner"));
    }
}

#[tokio::test]
async fn the_last_owner_cannot_be_suspended_removed_or_leave() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = studio(core).await.id;
        let ada = add(core, org, "ada@example.org", "owner").await;
        let (caller, by) = caller(core, "ada@example.org", org).await;
        let refused = [
            organisations::suspend_member(core, &caller, &by, ada.id)
                .await
                .err(),
            organisations::remove_member(core, &caller, &by, ada.id)
                .await
                .err(),
            organisations::leave(core, &caller, &by).await.err(),
            organisations::unassign_role(core, &caller, &by, ada.id, ownership(&ada))
                .await
                .err(),
        ];
        for error in refused {
            assert_eq!(error.unwrap().code, "last_owner");
        }
    }
}

#[tokio::test]
async fn an_invitation_accepted_twice_at_once_is_accepted_once() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = studio(core).await.id;
        add(core, org, "ada@example.org", "owner").await;
        verify(core, "ada@example.org").await;
        let (caller, by) = caller(core, "ada@example.org", org).await;
        let eve = person(core, "eve@example.org").await;
        let new = NewInvitation {
            email: "eve@example.org",
            role: "admin",
            location: None,
        };
        organisations::invite(core, &caller, &by, new)
            .await
            .unwrap();
        let token = token(&instance, "/invitation?token=").await;
        let accept = async |person: &identity::Person| {
            organisations::accept(core, person, &by, &token).await
        };
        let unverified = accept(&eve).await.unwrap_err();
        assert_eq!(unverified.code, "invitation_for_another");
        let eve = identity::Person {
            email_verified_at: Some(core.clock.now()),
            ..eve.clone()
        };
        let (one, two) = tokio::join!(accept(&eve), accept(&eve));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let again = accept(&eve).await.unwrap_err();
        assert_eq!(again.code, "invitation_decided");
        let page = organisations::members(&core.db, &caller, None, 10)
            .await
            .unwrap();
        assert_eq!(page.members.len(), 2);
        assert_eq!(page.members[1].roles.len(), 1);
    }
}

#[tokio::test]
async fn an_address_gets_one_letter_a_minute_of_an_organisation() {
    let clock = Clock::fixed(Clock::system().now());
    for instance in instance::each_at(&clock).await {
        let core = &instance.core;
        let org = studio(core).await.id;
        add(core, org, "ada@example.org", "owner").await;
        verify(core, "ada@example.org").await;
        let (caller, by) = caller(core, "ada@example.org", org).await;
        let invite = async |email| {
            let new = NewInvitation {
                email,
                role: "admin",
                location: None,
            };
            organisations::invite(core, &caller, &by, new).await
        };
        let resend = async |id| organisations::resend(core, &caller, &by, id).await;
        let too_soon = |refused: Error| {
            assert_eq!(refused.code, "letter_sent_just_now");
            assert_eq!(refused.kind, Kind::RateLimited);
            assert_eq!(refused.retry_after, Some(60));
        };
        let id = invite("eve@example.org").await.unwrap().id;
        too_soon(resend(id).await.unwrap_err());
        invite("zoe@example.org").await.unwrap();
        clock.advance(Duration::from_secs(60));
        resend(id).await.unwrap();
        too_soon(resend(id).await.unwrap_err());
        organisations::revoke_invitation(core, &caller, &by, id)
            .await
            .unwrap();
        too_soon(invite("eve@example.org").await.unwrap_err());
        clock.advance(Duration::from_secs(60));
        invite("eve@example.org").await.unwrap();
    }
}

#[tokio::test]
async fn an_event_that_was_changed_or_removed_later_shows() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = studio(core).await.id;
        add(core, org, "ada@example.org", "owner").await;
        add(core, org, "eve@example.org", "member").await;
        let verify = async || audit::verify(&core.db, org).await.unwrap();
        assert_eq!(verify().await, Verified::Whole { events: 3 });
        for (tamper, at) in [
            (
                "UPDATE audit_event SET actor = 'per_x' WHERE chain = $1 AND seq = 3",
                3,
            ),
            (
                "UPDATE audit_event SET document = replace(document, 'owner', 'guest') WHERE chain = $1",
                2,
            ),
            ("DELETE FROM audit_event WHERE chain = $1 AND seq = 2", 2),
            ("DELETE FROM audit_event WHERE chain = $1 AND seq >= 2", 2),
            ("DELETE FROM audit_event WHERE chain = $1", 1),
        ] {
            core.db
                .write(|tx, _| {
                    Box::pin(async move {
                        tx.exec(tamper, args![org.0]).await?;
                        Ok::<_, Error>(())
                    })
                })
                .await
                .unwrap();
            assert_eq!(verify().await, Verified::Broken { at }, "{tamper}");
        }
    }
}
