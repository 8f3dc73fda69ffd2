//! `colophon bench`: whole flows, measured on the machine at hand.

mod auth;
mod client;
mod folder;
mod http;
mod ingest;
mod lookup;
mod machine;
mod measure;
mod nginx;
mod photo;
mod proof;
mod server;
mod startup;
mod statements;

use self::folder::Folder;
use self::measure::Report;
use crate::cli::{Bench, BenchPhoto, Flow, Options};
use crate::terminal::Answer;

/// Clients, and how many records, entries or requests where the user chose a number.
#[derive(Clone, Copy, Debug)]
struct Load {
    clients: usize,
    count: Option<u64>,
}

impl Load {
    fn count_or(self, usual: u64) -> u64 {
        self.count.unwrap_or(usual)
    }
}

/// Measures one flow, or each in turn, and prints what it saw as soon as it saw it.
pub async fn run(options: &Options, bench: Bench) -> anyhow::Result<Answer> {
    anyhow::ensure!(bench.clients > 0, "--clients must be at least 1");
    if let (true, Some(raw), Some(image)) = (bench.photo.once, &bench.photo.raw, &bench.photo.image)
    {
        let figures = photo::once(raw, image)?;
        bench.print.line(&figures, || figures.to_string())?;
        return Ok(Answer::Yes);
    }
    let mut folder = Folder::open(options)?;
    let load = Load {
        clients: bench.clients,
        count: bench.count,
    };
    let machine = machine::describe(folder.path())?;
    bench.print.line(&machine, || machine.to_string())?;
    let flows = match bench.flow {
        Some(flow) => vec![flow],
        None => Flow::ALL.to_vec(),
    };
    for flow in flows {
        for report in measure_flow(&mut folder, flow, load, &bench.photo).await? {
            bench.print.line(&report, || report.to_string())?;
        }
    }
    Ok(Answer::Yes)
}

async fn measure_flow(
    folder: &mut Folder,
    flow: Flow,
    load: Load,
    photo: &BenchPhoto,
) -> anyhow::Result<Vec<Report>> {
    match flow {
        Flow::Ingest => Ok(vec![ingest::run(folder, load).await?]),
        Flow::Statements => Ok(vec![statements::run(folder, load).await?]),
        Flow::Http => Ok(vec![http::run(folder, load).await?]),
        Flow::Lookup => lookup::run(folder, load).await,
        Flow::Proof => Ok(vec![proof::run(folder, load).await?]),
        Flow::Auth => auth::run(folder, load).await,
        Flow::Startup => Ok(vec![startup::run(folder).await?]),
        Flow::Photo => photo::run(folder.path(), photo, load.count).await,
    }
}
