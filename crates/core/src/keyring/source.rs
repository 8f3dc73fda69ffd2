//! Where a private key comes from: a folder of ours, the environment, or a command (a KMS).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use colophon_transparency::keys::{PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::Purpose;
use crate::{Error, Result};

/// Where the private key of one purpose is kept, as PKCS#8 PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder in which we make keys ourselves: `<purpose>-<kid>.pem`, mode 0600.
    Folder(PathBuf),
    /// One file that somebody else looks after.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A command whose standard output is the key; run by `sh -c`, never with request data.
    Command(String),
}

impl Source {
    /// Reads `file:PATH`, `env:NAME` or `command:LINE`.
    ///
    /// # Errors
    /// [`crate::Kind::Invalid`] naming the forms.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            Some(("command", line)) => Ok(Self::Command(line.to_owned())),
            _ => Err(Error::invalid(
                field,
                "must be file:PATH, env:NAME or command:LINE",
            )),
        }
    }

    /// The first key of a purpose: what the source holds, or a new one in our folder.
    pub(super) fn provide(&self, purpose: Purpose) -> Result<PrivateKey> {
        match self {
            Self::Folder(folder) => generate(folder, purpose),
            held => held.read(purpose),
        }
    }

    /// The key that replaces the active one.
    pub(super) fn renew(&self, purpose: Purpose) -> Result<PrivateKey> {
        self.provide(purpose)
    }

    /// The private half of `public`.
    pub(super) fn find(&self, purpose: Purpose, public: &PublicKey) -> Result<PrivateKey> {
        let key = match self {
            Self::Folder(folder) => parse(purpose, &read_file(&path(folder, purpose, public))?)?,
            held => held.read(purpose)?,
        };
        if key.public_key() == *public {
            return Ok(key);
        }
        Err(Error::internal(format!(
            "{} holds another key than the active {purpose} key {}; put that one back or run `colophon keys rotate --purpose {purpose}`",
            self.describe(),
            public.kid()
        )))
    }

    fn read(&self, purpose: Purpose) -> Result<PrivateKey> {
        let pem = match self {
            Self::Folder(_) => return Err(Error::internal("a folder holds several keys")),
            Self::File(path) => read_file(path)?,
            Self::Environment(name) => Zeroizing::new(
                std::env::var(name)
                    .map_err(|_| Error::internal(format!("{name} is not in the environment")))?,
            ),
            Self::Command(line) => {
                let output = Command::new("sh")
                    .arg("-c")
                    .arg(line)
                    .output()
                    .map_err(|error| {
                        Error::internal(format!("the key command did not start: {error}"))
                    })?;
                let text = Zeroizing::new(String::from_utf8(output.stdout).unwrap_or_default());
                if !output.status.success() {
                    return Err(Error::internal(format!(
                        "the key command ended with {}",
                        output.status
                    )));
                }
                text
            }
        };
        parse(purpose, &pem)
    }

    fn describe(&self) -> String {
        match self {
            Self::Folder(path) | Self::File(path) => path.display().to_string(),
            Self::Environment(name) => format!("the environment variable {name}"),
            Self::Command(_) => "the key command".to_owned(),
        }
    }
}

fn path(folder: &Path, purpose: Purpose, public: &PublicKey) -> PathBuf {
    folder.join(format!("{purpose}-{}.pem", public.kid()))
}

fn read_file(path: &Path) -> Result<Zeroizing<String>> {
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| Error::internal(format!("private key {}: {error}", path.display())))
}

fn parse(purpose: Purpose, pem: &str) -> Result<PrivateKey> {
    let key = PrivateKey::from_pkcs8_pem(pem)
        .map_err(|error| Error::internal(format!("the {purpose} key: {error}")))?;
    if key.algorithm() == purpose.algorithm() {
        return Ok(key);
    }
    Err(Error::internal(format!(
        "the {purpose} key is {}, not {}",
        key.algorithm(),
        purpose.algorithm()
    )))
}

fn generate(folder: &Path, purpose: Purpose) -> Result<PrivateKey> {
    let seed = Zeroizing::new(crate::entropy::bytes::<32>());
    let key = PrivateKey::from_seed(purpose.algorithm(), &seed).map_err(Error::internal)?;
    let target = path(folder, purpose, &key.public_key());
    write_private(folder, &target, key.to_pkcs8_pem().as_bytes()).map_err(|error| {
        Error::internal(format!("writing private key {}: {error}", target.display()))
    })?;
    Ok(key)
}

fn write_private(folder: &Path, target: &Path, pem: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(target)?;
    file.write_all(pem)?;
    file.sync_all()?;
    // The name must survive a crash as well: the database will point at it.
    fs::File::open(folder)?.sync_all()
}
