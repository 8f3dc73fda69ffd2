//! The logs this user trusts, remembered as SSH remembers hosts: the first key seen for a name
//! is kept, another one for the same name is refused.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use colophon_transparency::note::VerifierKey;

/// `$XDG_CONFIG_HOME/colophon`, or `~/.config/colophon`.
pub fn config_folder() -> PathBuf {
    std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("colophon")
}

/// Verifier keys, one a line, in `known_logs`.
#[derive(Debug)]
pub struct KnownLogs {
    file: PathBuf,
    keys: Vec<VerifierKey>,
}

/// Whether a key is the one that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Familiarity {
    /// The same key as before.
    Known,
    /// No key of this name was seen before.
    New,
    /// Another key of this name was seen before.
    Changed,
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
        let keys = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                line.parse()
                    .with_context(|| format!("{}: {line}", file.display()))
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            file: file.to_owned(),
            keys,
        })
    }

    /// Every key in the file.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Whether this key was seen before.
    pub fn familiarity(&self, key: &VerifierKey) -> Familiarity {
        let mut named = self
            .keys
            .iter()
            .filter(|known| known.name() == key.name())
            .peekable();
        if named.peek().is_none() {
            return Familiarity::New;
        }
        if named.any(|known| known == key) {
            Familiarity::Known
        } else {
            Familiarity::Changed
        }
    }

    /// Adds a key for good.
    pub fn remember(&mut self, key: &VerifierKey) -> anyhow::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)
            .with_context(|| self.file.display().to_string())?;
        writeln!(file, "{key}")?;
        self.keys.push(key.clone());
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
    fn the_first_key_of_a_name_is_kept_and_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/known_logs");
        let mut logs = KnownLogs::from_file(&file).unwrap();
        assert_eq!(
            logs.familiarity(&key("example.org/log", 1)),
            Familiarity::New
        );
        logs.remember(&key("example.org/log", 1)).unwrap();
        let logs = KnownLogs::from_file(&file).unwrap();
        assert_eq!(
            logs.familiarity(&key("example.org/log", 1)),
            Familiarity::Known
        );
        assert_eq!(
            logs.familiarity(&key("example.org/log", 2)),
            Familiarity::Changed
        );
        assert_eq!(
            logs.familiarity(&key("example.com/log", 2)),
            Familiarity::New
        );
    }
}
