//! `colophon serve`

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context as _;
use colophon_api_registry::Metrics;
use colophon_core::{Core, identity};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::{Options, Serve};
use crate::config::{Config, LogFormat};
use crate::server;
use crate::terminal::{Answer, say};

/// How long requests under way may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until SIGINT or SIGTERM, then finishes what is under way.
pub async fn run(options: &Options, serve: Serve) -> anyhow::Result<Answer> {
    let mut config = Config::load(options)?;
    if let Some(listen) = serve.listen {
        config.listen = listen;
    }
    config.allow_private_network |= serve.allow_private_network;
    start_logging(&config);
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listening on {}", config.listen))?;
    // Port 0 asks for any free port; links need the one we got.
    config.listen = listener.local_addr()?;
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .context("metrics")?;
    let core = server::open_core(&config).await?;
    let app = server::app(&core, &config, Metrics(Some(metrics.clone())))?;

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    server::start_housekeeping(&core, &tasks, &stop);
    tasks.spawn(upkeep(metrics.clone(), stop.clone()));
    if !serve.no_worker {
        server::start_worker(&core, &config, &tasks, &stop).await;
    }
    greet(&core, &config, !serve.no_worker).await?;
    colophon_http::serve(listener, app, stop_signal(), GRACE).await?;

    tracing::info!("stopping: requests are finished, jobs are handed back");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    core.db.close().await;
    Ok(Answer::Yes)
}

/// Histograms keep every sample until they are drained, by a scrape or by this.
async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    loop {
        metrics.run_upkeep();
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }
}

/// What a person needs to know first.
async fn greet(core: &Core, config: &Config, worker: bool) -> anyhow::Result<()> {
    let listening = match config.public_url {
        Some(_) => format!(", listening on http://{}", config.listen),
        None => String::new(),
    };
    say(format_args!(
        "Colophon is at {}{listening}",
        config.public_url()
    ));
    if identity::needs_operator(&core.db).await? {
        let token = identity::setup_link(&core.db, &core.clock).await?;
        say(format_args!(
            "Make the operator account here (works once, for a day):\n  {}/console/setup?token={token}",
            config.public_url()
        ));
    }
    if !worker {
        say("Requests only: start `colophon worker` for the log and the jobs.");
    }
    if config.allow_private_network {
        say(
            "WARNING: --allow-private-network: outgoing requests may reach loopback and private addresses. For development and tests only.",
        );
        tracing::warn!("outgoing requests may reach loopback and private addresses");
    }
    Ok(())
}

/// Structured lines on standard error; `RUST_LOG` chooses what is logged.
pub fn start_logging(config: &Config) {
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second call (in tests) keeps the first subscriber.
    let _ = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}

/// Resolves at SIGINT or SIGTERM.
pub async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM is not heard");
            let _ = interrupt.await;
        }
    }
}
