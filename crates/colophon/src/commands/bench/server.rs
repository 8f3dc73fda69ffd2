//! `colophon serve` as a child process, as users run it.

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::folder::Folder;

/// The child. Dropped without [`Server::stop`], it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `host:port`.
    pub address: String,
    /// When it was started.
    pub started: Instant,
}

impl Server {
    /// Starts this very program on the folder's data, with its usual settings but no limit on
    /// what it measures; its log lines go to a file.
    pub async fn start(folder: &Folder) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .arg("--database-url")
            .arg(folder.database_url())
            // Away from a colophon.toml that is not ours.
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.file("server.log"))?)
            .kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COLOPHON_") {
                command.env_remove(name);
            }
        }
        for limit in ["PUBLIC", "ATLAS_KEY", "TRACKORIGIN_ANONYMOUS"] {
            command.env(format!("COLOPHON_LIMITS__{limit}_PER_MINUTE"), "0");
        }
        let started = Instant::now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().context("standard output")?;
        let mut lines = BufReader::new(output).lines();
        let address = loop {
            let line = lines
                .next_line()
                .await?
                .context("the server ended; see server.log")?;
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        // What else it prints must find a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            child,
            address,
            started,
        })
    }

    /// A line of `/proc/PID/status`, in KiB.
    pub fn memory(&self, name: &str) -> anyhow::Result<u64> {
        let id = self
            .child
            .id()
            .context("the server ended; see server.log")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes =
            line.and_then(|line| line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().ok());
        kibibytes.with_context(|| format!("no {name} in /proc/{id}/status"))
    }

    /// Asks it to finish, and waits.
    pub async fn stop(self) -> anyhow::Result<()> {
        terminate(self.child).await
    }
}

/// Sends SIGTERM and waits for the end.
pub async fn terminate(mut child: Child) -> anyhow::Result<()> {
    let id = child.id().context("the server ended early")?;
    Command::new("kill").arg(id.to_string()).status().await?;
    tokio::time::timeout(Duration::from_secs(30), child.wait()).await??;
    Ok(())
}
