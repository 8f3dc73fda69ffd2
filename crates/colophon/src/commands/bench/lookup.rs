//! `GET /files/{hash}` among many records, beside nginx serving one static file of that size.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::Load;
use super::client::{Connection, Request};
use super::folder::Folder;
use super::ingest::{content_hash, ingest};
use super::measure::{Client as _, Report, closed_loop};
use super::nginx::Nginx;
use super::server::Server;

const REQUESTS: usize = 100_000;

/// Fills the folder up to the wanted number of records, then looks random ones up. Both servers
/// are asked by the same client code, on the same cores, and both write their access log.
pub async fn run(folder: &mut Folder, load: Load) -> anyhow::Result<Vec<Report>> {
    let core = folder.core().await?;
    let missing = load.count_or(50_000).saturating_sub(folder.records());
    if missing > 0 {
        ingest(folder, &core, missing, load.clients).await?;
    }
    core.db.close().await;

    let records = folder.records();
    let mut random = SmallRng::seed_from_u64(1);
    let mut path = || format!("/files/{}", content_hash(random.random_range(0..records)));
    let server = Server::start(folder).await?;
    let mut probe = Connection::open(&server.address).await?;
    probe.ask(Request::get(&path())).await?;
    let body = probe.body().to_vec();
    let requests = (0..REQUESTS).map(|_| Request::get(&path())).collect();
    let connections = Connection::open_many(&server.address, load.clients).await?;
    let (measured, _) = closed_loop(connections, requests).await?;
    // Without the pages of the database, which every connection maps.
    let memory = server.memory("RssAnon")?;
    server.stop().await?;
    let mut reports = vec![
        Report::new("lookup", folder.engine(), load.clients, measured)
            .with("records", records)
            .with("body_bytes", body.len())
            .with("server_private_KiB", memory)
            .with("data_bytes", folder.size()?),
    ];

    if let Some(nginx) = Nginx::start(folder, &body).await? {
        let requests = (0..REQUESTS).map(|_| Request::get("/file.json")).collect();
        let connections = Connection::open_many(&nginx.address, load.clients).await?;
        let (measured, _) = closed_loop(connections, requests).await?;
        nginx.stop().await?;
        reports.push(
            Report::new("lookup", "nginx file", load.clients, measured)
                .with("body_bytes", body.len()),
        );
    }
    Ok(reports)
}
