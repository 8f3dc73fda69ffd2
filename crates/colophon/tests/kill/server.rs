//! The real binary as a process, and the data it keeps between its lives.

use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const BINARY: &str = env!("CARGO_BIN_EXE_colophon");

/// The one HTTP client of this process.
pub fn http() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
        reqwest::Client::new()
    })
}

/// A data folder and its database.
pub struct Installation {
    folder: TempDir,
    postgres: Option<String>,
}

impl Installation {
    pub fn on_sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            postgres: None,
        }
    }

    /// With the database at a `postgres://` URL.
    pub fn on(database_url: String) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            postgres: Some(database_url),
        }
    }

    pub fn database_url(&self) -> String {
        let sqlite = || {
            format!(
                "sqlite:{}",
                self.folder.path().join("colophon.db").display()
            )
        };
        self.postgres.clone().unwrap_or_else(sqlite)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command
            // Ours; the configuration refuses what it does not know.
            .env_remove("COLOPHON_KILLS")
            .env_remove("COLOPHON_SEED")
            .env("COLOPHON_DATA", self.folder.path())
            .env("COLOPHON_DATABASE_URL", self.database_url())
            .env("COLOPHON_LIMITS__PUBLIC_PER_MINUTE", "0")
            .env("COLOPHON_LIMITS__TRACKORIGIN_ANONYMOUS_PER_MINUTE", "0")
            .env("RUST_LOG", "warn")
            .current_dir(self.folder.path())
            .kill_on_drop(true);
        command
    }

    /// The one line of JSON that `colophon … --json` prints; it must succeed.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self
            .command()
            .args(arguments)
            .arg("--json")
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "colophon {arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text).unwrap()
    }

    /// As [`Installation::json`], of `colophon admin`.
    pub async fn admin(&self, arguments: &[&str]) -> Value {
        self.json(&[&["admin"], arguments].concat()).await
    }

    /// Writes a file into the data folder and tells its path.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// A started process that has not said yet where it is.
pub struct Starting(Child);

impl Starting {
    pub async fn kill_after(mut self, moment: Duration) {
        tokio::time::sleep(moment).await;
        self.0.kill().await.unwrap();
    }
}

/// A server that answers.
pub struct Server {
    process: Child,
    /// Kept open, for the server may say more.
    _lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Server {
    pub fn spawn(installation: &Installation) -> Starting {
        let process = installation
            .command()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Starting(process)
    }

    pub async fn start(installation: &Installation) -> Self {
        let Starting(mut process) = Self::spawn(installation);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line())
            .await
            .expect("the server starts within 30 seconds")
            .unwrap()
            .expect("the server starts again after every kill");
        let address = line
            .strip_prefix("Colophon is at ")
            .expect(&line)
            .to_owned();
        Self {
            process,
            _lines: lines,
            address,
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// SIGKILL; returns when the process is gone.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}
