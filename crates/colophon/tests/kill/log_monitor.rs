//! A monitor that follows the log through its public interface and forgets nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::merkle::Hash;
use colophon_transparency::note::VerifierKey;
use serde::Deserialize;

use crate::server::{Server, http};

/// An entry as `GET /api/v1/transparency/log` shows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct LogEntry {
    pub seq_no: u64,
    pub cert_id: String,
    pub kind: String,
    pub manifest_hash: String,
    pub prev_hash: String,
    pub entry_hash: String,
    pub ts: String,
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<LogEntry>,
}

#[derive(Debug, Default)]
pub struct LogMonitor {
    key: Option<VerifierKey>,
    entries: Vec<LogEntry>,
    checkpoints: BTreeMap<u64, Hash>,
}

impl LogMonitor {
    /// Every entry, as first seen.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// Size and root of every checkpoint that was seen.
    pub fn checkpoints(&self) -> &BTreeMap<u64, Hash> {
        &self.checkpoints
    }

    /// Waits until the log has a checkpoint.
    pub async fn wait_for_checkpoint(&mut self, server: &Server) {
        while self.checkpoints.is_empty() {
            self.look(server.address())
                .await
                .expect("the server answers");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn follow_until_the_server_is_gone(&mut self, address: &str) {
        while self.look(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Every entry of the log now, from the first.
    pub async fn read_from_the_start(address: &str) -> Vec<LogEntry> {
        let mut entries = Vec::new();
        loop {
            let page = page(address, entries.len() as u64).await.unwrap();
            if page.is_empty() {
                return entries;
            }
            entries.extend(page);
        }
    }

    async fn look(&mut self, address: &str) -> reqwest::Result<()> {
        if self.key.is_none() {
            let key = http()
                .get(format!("{address}/log/key"))
                .send()
                .await?
                .text()
                .await?;
            self.key = Some(key.trim().parse().unwrap());
        }
        let answer = http()
            .get(format!("{address}/log/checkpoint"))
            .send()
            .await?;
        match answer.status().as_u16() {
            200 => self.remember(&answer.text().await?),
            503 => assert!(self.checkpoints.is_empty(), "the checkpoint is gone"),
            status => panic!("/log/checkpoint: {status}"),
        }
        let seen = self.entries.len() as u64;
        for entry in page(address, seen).await? {
            assert_eq!(
                entry.seq_no,
                self.entries.len() as u64 + 1,
                "a gap: {entry:?}"
            );
            self.entries.push(entry);
        }
        Ok(())
    }

    fn remember(&mut self, note: &str) {
        let open = Checkpoint::open(note, self.key.as_ref()).expect("a signed checkpoint");
        let (size, root) = (open.checkpoint.size, open.checkpoint.root);
        let newest = self
            .checkpoints
            .last_key_value()
            .map_or(0, |(size, _)| *size);
        assert!(
            size >= newest,
            "the log shrank from {newest} to {size} entries"
        );
        let before = self.checkpoints.insert(size, root);
        assert!(
            before.is_none_or(|before| before == root),
            "two roots for {size} entries"
        );
    }
}

async fn page(address: &str, since: u64) -> reqwest::Result<Vec<LogEntry>> {
    let url = format!("{address}/api/v1/transparency/log?since={since}");
    let page: Page = http()
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    Ok(page.entries)
}
