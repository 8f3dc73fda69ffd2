//! The same ingestion through HTTP and JSON on loopback.

use serde_json::json;

use super::Load;
use super::client::{Connection, Request};
use super::folder::Folder;
use super::ingest::signed;
use super::measure::{Report, closed_loop};
use super::server::Server;

/// `POST /v1/records` over keep-alive connections to a server process. The clients run on the
/// same cores as the server.
pub async fn run(folder: &mut Folder, load: Load) -> anyhow::Result<Report> {
    folder.core().await?.db.close().await;
    let records = signed(folder, load.count_or(20_000))?;
    let mut requests = Vec::with_capacity(records.len());
    for record in records {
        // The payload's members are strings, so that both spellings of it agree.
        let payload = colophon_transparency::canonical::certivu_escaped(&record.signed_payload);
        let body = serde_json::to_vec(&json!({
            "watermark_id": record.watermark_id,
            "generator_id": record.generator_id,
            "model": record.model,
            "content_hash": record.content_hash,
            "signature": record.signature,
            "signed_payload": serde_json::from_str::<serde_json::Value>(&payload)?,
        }))?;
        let mut bytes = format!(
            "POST /v1/records HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            folder.api_key()?,
            body.len()
        )
        .into_bytes();
        bytes.extend(body);
        requests.push(Request { bytes, status: 201 });
    }
    let server = Server::start(folder).await?;
    let connections = Connection::open_many(&server.address, load.clients).await?;
    let (measured, _) = closed_loop(connections, requests).await?;
    let memory = server.memory("VmHWM")?;
    server.stop().await?;
    Ok(Report::new("http", folder.engine(), load.clients, measured)
        .with("server_peak_resident_KiB", memory))
}
