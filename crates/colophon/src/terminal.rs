//! What commands print, and how they end.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use colophon_core::Kind;
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
            // Untouched: programs read what was meant, and JSON escapes line ends by itself.
            let _ = writeln!(std::io::stdout(), "{}", serde_json::to_string(value)?);
        } else {
            say(text());
        }
        Ok(())
    }
}

/// Prints lines for people on standard output. Whoever reads them may stop listening (`| head`, a
/// closed pipe); that ends neither a command nor the server.
pub fn say(text: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{}", escaped(text, &['\n']));
}

/// The same on standard error.
pub fn warn(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{}", escaped(text, &['\n']));
}

/// Text from outside within a line of ours: it cannot begin a line of its own.
pub fn one_line(text: impl fmt::Display) -> String {
    escaped(text, &[])
}

/// Writes what would steer a terminal, or deceive who reads it, as `\u{…}`.
fn escaped(text: impl fmt::Display, kept: &[char]) -> String {
    let text = text.to_string();
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) && !kept.contains(&c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Control characters, line and paragraph separators, and the directional formatting characters of
/// Unicode's UAX #9.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// An error and its causes in one sentence. A defect's own words send people to the server's log,
/// which here is this very sentence.
pub fn explain(error: &anyhow::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in error.chain() {
        match cause.downcast_ref::<colophon_core::Error>() {
            Some(defect) if defect.kind == Kind::Internal => {
                if defect.cause().is_none() {
                    words.push("something went wrong".to_owned());
                }
            }
            _ => words.push(cause.to_string()),
        }
    }
    words.join(": ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_and_not_obeyed() {
        let hostile = "a\nb\r\t\u{1b}[2K\u{7f}\u{9b}\u{202e}\u{2066}\u{200f}\u{2028}é漢👍";
        let shown = "a\\nb\\r\\t\\u{1b}[2K\\u{7f}\\u{9b}\\u{202e}\\u{2066}\\u{200f}\\u{2028}é漢👍";
        assert_eq!(one_line(hostile), shown);
        assert_eq!(escaped(hostile, &['\n']), shown.replacen("\\n", "\n", 1));
    }

    #[test]
    fn a_defect_is_explained_by_its_cause() {
        let defect = colophon_core::Error::internal("the disk is full");
        let error = anyhow::Error::from(defect).context("audit");
        assert_eq!(explain(&error), "audit: the disk is full");
        let error = anyhow::Error::from(colophon_core::Error::not_found("record"));
        assert_eq!(explain(&error), "not_found: There is no such record.");
    }
}
