//! The comparison of what anyone was told with what is there.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use colophon_core::RecordId;
use colophon_db::Db;
use colophon_transparency::entry::{Chain, Entry, leaf_hash};
use colophon_transparency::merkle::{EMPTY_ROOT, Frontier};
use serde_json::json;
use uuid::Uuid;

use crate::clients::Clients;
use crate::log_monitor::{LogEntry, LogMonitor};
use crate::server::{Installation, Server, http};

/// Fails on anything that was lost, doubled, moved or left half done.
pub async fn reckon(installation: &Installation, mut clients: Clients, monitor: LogMonitor) {
    let server = Server::start(installation).await;
    clients.post_what_waits(server.address()).await;
    wait_until_nothing_waits(installation).await;
    let log = LogMonitor::read_from_the_start(server.address()).await;

    let seen = monitor.entries();
    let moved = seen.iter().zip(&log).find(|(before, now)| before != now);
    assert_eq!(moved, None, "an entry that was seen is another one now");
    assert!(seen.len() <= log.len(), "entries that were seen are gone");
    every_checkpoint_is_of_this_log(&log, &monitor);

    let mut numbers = HashMap::new();
    for entry in &log {
        let before = numbers.insert(entry.cert_id.as_str(), entry.seq_no);
        assert_eq!(before, None, "{} is in the log twice", entry.cert_id);
    }
    for (id, watermark_id) in clients.acknowledged() {
        let number = numbers.get(id.as_str());
        assert!(
            number.is_some(),
            "{id} was acknowledged and is not in the log"
        );
        let url = format!("{}/v1/records/{id}", server.address());
        let record: serde_json::Value = http().get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(
            record["watermark_id"],
            json!(watermark_id),
            "{id}: {record}"
        );
        assert_eq!(record["log"]["seq_no"], json!(number), "{id}: {record}");
    }
    server.kill().await;

    records_log_and_usage_agree(installation, &mut clients, &log).await;
    let audit = installation.json(&["log", "audit"]).await;
    assert_eq!(audit["ok"], true, "{audit}");
    assert_eq!(audit["entries"], json!(log.len()), "{audit}");
    println!(
        "{} records acknowledged and {} stored without an answer; {} log entries and all {} checkpoints agree",
        clients.acknowledged().len(),
        clients.found_stored().len(),
        log.len(),
        monitor.checkpoints().len(),
    );
}

async fn wait_until_nothing_waits(installation: &Installation) {
    let db = Db::open(&installation.database_url()).await.unwrap();
    let empty = async {
        loop {
            let (waiting,): (i64,) = db
                .one("SELECT CAST(count(*) AS BIGINT) FROM log_pending", [])
                .await
                .unwrap();
            if waiting == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), empty)
        .await
        .expect("the sequencer catches up");
    db.close().await;
}

/// Builds chain and tree from the entries and nothing else. A fork anywhere in the past would
/// have left a checkpoint with another root.
fn every_checkpoint_is_of_this_log(log: &[LogEntry], monitor: &LogMonitor) {
    let hash = |hex: &str| <[u8; 32]>::try_from(hex::decode(hex).unwrap()).unwrap();
    let (mut chain, mut frontier) = (Chain::new(), Frontier::new());
    let mut checkpoints = monitor.checkpoints().iter().peekable();
    checkpoints.next_if(|(size, root)| **size == 0 && **root == EMPTY_ROOT);
    for shown in log {
        let entry = Entry {
            cert_id: shown.cert_id.clone(),
            kind: shown.kind.clone(),
            manifest_hash: hash(&shown.manifest_hash),
            prev_hash: hash(&shown.prev_hash),
            seq_no: shown.seq_no,
            ts: shown.ts.clone(),
        };
        let text = entry.to_text().unwrap();
        chain.follow(text.as_bytes()).unwrap();
        assert_eq!(chain.head(), (shown.seq_no, hash(&shown.entry_hash)));
        frontier.append(&[leaf_hash(text.as_bytes())]);
        if let Some((size, root)) = checkpoints.next_if(|(size, _)| **size == frontier.size()) {
            assert_eq!(
                frontier.root(),
                *root,
                "a fork: the checkpoint of {size} entries"
            );
        }
    }
    assert_eq!(
        checkpoints.next(),
        None,
        "a checkpoint that the log never was at"
    );
}

/// Each record is wholly there (row, log entry, counted) or wholly absent, and those are there
/// that the clients believe to be.
async fn records_log_and_usage_agree(
    installation: &Installation,
    clients: &mut Clients,
    log: &[LogEntry],
) {
    let db = Db::open(&installation.database_url()).await.unwrap();
    let rows: Vec<(Uuid, String)> = db
        .all("SELECT id, watermark_id FROM record", [])
        .await
        .unwrap();
    let (used,): (i64,) = db
        .one(
            "SELECT CAST(SUM(used) AS BIGINT) FROM monthly_usage WHERE meter = 'signatures'",
            [],
        )
        .await
        .unwrap();
    db.close().await;
    assert_eq!(
        used,
        rows.len() as i64,
        "counted signatures and stored records"
    );
    let stored: HashSet<String> = rows
        .iter()
        .map(|(id, _)| RecordId(*id).to_string())
        .collect();
    let logged: HashSet<String> = log
        .iter()
        .filter(|entry| entry.kind == "record")
        .map(|entry| entry.cert_id.clone())
        .collect();
    assert_eq!(stored, logged, "stored records and logged ones");
    let watermarks: HashSet<&String> = rows.iter().map(|(_, watermark)| watermark).collect();
    let found_stored = clients.found_stored().clone();
    let believed: HashSet<&String> = clients
        .acknowledged()
        .values()
        .chain(&found_stored)
        .collect();
    assert_eq!(
        watermarks, believed,
        "stored records and those the clients know of"
    );
}
