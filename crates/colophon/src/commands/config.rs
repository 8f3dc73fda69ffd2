//! `colophon config`

use crate::cli::Options;
use crate::config::Config;
use crate::terminal::Answer;

/// Prints the configuration in force as TOML, secrets left out.
pub fn run(options: &Options) -> anyhow::Result<Answer> {
    print!(
        "{}",
        toml::to_string_pretty(&Config::load(options)?.redacted())?
    );
    Ok(Answer::Yes)
}
