//! From the start of the process to its first answer, and what it holds when idle.

use std::time::Duration;

use super::client::{Connection, Request};
use super::folder::Folder;
use super::measure::{Client as _, Measured, Report};
use super::server::Server;

const STARTS: usize = 10;
/// After this long, what happens once at the start is over.
const IDLE: Duration = Duration::from_secs(5);

/// Starts the server several times on the folder's data.
pub async fn run(folder: &mut Folder) -> anyhow::Result<Report> {
    folder.core().await?.db.close().await;
    let mut times = Vec::with_capacity(STARTS);
    let (mut resident, mut private) = (0, 0);
    for start in 1..=STARTS {
        let server = Server::start(folder).await?;
        let mut connection = Connection::open(&server.address).await?;
        connection.ask(Request::get("/log/key")).await?;
        times.push(server.started.elapsed());
        if start == STARTS {
            tokio::time::sleep(IDLE).await;
            resident = server.memory("VmRSS")?;
            private = server.memory("RssAnon")?;
        }
        server.stop().await?;
    }
    Ok(
        Report::new("startup", folder.engine(), 1, Measured::sequential(times))
            .with("idle_resident_KiB", resident)
            .with("idle_private_KiB", private)
            .with("data_bytes", folder.size()?),
    )
}
