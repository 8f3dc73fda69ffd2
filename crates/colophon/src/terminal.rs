//! What commands print, and how they end.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// How a command ends. Usage errors end with 2, by clap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or: yes. Exit code 0.
    Yes,
    /// The answer is no. Exit code 1.
    No,
    /// It could not be decided, or something failed. Exit code 3.
    Undecided,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        Self::from(match answer {
            Answer::Yes => 0,
            Answer::No => 1,
            Answer::Undecided => 3,
        })
    }
}

/// How a command prints.
#[derive(Args, Clone, Copy, Debug)]
pub struct Print {
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

impl Print {
    /// Prints `value` as JSON, or `text` for people.
    pub fn line(self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json {
            say(serde_json::to_string(value)?);
        } else {
            say(text());
        }
        Ok(())
    }
}

/// Prints a line on standard output. Whoever reads it may stop listening (`| head`, a closed
/// pipe); that ends neither a command nor the server.
pub fn say(line: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A progress bar on a terminal; nothing where no person looks.
pub fn progress(total: u64, unit: &'static str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
    } else {
        ProgressBar::hidden()
    };
    let template = if unit == "bytes" {
        "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}"
    } else {
        "{msg} {wide_bar} {human_pos}/{human_len} {per_sec}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
