//! What it costs to know who asks: the check of an API key by itself, and
//! `GET /api/customer/v1/organization` with a key beside `GET /v1/healthz` without.

use std::time::Instant;

use colophon_core::access::{self, KeyHolder, KeyKind, NewKey};
use colophon_core::audit::By;

use super::Load;
use super::client::{Connection, Request};
use super::folder::Folder;
use super::measure::{Measured, Report, closed_loop};
use super::server::Server;

const CHECKS: usize = 200_000;
const REQUESTS: u64 = 100_000;

/// Checks a key many times one after the other, then asks a server with it.
pub async fn run(folder: &mut Folder, load: Load) -> anyhow::Result<Vec<Report>> {
    let core = folder.core().await?;
    let holder = KeyHolder::trusted(folder.caller(&core).await?.org_id);
    let new = NewKey::new(KeyKind::Atlas, false);
    let key = access::create_key(&core, &By::command(), holder, &new).await?;
    let secret = key.secret.reveal();
    let mut checks = Vec::with_capacity(CHECKS);
    for _ in 0..CHECKS {
        let started = Instant::now();
        core.keys.caller(secret, &[KeyKind::Atlas]).await?;
        checks.push(started.elapsed());
    }
    core.keys.flush().await?;
    core.db.close().await;
    let checks = Measured::sequential(checks);
    let mut reports = vec![Report::new("auth", "key check", 1, checks)];

    let server = Server::start(folder).await?;
    let with_key = format!(
        "GET /api/customer/v1/organization HTTP/1.1\r\nHost: localhost\r\nx-api-key: {secret}\r\n\r\n"
    );
    let with_key = Request {
        bytes: with_key.into_bytes(),
        status: 200,
    };
    for (variant, request) in [
        ("healthz", Request::get("/v1/healthz")),
        ("organization", with_key),
    ] {
        let requests = (0..load.count_or(REQUESTS)).map(|_| request.clone());
        let connections = Connection::open_many(&server.address, load.clients).await?;
        let (measured, _) = closed_loop(connections, requests.collect()).await?;
        reports.push(Report::new("auth", variant, load.clients, measured));
    }
    server.stop().await?;
    Ok(reports)
}
