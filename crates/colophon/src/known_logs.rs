//! The logs this user trusts, remembered as SSH remembers hosts: the first key seen at an address
//! is kept, and another one there is refused. So is another key of a name that is known already.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use colophon_transparency::note::VerifierKey;
use serde::Serialize;

use crate::client::Client;
use crate::terminal::{Answer, Print, warn};

/// `$XDG_CONFIG_HOME/colophon`, or `~/.config/colophon`.
pub fn config_folder() -> PathBuf {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("colophon")
}

/// The file `known_logs`: a server's address and its log's verifier key, one pair a line. A line
/// may be a verifier key alone, of a log that is trusted wherever it is.
#[derive(Debug)]
pub struct KnownLogs {
    file: PathBuf,
    logs: Vec<KnownLog>,
}

#[derive(Debug)]
struct KnownLog {
    url: Option<String>,
    key: VerifierKey,
}

/// Whether a log is the one that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Familiarity<'a> {
    /// The same key as before, at the same address.
    Known,
    /// A known log at an address where none was seen before.
    Elsewhere,
    /// Neither address nor name were seen before.
    New,
    /// Another key was seen before, at this address or of this name.
    Changed(&'a VerifierKey),
}

/// Another log than the one that was seen before.
#[derive(Clone, Debug, Serialize)]
pub struct OtherLog {
    url: String,
    #[serde(serialize_with = "as_text")]
    remembered: VerifierKey,
    #[serde(serialize_with = "as_text")]
    shown: VerifierKey,
    #[serde(skip)]
    file: PathBuf,
}

fn as_text<S: serde::Serializer>(key: &VerifierKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

impl fmt::Display for OtherLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} shows another log than the one that is remembered.\n  remembered: {}\n  shown now:  {}\nDo not trust it before you know why. If its operator tells you the new key, remove the old one\nfrom {}.",
            self.url,
            self.remembered,
            self.shown,
            self.file.display()
        )
    }
}

/// What JSON says of another log, beside what the command says.
#[derive(Serialize)]
struct Refusal<'a, T> {
    #[serde(flatten)]
    answer: T,
    reason: &'static str,
    other_log: &'a OtherLog,
}

impl OtherLog {
    /// The answer is no, with both keys; `answer` holds the command's own members of the JSON.
    pub fn refuse(&self, print: Print, answer: impl Serialize) -> anyhow::Result<Answer> {
        let refusal = Refusal {
            answer,
            reason: "the server shows another log than the one that is remembered",
            other_log: self,
        };
        print.line(&refusal, || self.to_string())?;
        Ok(Answer::No)
    }
}

/// The key of the server's log, which must be the one that was first seen there; the first one is
/// remembered.
pub async fn pinned_key(client: &Client) -> anyhow::Result<Result<VerifierKey, OtherLog>> {
    let key = client.log_key().await?;
    let url = client.url().to_string();
    let mut known = KnownLogs::load()?;
    match known.familiarity(&url, &key) {
        Familiarity::Known => {}
        Familiarity::Elsewhere => known.remember(&url, &key)?,
        Familiarity::New => {
            known.remember(&url, &key)?;
            warn(format_args!(
                "First time at this log; its key is remembered from now on: {key}"
            ));
        }
        Familiarity::Changed(remembered) => {
            return Ok(Err(OtherLog {
                url,
                remembered: remembered.clone(),
                shown: key,
                file: known.file,
            }));
        }
    }
    Ok(Ok(key))
}

impl KnownLogs {
    /// The user's file; an absent one is empty.
    pub fn load() -> anyhow::Result<Self> {
        Self::from_file(&config_folder().join("known_logs"))
    }

    fn from_file(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        let logs = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (url, key) = match line.split_once(' ') {
                    Some((url, key)) => (Some(url.to_owned()), key.trim_start()),
                    None => (None, line),
                };
                let key = key
                    .parse()
                    .with_context(|| format!("{}: {line}", file.display()))?;
                Ok(KnownLog { url, key })
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            file: file.to_owned(),
            logs,
        })
    }

    /// Every key in the file.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.logs.iter().map(|log| &log.key)
    }

    fn familiarity(&self, url: &str, key: &VerifierKey) -> Familiarity<'_> {
        let here = || {
            self.logs
                .iter()
                .filter(|log| log.url.as_deref() == Some(url))
        };
        let named = || self.logs.iter().filter(|log| log.key.name() == key.name());
        if here().any(|log| log.key == *key) {
            Familiarity::Known
        } else if let Some(other) = here().next() {
            Familiarity::Changed(&other.key)
        } else if named().any(|log| log.key == *key) {
            Familiarity::Elsewhere
        } else if let Some(other) = named().next() {
            Familiarity::Changed(&other.key)
        } else {
            Familiarity::New
        }
    }

    fn remember(&mut self, url: &str, key: &VerifierKey) -> anyhow::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)
            .with_context(|| self.file.display().to_string())?;
        // One write, so that lines of two processes do not mix.
        file.write_all(format!("{url} {key}\n").as_bytes())?;
        self.logs.push(KnownLog {
            url: Some(url.to_owned()),
            key: key.clone(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_transparency::keys::Ed25519SigningKey;
    use colophon_transparency::note::SignatureType;

    fn key(name: &str, seed: u8) -> VerifierKey {
        let key = Ed25519SigningKey::from_seed(&[seed; 32]).verifying_key();
        VerifierKey::new(name, SignatureType::Ed25519, key).unwrap()
    }

    #[test]
    fn the_first_key_of_an_address_and_of_a_name_is_kept_and_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/known_logs");
        let mut logs = KnownLogs::from_file(&file).unwrap();
        let (here, there) = ("https://example.org", "https://example.com");
        let first = key("example.org/log", 1);
        assert_eq!(logs.familiarity(here, &first), Familiarity::New);
        logs.remember(here, &first).unwrap();

        let logs = KnownLogs::from_file(&file).unwrap();
        let changed = Familiarity::Changed(&first);
        assert_eq!(logs.familiarity(here, &first), Familiarity::Known);
        // The same name; a name that the server chose anew; the same log at a second address.
        assert_eq!(logs.familiarity(here, &key("example.org/log", 2)), changed);
        assert_eq!(logs.familiarity(here, &key("colophon.local/2", 2)), changed);
        assert_eq!(logs.familiarity(there, &first), Familiarity::Elsewhere);
        assert_eq!(logs.familiarity(there, &key("example.org/log", 2)), changed);
        assert_eq!(
            logs.familiarity(there, &key("example.com/log", 2)),
            Familiarity::New
        );
    }

    #[test]
    fn a_line_may_be_a_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_logs");
        let trusted = key("example.org/log", 1);
        fs::write(&file, format!("# by hand\n{trusted}\n")).unwrap();
        let logs = KnownLogs::from_file(&file).unwrap();
        let url = "https://example.org";
        assert_eq!(logs.familiarity(url, &trusted), Familiarity::Elsewhere);
        let other = key("example.org/log", 2);
        assert_eq!(
            logs.familiarity(url, &other),
            Familiarity::Changed(&trusted)
        );
        assert_eq!(logs.keys().collect::<Vec<_>>(), [&trusted]);
    }
}
