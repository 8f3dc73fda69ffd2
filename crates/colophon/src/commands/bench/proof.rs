//! Inclusion proofs from a long log.

use std::time::{Duration, Instant};

use colophon_core::Core;
use colophon_core::log::{self, Statement};
use colophon_transparency::digest::sha256;
use colophon_transparency::{id, merkle};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::Load;
use super::folder::Folder;
use super::measure::{Measured, Report};
use crate::terminal::progress;

const PROOFS: usize = 20_000;
/// Statements queued by one transaction while the log is filled.
const PART: u64 = 10_000;

/// Fills the log up to the wanted number of entries through the queue and the sequencer, then
/// proves random entries, one after the other, and verifies each proof.
pub async fn run(folder: &mut Folder, load: Load) -> anyhow::Result<Report> {
    let core = folder.core().await?;
    let filled = fill(&core, load.count_or(200_000)).await?;
    let Some(head) = log::head(&core.db).await? else {
        anyhow::bail!("the log is empty")
    };
    let mut random = SmallRng::seed_from_u64(2);
    let (mut proving, mut verifying) = (Vec::new(), Duration::ZERO);
    let (mut hashes, mut bytes_read) = (0, 0_u64);
    for _ in 0..PROOFS {
        let index = random.random_range(0..head.tree_size);
        let started = Instant::now();
        let proof = log::inclusion(&core.db, index, None).await?;
        proving.push(started.elapsed());
        let started = Instant::now();
        merkle::verify_inclusion(
            &proof.leaf_hash,
            index,
            proof.tree_size,
            &proof.hashes,
            &head.root_hash,
        )?;
        verifying += started.elapsed();
        hashes = proof.hashes.len();
        let tiles = merkle::tiles_for_inclusion(index, proof.tree_size)?;
        bytes_read += tiles
            .iter()
            .map(|tile| u64::from(tile.width) * 32)
            .sum::<u64>();
    }
    core.db.close().await;
    let proofs = PROOFS as u64;
    let mut report = Report::new("proof", folder.engine(), 1, Measured::sequential(proving))
        .with("entries", head.tree_size)
        .with("root", hex::encode(head.root_hash))
        .with("hashes_per_proof", hashes)
        .with("tile_bytes_per_proof", bytes_read / proofs)
        .with(
            "verification_us",
            verifying.as_secs_f64() * 1e6 / proofs as f64,
        )
        .with("data_bytes", folder.size()?);
    if let Some(per_second) = filled {
        report = report.with("entries_sequenced_per_second", per_second);
    }
    Ok(report)
}

/// Entries sequenced a second, if any were missing.
async fn fill(core: &Core, wanted: u64) -> anyhow::Result<Option<f64>> {
    let mut sequencer = core.sequencer("bench".to_owned());
    // What an earlier run left waiting, and the first checkpoint.
    while sequencer.sequence().await?.is_none_or(|length| length > 0) {}
    let first = log::head(&core.db).await?.map_or(0, |head| head.tree_size);
    let bar = progress(wanted, "entries").with_message("Filling the log");
    let started = Instant::now();
    let mut size = first;
    while size < wanted {
        let part: Vec<Statement> = (0..PART.min(wanted - size))
            .map(|_| statement(core))
            .collect();
        core.db
            .write(|tx, _| Box::pin(log::publish(tx, &part)))
            .await?;
        while sequencer.sequence().await?.is_none_or(|length| length > 0) {}
        size += part.len() as u64;
        bar.set_position(size);
    }
    bar.finish_and_clear();
    let missing = wanted.saturating_sub(first);
    Ok((missing > 0).then(|| missing as f64 / started.elapsed().as_secs_f64()))
}

fn statement(core: &Core) -> Statement {
    let order = core.ids.next();
    let cert_id = id::encode("cer_", order.into_bytes());
    let manifest_hash = sha256(cert_id.as_bytes());
    Statement {
        order,
        cert_id,
        kind: "certificate",
        manifest_hash,
    }
}
