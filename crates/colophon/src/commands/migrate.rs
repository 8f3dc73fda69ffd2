//! `colophon migrate`

use colophon_db::{Clock, Db};

use crate::cli::Options;
use crate::config::Config;
use crate::server;
use crate::terminal::{Answer, say};

/// Runs the migrations that have not run yet.
pub async fn run(options: &Options) -> anyhow::Result<Answer> {
    let config = Config::load(options)?;
    server::make_data_folder(&config)?;
    let db = Db::open(&config.database_url()).await?;
    let run = db.migrate(Clock::system().now()).await?;
    for migration in &run {
        say(format_args!("{:04} {}", migration.version, migration.name));
    }
    if run.is_empty() {
        say("The schema is up to date.");
    }
    Ok(Answer::Yes)
}
