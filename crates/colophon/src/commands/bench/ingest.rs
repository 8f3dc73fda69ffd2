//! Durable ingestion of records signed with ML-DSA-65, inside this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_core::access::Caller;
use colophon_core::records::{self, NewRecord};
use colophon_core::{Core, log};
use colophon_transparency::canonical::certivu_escaped;
use colophon_transparency::digest::{ContentHash, HashFunction, sha3_256};
use colophon_transparency::json::Value;
use colophon_transparency::keys::PrivateKey;
use tokio_util::sync::CancellationToken;

use super::Load;
use super::folder::{Folder, generator_key};
use super::measure::{Client, Measured, Report, closed_loop, in_parallel};
use crate::terminal::progress;

/// Records signed before each measured part: a bound on memory.
const PART: u64 = 20_000;

/// Verification, canonical JSON, token, group commit with `fsync`: everything but HTTP.
pub async fn run(folder: &mut Folder, load: Load) -> anyhow::Result<Report> {
    let core = folder.core().await?;
    let (measured, logged) = ingest(folder, &core, load.count_or(50_000), load.clients).await?;
    core.db.close().await;
    let per_second = measured.count() as f64 / (measured.took + logged).as_secs_f64();
    Ok(
        Report::new("ingest", folder.engine(), load.clients, measured)
            .with("per_second_until_in_the_log", per_second)
            .with("data_bytes", folder.size()?),
    )
}

/// Stores `count` records, the sequencer working beside it as in a server; also how long the
/// log needed after the last answers.
pub async fn ingest(
    folder: &mut Folder,
    core: &Arc<Core>,
    count: u64,
    clients: usize,
) -> anyhow::Result<(Measured, Duration)> {
    let stop = CancellationToken::new();
    let sequencer = tokio::spawn(
        core.sequencer("bench".to_owned())
            .run(stop.clone().cancelled_owned()),
    );
    let caller = folder.caller(core).await?;
    let mut measured = Measured::default();
    let mut logged = Duration::ZERO;
    let bar = progress(count, "records").with_message("Storing records");
    while (measured.count() as u64) < count {
        let part = PART.min(count - measured.count() as u64);
        let requests = signed(folder, part)?;
        let clients = (0..clients)
            .map(|_| InProcess {
                core: Arc::clone(core),
                caller: caller.clone(),
            })
            .collect();
        let (part, _) = closed_loop(clients, requests).await?;
        measured.add(part);
        let started = Instant::now();
        while log::pending(&core.db).await? > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        logged += started.elapsed();
        bar.set_position(measured.count() as u64);
    }
    bar.finish_and_clear();
    stop.cancel();
    sequencer.await?;
    Ok((measured, logged))
}

struct InProcess {
    core: Arc<Core>,
    caller: Caller,
}

impl Client for InProcess {
    type Request = NewRecord;

    async fn ask(&mut self, request: NewRecord) -> anyhow::Result<()> {
        records::create(&self.core, &self.caller, request).await?;
        Ok(())
    }
}

/// The content hash of record number `number`.
pub fn content_hash(number: u64) -> ContentHash {
    let digest = sha3_256(&number.to_be_bytes());
    ContentHash {
        function: HashFunction::Sha3_256,
        digest,
    }
}

/// The next `count` records, signed by the generator on every core.
pub fn signed(folder: &mut Folder, count: u64) -> anyhow::Result<Vec<NewRecord>> {
    let numbers = folder.reserve(count)?;
    let (generator_id, key) = (folder.generator_id()?, generator_key()?);
    tokio::task::block_in_place(|| in_parallel(numbers, |number| sign(number, generator_id, &key)))
}

fn sign(number: u64, generator_id: &str, key: &PrivateKey) -> anyhow::Result<NewRecord> {
    let content_hash = content_hash(number).to_string();
    let watermark_id = format!("{number:08x}-6d61-4172-8b00-{number:012x}");
    let model = "gpt-image-2";
    let signed_payload = Value::object([
        ("content_hash", Value::from(content_hash.as_str())),
        ("generator_id", Value::from(generator_id)),
        ("model", Value::from(model)),
        ("signed_at", Value::from("2026-11-22T02:31:42Z")),
        ("watermark_id", Value::from(watermark_id.as_str())),
    ]);
    let signature = key.sign(certivu_escaped(&signed_payload).as_bytes())?;
    Ok(NewRecord {
        watermark_id,
        generator_id: generator_id.to_owned(),
        model: model.to_owned(),
        content_hash,
        signature: STANDARD.encode(signature),
        signed_payload,
    })
}
