//! What operators rely on about keys of every kind, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod instance;

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use colophon_core::access::{self, KeyHolder, KeyKind, NewKey};
use colophon_core::audit::By;
use colophon_core::keyring::{Keyring, Purpose, Source};
use colophon_core::organisations::{self, Organisation, Plan};
use colophon_core::{ApiKeyId, Core, Error, Kind, OrgId, log};
use colophon_db::args;
use colophon_transparency::keys::{Algorithm, PrivateKey};

async fn organisation(core: &Core, name: &str) -> Organisation {
    organisations::create(core, &By::command(), name, Plan::Free, None)
        .await
        .unwrap()
}

#[tokio::test]
async fn first_start_makes_private_keys_that_only_their_owner_reads() {
    for instance in instance::each().await {
        let folder = instance.folder.path().join("keys");
        assert_eq!(
            folder.metadata().unwrap().permissions().mode() & 0o777,
            0o700
        );
        let files: Vec<_> = folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap())
            .collect();
        assert_eq!(files.len(), 3);
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[tokio::test]
async fn a_second_start_finds_the_same_keys_and_the_same_log() {
    for instance in instance::each().await {
        let core = &instance.core;
        let settings = instance::settings(&instance.folder);
        let again = Core::open(core.db.clone(), core.clock.clone(), settings)
            .await
            .unwrap();
        assert_eq!(again.log_key, core.log_key);
        assert_eq!(again.keyring.published().len(), 3);
        let mut renamed = instance::settings(&instance.folder);
        renamed.log_origin = Some("other.example/log".to_owned());
        let refused = Core::open(core.db.clone(), core.clock.clone(), renamed).await;
        assert_eq!(
            refused.unwrap_err().kind,
            Kind::Invalid,
            "a log keeps its name"
        );
    }
}

#[tokio::test]
async fn rotation_keeps_the_old_key_published_and_becomes_a_log_entry() {
    for instance in instance::each().await {
        let core = &instance.core;
        let before = core.keyring.issuer().verifying_key();
        let new = core
            .keyring
            .rotate(&core.clock, &core.ids, &By::command(), Purpose::Issuer)
            .await
            .unwrap();
        assert_ne!(core.keyring.issuer().verifying_key(), before);
        let published = core.keyring.published();
        let retired = published
            .iter()
            .find(|key| key.key.as_bytes() == before.as_bytes());
        assert!(retired.unwrap().retired_at.is_some());
        assert!(
            published
                .iter()
                .any(|key| key.key == new.key && key.retired_at.is_none())
        );
        core.sequencer("a".into()).sequence().await.unwrap();
        let entries = log::entries(&core.db, 0, 10).await.unwrap();
        assert_eq!(entries[0].entry.kind, "key-rotation");
        let document = log::document(&core.db, &entries[0].entry.cert_id)
            .await
            .unwrap();
        assert!(document.contains(&new.key.id_hex()));
        let refused = core
            .keyring
            .rotate(&core.clock, &core.ids, &By::command(), Purpose::Log)
            .await;
        assert_eq!(
            refused.unwrap_err().kind,
            Kind::Conflict,
            "the log's key is the log"
        );
    }
}

#[tokio::test]
async fn private_keys_come_from_a_file_or_a_command_and_a_wrong_one_is_named() {
    for instance in instance::each().await {
        let core = &instance.core;
        let file = instance.folder.path().join("issuer.pem");
        let key = PrivateKey::from_seed(Algorithm::Ed25519, &[7; 32]).unwrap();
        std::fs::write(&file, key.to_pkcs8_pem().as_bytes()).unwrap();
        for source in [
            Source::File(file.clone()),
            Source::Command(format!("cat '{}'", file.display())),
        ] {
            let mut sources = instance::settings(&instance.folder).sources;
            sources.insert(Purpose::Issuer, source);
            let wrong = Keyring::open(core.db.clone(), &core.clock, sources.clone()).await;
            let words = format!("{:?}", wrong.unwrap_err());
            assert!(words.contains("colophon keys rotate"), "{words}");
        }
        // Once rotated to the configured key, it is the active one; rotating again changes nothing.
        let mut sources = instance::settings(&instance.folder).sources;
        sources.insert(
            Purpose::Service,
            Source::Environment("COLOPHON_TEST_NO_SUCH_KEY".into()),
        );
        assert!(
            Keyring::open(core.db.clone(), &core.clock, sources)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn an_api_key_works_until_it_is_revoked_and_only_where_it_belongs() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = organisation(core, "Studio").await;
        let new = NewKey::new(KeyKind::Certivu, false);
        let (by, holder) = (&By::command(), KeyHolder::trusted(org.id));
        let key = access::create_key(core, by, holder, &new).await.unwrap();
        let secret = key.secret.reveal();
        let caller = core.keys.caller(secret, &[KeyKind::Certivu]).await.unwrap();
        assert_eq!(
            (caller.org_id, caller.organisation.as_str()),
            (org.id, "Studio")
        );
        let elsewhere = core
            .keys
            .caller(secret, &[KeyKind::TokPortal])
            .await
            .unwrap_err();
        assert_eq!(elsewhere.kind, Kind::Unauthenticated);
        core.keys.flush().await.unwrap();
        let listed = access::list_keys(core, holder).await.unwrap();
        assert!(listed[0].last_used_at.is_some());
        let other = organisation(core, "Other").await;
        let foreign = access::revoke_key(core, by, KeyHolder::trusted(other.id), key.key.id).await;
        assert_eq!(
            foreign.unwrap_err().kind,
            Kind::NotFound,
            "not another organisation's to revoke"
        );
        access::revoke_key(core, by, holder, key.key.id)
            .await
            .unwrap();
        let revoked = core
            .keys
            .caller(secret, &[KeyKind::Certivu])
            .await
            .unwrap_err();
        assert_eq!(
            (revoked.kind, revoked.detail),
            (elsewhere.kind, elsewhere.detail),
            "the same words, whatever the reason"
        );
    }
}

#[tokio::test]
async fn credits_move_once_a_key_and_never_below_zero() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = organisation(core, "Studio").await;
        let grant = async |amount, key: &'static str| {
            let by = &By::command();
            colophon_core::wallet::grant(core, by, org.id, amount, "welcome", key).await
        };
        assert_eq!(grant(100, "a").await.unwrap(), 100);
        assert_eq!(
            grant(100, "a").await.unwrap(),
            100,
            "the same key again moves nothing"
        );
        assert_eq!(grant(7, "a").await.unwrap_err().kind, Kind::Conflict);
        assert_eq!(grant(5, "b").await.unwrap(), 105);
        for amount in [0, -5, i64::MAX] {
            assert_eq!(grant(amount, "c").await.unwrap_err().kind, Kind::Invalid);
        }
        assert_eq!(
            colophon_core::wallet::balance(&core.db, org.id)
                .await
                .unwrap(),
            105
        );
    }
}

