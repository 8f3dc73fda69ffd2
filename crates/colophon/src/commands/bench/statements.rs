//! Ed25519-signed statements of a certificate's size: signed with the issuer's key, stored and
//! queued for the log in shared commits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use colophon_core::Core;
use colophon_core::log::{self, Statement};
use colophon_db::GroupCommit;
use colophon_transparency::canonical::{rfc8785, trackorigin_manifest};
use colophon_transparency::digest::sha256;
use colophon_transparency::id;
use colophon_transparency::json::{Value, parse_str};
use tokio_util::sync::CancellationToken;

use super::Load;
use super::folder::Folder;
use super::measure::{Client, Report, closed_loop};

/// Statements one commit may hold: as many as records.
const BATCH: usize = 256;

/// A manifest of the usual size, as a registrant posts it; each statement adds its number.
const MANIFEST: &str = include_str!("manifest.json");

/// Canonical JSON, signature and group commit with `fsync`, the sequencer working beside it.
pub async fn run(folder: &mut Folder, load: Load) -> anyhow::Result<Report> {
    let core = folder.core().await?;
    let clock = core.clock.clone();
    let commits = GroupCommit::start(core.db.clone(), BATCH, move |tx, items: &[Issued]| {
        let now = clock.now();
        Box::pin(async move {
            log::keep_documents(tx, items.iter().map(|it| (&it.0, it.1.as_str())), now).await?;
            let statements: Vec<Statement> = items.iter().map(|it| it.0.clone()).collect();
            log::publish(tx, &statements).await?;
            Ok(vec![(); items.len()])
        })
    });
    let stop = CancellationToken::new();
    let sequencer = tokio::spawn(
        core.sequencer("bench".to_owned())
            .run(stop.clone().cancelled_owned()),
    );
    let manifest = parse_str(MANIFEST)?;
    let clients = (0..load.clients)
        .map(|_| Issuer {
            core: Arc::clone(&core),
            commits: commits.clone(),
            manifest: manifest.clone(),
        })
        .collect();
    let numbers = (0..load.count_or(100_000)).collect();
    let (measured, _) = closed_loop(clients, numbers).await?;
    let started = Instant::now();
    while log::pending(&core.db).await? > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let logged = started.elapsed();
    stop.cancel();
    sequencer.await?;
    core.db.close().await;
    let per_second = measured.count() as f64 / (measured.took + logged).as_secs_f64();
    Ok(
        Report::new("statements", folder.engine(), load.clients, measured)
            .with("per_second_until_in_the_log", per_second)
            .with("manifest_bytes", trackorigin_manifest(&manifest).len()),
    )
}

/// A statement and its exact document.
struct Issued(Statement, String);

struct Issuer {
    core: Arc<Core>,
    commits: GroupCommit<Issued, ()>,
    manifest: Value,
}

impl Client for Issuer {
    type Request = u64;

    async fn ask(&mut self, number: u64) -> anyhow::Result<()> {
        let mut manifest = self.manifest.clone();
        if let Value::Object(members) = &mut manifest {
            members.push(("certificate_no".to_owned(), Value::from(number.to_string())));
        }
        let manifest = trackorigin_manifest(&manifest);
        let signature = self.core.keyring.issuer().sign(manifest.as_bytes());
        let document = rfc8785(&Value::object([
            ("manifest", Value::from(manifest)),
            ("signature", Value::from(hex::encode(signature))),
        ]));
        let order = self.core.ids.next();
        let statement = Statement {
            order,
            cert_id: id::encode("cer_", order.into_bytes()),
            kind: "certificate",
            manifest_hash: sha256(document.as_bytes()),
        };
        self.commits.submit(Issued(statement, document)).await?;
        self.core.log_wake.wake();
        Ok(())
    }
}
