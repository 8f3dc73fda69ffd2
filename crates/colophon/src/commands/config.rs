//! `colophon config`

use crate::cli::Options;
use crate::config::Config;
use crate::terminal::{Answer, say};

/// Prints the configuration in force as TOML, secrets left out.
pub fn run(options: &Options) -> anyhow::Result<Answer> {
    let text = toml::to_string_pretty(&Config::load(options)?.redacted())?;
    say(text.trim_end());
    Ok(Answer::Yes)
}
