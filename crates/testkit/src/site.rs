//! The real program on a data folder of its own, and its commands.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::app::{Process, Server};
use crate::{Postgres, Signer};

/// Where a test keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in the data folder.
    Sqlite,
    /// An empty database of this URL.
    Postgres(String),
}

/// Every database there is to test on, each empty: SQLite always, PostgreSQL where it is installed.
///
/// # Panics
/// As [`Postgres::shared`].
#[must_use]
pub fn databases() -> Vec<Database> {
    let postgres = Postgres::shared().map(|cluster| Database::Postgres(cluster.database()));
    [Database::Sqlite].into_iter().chain(postgres).collect()
}

/// One installation: a data folder, a database, an environment, and the program that uses them.
#[derive(Debug)]
pub struct Site {
    program: PathBuf,
    folder: TempDir,
    environment: Vec<(String, String)>,
    servers: AtomicU32,
}

/// What a command printed and how it ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => fail(&format!("not JSON ({error}): {self:?}")),
        }
    }
}

/// An organisation that may post records: its key's secret and its one generator.
#[derive(Debug)]
pub struct Publisher {
    /// `org_…`
    pub org_id: String,
    /// `key_…`
    pub key_id: String,
    /// What goes into `Authorization: Bearer`.
    pub secret: String,
    /// The generator, registered.
    pub signer: Signer,
}

impl Site {
    /// An installation of `program` (`env!("CARGO_BIN_EXE_colophon")`) that has never run. Rate
    /// limits are off.
    ///
    /// # Panics
    /// When there is no temporary folder.
    #[must_use]
    pub fn new(program: &str, database: &Database) -> Self {
        let folder = must(tempfile::Builder::new().prefix("colophon-site-").tempdir());
        let site = Self {
            program: program.into(),
            folder,
            environment: Vec::new(),
            servers: AtomicU32::new(0),
        };
        let data = site.data().display().to_string();
        let site = site
            .env("COLOPHON_DATA", &data)
            .env("COLOPHON_LIMITS__PUBLIC_PER_MINUTE", "0")
            .env("COLOPHON_LIMITS__UPLOADS_PER_MINUTE", "0")
            .env("COLOPHON_LIMITS__TRACKORIGIN_ANONYMOUS_PER_MINUTE", "0")
            .env("COLOPHON_LIMITS__SIGN_IN_PER_MINUTE", "0");
        match database {
            Database::Sqlite => site,
            Database::Postgres(url) => site.env("COLOPHON_DATABASE_URL", url),
        }
    }

    /// Sets a variable for the server and every command.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A folder for the test's own files; the program's working directory and home.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file of the test's own and returns its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        must(fs::write(&path, bytes));
        path.display().to_string()
    }

    /// The database, for what a test does behind the program's back.
    #[must_use]
    pub fn database_url(&self) -> String {
        let set = self
            .environment
            .iter()
            .find(|(name, _)| name == "COLOPHON_DATABASE_URL");
        set.map_or_else(
            || format!("sqlite:{}", self.data().join("colophon.db").display()),
            |(_, url)| url.clone(),
        )
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // Nothing of the developer's own configuration or known logs.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COLOPHON_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder())
            .env("HOME", self.folder())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("RUST_LOG")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When the program cannot be run.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = must(self.command(arguments).output());
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command that must succeed, with `--json`, and returns its answer.
    ///
    /// # Panics
    /// When it does not.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        if run.code != Some(0) {
            fail(&format!("{arguments:?}: {run:?}"));
        }
        run.json()
    }

    /// Makes an organisation: `org_…`.
    pub fn organisation(&self, plan: &str) -> String {
        let made = self.json(&[
            "admin",
            "org",
            "create",
            "--name",
            "Atelier É",
            "--plan",
            plan,
        ]);
        text(&made, "org_id")
    }

    /// Makes an API key: its id and its secret.
    pub fn key(&self, org_id: &str, kind: &str) -> (String, String) {
        let made = self.json(&["admin", "key", "create", "--org", org_id, "--kind", kind]);
        (text(&made, "key_id"), text(&made, "secret"))
    }

    /// Registers the signer's public key as a generator of the organisation.
    pub fn register(&self, org_id: &str, signer: &mut Signer) {
        let algorithm = signer.algorithm();
        let key = self.write(
            &format!("{org_id}-{algorithm}.pem"),
            signer.public_key().to_spki_pem(),
        );
        let made = self.json(&[
            "admin",
            "generator",
            "create",
            "--org",
            org_id,
            "--name",
            "Studio",
            "--algorithm",
            algorithm.name(),
            "--public-key",
            &key,
        ]);
        signer.generator_id = text(&made, "generator_id");
    }

    /// An organisation with a Certivu key and an ML-DSA-65 generator.
    pub fn publisher(&self, plan: &str) -> Publisher {
        use colophon_transparency::keys::Algorithm;
        let org_id = self.organisation(plan);
        let (key_id, secret) = self.key(&org_id, "certivu");
        let mut signer = Signer::new(Algorithm::ML_DSA_65, 1);
        self.register(&org_id, &mut signer);
        Publisher {
            org_id,
            key_id,
            secret,
            signer,
        }
    }

    /// Starts a server on a free port and waits until it says where it is.
    ///
    /// # Panics
    /// When it does not start.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let (mut process, first) = self.start(&all);
        let address = first
            .rsplit_once("//")
            .and_then(|(_, address)| address.parse().ok());
        match address {
            Some(address) => Server { process, address },
            None => {
                process.kill();
                fail(&format!(
                    "the server does not say where it is: {first:?}\n{}",
                    process.log()
                ))
            }
        }
    }

    /// Starts `colophon worker` and waits until it runs.
    ///
    /// # Panics
    /// When it does not start.
    pub fn work(&self) -> Process {
        let (process, first) = self.start(&["worker"]);
        if first.is_empty() {
            fail(&format!("the worker does not start\n{}", process.log()));
        }
        process
    }

    fn start(&self, arguments: &[&str]) -> (Process, String) {
        let number = self.servers.fetch_add(1, Ordering::Relaxed);
        let log = self.folder().join(format!("process-{number}.log"));
        let mut child = must(
            self.command(arguments)
                .stdout(Stdio::piped())
                .stderr(must(File::create(&log)))
                .spawn(),
        );
        let mut first = String::new();
        // Kept open: the program may print more.
        let stdout = child.stdout.take().map(|stdout| {
            let mut stdout = BufReader::new(stdout);
            let _ = stdout.read_line(&mut first);
            stdout
        });
        let process = Process { child, stdout, log };
        (process, first.trim_end().to_owned())
    }
}

/// A string member of an answer.
///
/// # Panics
/// When there is no such member.
#[must_use]
#[track_caller]
pub fn text(answer: &Value, name: &str) -> String {
    match answer.get(name).and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => fail(&format!("no string {name:?} in {answer}")),
    }
}

#[track_caller]
pub(crate) fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => fail(&error.to_string()),
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "a test cannot go on, and says why")]
pub(crate) fn fail(reason: &str) -> ! {
    panic!("{reason}")
}
