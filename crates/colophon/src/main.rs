//! `colophon`: the server, its worker, and the tools around them, in one binary.

mod cli;
mod client;
mod commands;
mod config;
mod key_file;
mod known_logs;
mod server;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::terminal::Answer;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One TLS provider for the whole process; an error only says that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::warn(format_args!("colophon: {error}"));
            return Answer::Undecided.into();
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(answer) => answer.into(),
        Err(error) => {
            terminal::warn(format_args!("colophon: {}", terminal::explain(&error)));
            Answer::Undecided.into()
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Answer> {
    let Cli { options, command } = cli;
    match command {
        Command::Serve(serve) => commands::serve::run(&options, serve).await,
        Command::Worker => commands::worker::run(&options).await,
        Command::Migrate => commands::migrate::run(&options).await,
        Command::Doctor(print) => commands::doctor::run(&options, print).await,
        Command::Config => commands::config::run(&options),
        Command::Keys(keys) => commands::keys::run(&options, keys).await,
        Command::Admin(admin) => commands::admin::run(&options, admin).await,
        Command::Verify(verify) => commands::verify::run(verify).await,
        Command::Photo(photo) => commands::photo::run(photo).await,
        Command::Log(log) => commands::log::run(&options, log).await,
        Command::Bench(bench) => commands::bench::run(&options, bench).await,
    }
}