/// Gives the organisation so many keys that nobody has; dead ones if they are `revoked`.
async fn fill(core: &Core, org: OrgId, count: usize, revoked: bool) {
    let now = core.clock.now();
    let revoked_at = revoked.then_some(now);
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                for _ in 0..count {
                    let id = ApiKeyId(core.ids.next());
                    let hash = colophon_core::access::Secret::generate(KeyKind::Atlas, false).hash();
                    tx.exec(
                        "INSERT INTO api_key (id, org_id, kind, test, start, secret_hash, created_at, revoked_at) VALUES ($1, $2, 'atlas', $3, 'x', $4, $5, $6)",
                        args![id, org, false, hash, now, revoked_at],
                    )
                    .await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn an_organisation_has_a_thousand_live_keys_and_not_one_more() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = organisation(core, "Studio").await.id;
        let (by, holder) = (By::command(), KeyHolder::trusted(org));
        let create = async || {
            let new = NewKey::new(KeyKind::Atlas, false);
            access::create_key(core, &by, holder, &new).await
        };
        fill(core, org, 998, false).await;
        let first = create().await.unwrap().key.id;
        let both: [_; 2] = tokio::join!(create(), create()).into();
        let refused: Vec<_> = both.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].code, "too_many_keys");
        let rotate = async |grace| access::rotate_key(core, &by, holder, first, grace).await;
        let beside = rotate(Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(beside.code, "too_many_keys");
        // In the place of the old one there is room.
        rotate(Duration::ZERO).await.unwrap();
    }
}

#[tokio::test]
async fn of_two_rotations_of_one_key_at_once_one_makes_a_successor() {
    for instance in instance::each().await {
        let core = &instance.core;
        let holder = KeyHolder::trusted(organisation(core, "Studio").await.id);
        let (by, new) = (By::command(), NewKey::new(KeyKind::Atlas, false));
        let old = access::create_key(core, &by, holder, &new).await.unwrap();
        let rotate = async || {
            access::rotate_key(core, &by, holder, old.key.id, Duration::from_secs(60)).await
        };
        let both: [_; 2] = tokio::join!(rotate(), rotate()).into();
        let refused: Vec<_> = both.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].code, "already_rotated");
    }
}

#[tokio::test]
async fn a_list_of_keys_has_every_live_one_and_a_thousand_of_the_others() {
    for instance in instance::each().await {
        let core = &instance.core;
        let org = organisation(core, "Studio").await.id;
        let (by, holder) = (By::command(), KeyHolder::trusted(org));
        let new = NewKey::new(KeyKind::Atlas, false);
        let oldest = access::create_key(core, &by, holder, &new).await.unwrap();
        fill(core, org, 1_001, true).await;
        let listed = access::list_keys(core, holder).await.unwrap();
        assert_eq!(listed.len(), 1_001);
        assert_eq!(listed[1_000].id, oldest.key.id);
    }
}
