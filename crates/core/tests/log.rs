//! What the log promises whoever publishes into it, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod instance;

use std::collections::HashSet;
use std::time::Duration;

use colophon_core::Core;
use colophon_core::log::{self, Included, Statement};
use colophon_db::{Error, args, insert_rows};
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::merkle::{verify_consistency, verify_inclusion};
use tokio_util::sync::CancellationToken;

async fn publish(core: &Core, names: &[String]) {
    let statements: Vec<Statement> = names
        .iter()
        .map(|name| Statement {
            order: core.ids.next(),
            cert_id: name.clone(),
            kind: "record",
            manifest_hash: colophon_transparency::digest::sha256(name.as_bytes()),
        })
        .collect();
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            let statements = statements.clone();
            Box::pin(async move {
                insert_rows(
                    tx,
                    "statement",
                    ["cert_id", "kind", "document", "created_at"],
                    "",
                    statements
                        .iter()
                        .map(|s| args![&s.cert_id, s.kind, &s.cert_id, now]),
                )
                .await?;
                log::publish(tx, &statements).await
            })
        })
        .await
        .map_err(|error: Error| panic!("{error:?}"))
        .unwrap();
    core.log_wake.wake();
}

async fn all_entries(core: &Core) -> Vec<log::EntryView> {
    let mut found = Vec::new();
    loop {
        let page = log::entries(&core.db, found.len() as u64, 1_000)
            .await
            .unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

async fn until_sequenced(core: &Core) {
    for _ in 0..400 {
        if log::pending(&core.db).await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!(
        "{} statements still wait",
        log::pending(&core.db).await.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rival_sequencers_make_one_log_without_gaps_or_twins() {
    for instance in instance::each().await {
        let core = &instance.core;
        let stop = CancellationToken::new();
        let rivals: Vec<_> = (0..3)
            .map(|n| {
                tokio::spawn(
                    core.sequencer(format!("rival {n}"))
                        .run(stop.clone().cancelled_owned()),
                )
            })
            .collect();
        for round in 0..20 {
            let names: Vec<String> = (0..40).map(|n| format!("s-{round}-{n}")).collect();
            publish(core, &names).await;
            // Long enough now and then for the lease to change hands.
            if round % 7 == 6 {
                tokio::time::sleep(Duration::from_millis(1_700)).await;
            }
        }
        until_sequenced(core).await;
        stop.cancel();
        for rival in rivals {
            rival.await.unwrap();
        }
        let entries = all_entries(core).await;
        assert_eq!(entries.len(), 800);
        let names: HashSet<_> = entries
            .iter()
            .map(|view| view.entry.cert_id.clone())
            .collect();
        assert_eq!(names.len(), 800, "nothing is in the log twice");
        for (number, pair) in entries.windows(2).enumerate() {
            assert_eq!(pair[1].entry.prev_hash, pair[0].entry_hash, "{number}");
            assert_eq!(pair[1].entry.seq_no, pair[0].entry.seq_no + 1);
        }
    }
}

#[tokio::test]
async fn a_sequencer_that_slept_through_another_ones_work_goes_on_from_there() {
    for instance in instance::each().await {
        let core = &instance.core;
        let (mut first, mut second) = (core.sequencer("a".into()), core.sequencer("b".into()));
        publish(core, &["one".into()]).await;
        assert_eq!(first.sequence().await.unwrap(), Some(1));
        publish(core, &["two".into()]).await;
        assert_eq!(
            second.sequence().await.unwrap(),
            None,
            "the lease is another's"
        );
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        assert_eq!(second.sequence().await.unwrap(), Some(1));
        publish(core, &["three".into()]).await;
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        assert_eq!(first.sequence().await.unwrap(), Some(1));
        let names: Vec<_> = all_entries(core)
            .await
            .into_iter()
            .map(|view| view.entry.cert_id)
            .collect();
        assert_eq!(names, ["one", "two", "three"]);
    }
}

#[tokio::test]
async fn what_is_rolled_back_is_never_in_the_log() {
    for instance in instance::each().await {
        let core = &instance.core;
        let statement = Statement {
            order: core.ids.next(),
            cert_id: "never".into(),
            kind: "record",
            manifest_hash: [1; 32],
        };
        let failed: Result<(), Error> = core
            .db
            .write(|tx, _| {
                let statement = statement.clone();
                Box::pin(async move {
                    log::publish(tx, &[statement]).await?;
                    Err(Error::NotFound)
                })
            })
            .await;
        assert!(failed.is_err());
        core.sequencer("a".into()).sequence().await.unwrap();
        assert!(matches!(
            log::included(&core.db, "never").await.unwrap(),
            Included::No
        ));
    }
}

#[tokio::test]
async fn every_entry_is_provable_in_every_tree_and_every_tree_extends_the_earlier_ones() {
    for instance in instance::each().await {
        let core = &instance.core;
        let mut sequencer = core.sequencer("a".into());
        let mut heads = Vec::new();
        let mut published = 0;
        for count in [1, 1, 5, 248, 1, 1, 300, 37] {
            let names: Vec<String> = (0..count).map(|n| format!("s{}", published + n)).collect();
            published += count;
            publish(core, &names).await;
            assert_eq!(sequencer.sequence().await.unwrap(), Some(count));
            let (note, _) = log::checkpoint_note(&core.db).await.unwrap();
            heads.push(Checkpoint::open(&note, [&core.log_key]).unwrap().checkpoint);
        }
        for head in &heads {
            for index in [0, head.size / 2, head.size - 1] {
                let proof = log::inclusion(&core.db, index, Some(head.size))
                    .await
                    .unwrap();
                verify_inclusion(
                    &proof.leaf_hash,
                    index,
                    head.size,
                    &proof.hashes,
                    &head.root,
                )
                .unwrap();
            }
            for later in heads.iter().filter(|later| later.size >= head.size) {
                let proof = log::consistency(&core.db, head.size, Some(later.size))
                    .await
                    .unwrap();
                verify_consistency(
                    head.size,
                    &head.root,
                    later.size,
                    &later.root,
                    &proof.hashes,
                )
                .unwrap();
            }
        }
        let size = heads.last().unwrap().size;
        assert!(log::inclusion(&core.db, size, None).await.is_err());
        assert!(log::inclusion(&core.db, 0, Some(size + 1)).await.is_err());
        assert!(log::consistency(&core.db, 3, Some(2)).await.is_err());
    }
}

#[tokio::test]
async fn an_audit_finds_every_kind_of_tampering() {
    let tamperings = [
        "UPDATE log_entry SET entry = replace(entry, 's3', 's4') WHERE seq_no = 4",
        "DELETE FROM log_entry WHERE seq_no = 300",
        "UPDATE log_checkpoint SET note = replace(note, '300', '301')",
        "UPDATE log_tile SET hashes = (SELECT hashes FROM log_tile WHERE level = 0 AND position = 1) WHERE level = 1 AND position = 0",
        "UPDATE statement SET document = '{}' WHERE cert_id IN (SELECT max(cert_id) FROM statement)",
    ];
    for (number, tampering) in tamperings.into_iter().enumerate() {
        for instance in instance::each().await {
            let core = &instance.core;
            let mut sequencer = core.sequencer("a".into());
            let names: Vec<String> = (0..300).map(|n| format!("s{n}")).collect();
            publish(core, &names).await;
            sequencer.sequence().await.unwrap();
            let sound = log::audit(core, |_| {}).await.unwrap();
            assert_eq!((sound.findings, sound.entries), (Vec::<String>::new(), 300));
            core.db
                .write(|tx, _| Box::pin(async move { tx.exec(tampering, []).await }))
                .await
                .map_err(|error: Error| panic!("{tampering}: {error:?}"))
                .unwrap();
            let after = log::audit(core, |_| {}).await.unwrap().findings;
            assert!(!after.is_empty(), "tampering {number} was not found");
        }
    }
}
