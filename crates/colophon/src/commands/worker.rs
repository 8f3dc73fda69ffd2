//! `colophon worker`

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::Options;
use crate::commands::serve::{start_logging, stop_signal};
use crate::config::Config;
use crate::server;
use crate::terminal::{Answer, say};

/// Runs the log's sequencer and the jobs until SIGINT or SIGTERM.
pub async fn run(options: &Options) -> anyhow::Result<Answer> {
    let config = Config::load(options)?;
    start_logging(&config);
    let core = server::open_core(&config).await?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    server::start_housekeeping(&core, &tasks, &stop);
    server::start_worker(&core, &config, &tasks, &stop).await;
    say("The worker is running.");
    stop_signal().await;
    tracing::info!("stopping: jobs are handed back");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    core.db.close().await;
    Ok(Answer::Yes)
}
