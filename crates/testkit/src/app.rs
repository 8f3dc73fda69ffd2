//! The running server, behind a client that holds every answer against the document it must fit.

use std::fs;
use std::io::{BufReader, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::contract::{self, Contract};
use crate::site::{fail, must, text};
use crate::{Answer, Database, Publisher, Request, Site, client};

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    pub(crate) child: Child,
    pub(crate) stdout: Option<BufReader<ChildStdout>>,
    pub(crate) log: PathBuf,
}

impl Process {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM) without waiting.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status();
        assert!(must(sent).success(), "SIGTERM");
    }

    /// Waits for its end and returns how it ended with the rest of what it printed.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let mut printed = String::new();
        if let Some(mut stdout) = self.stdout.take() {
            let _ = stdout.read_to_string(&mut printed);
        }
        (must(self.child.wait()), printed)
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let start = log.len().saturating_sub(4_000);
            eprintln!(
                "--- the end of its log ---\n{}",
                log.get(start..).unwrap_or(&log)
            );
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub(crate) process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Server {
    /// Its address as people write it, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The process, to wait for its end.
    #[must_use]
    pub fn into_process(self) -> Process {
        self.process
    }

    /// Sends a request. The answer fits the document of whatever was asked, or the test fails.
    ///
    /// # Panics
    /// When there is no answer, or [`check`] finds fault with it.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Answer {
        self.send_bytes(&request.method, &request.path, &request.to_bytes())
    }

    /// Sends bytes as they are; `method` and `path` are what they ask for.
    ///
    /// # Panics
    /// As [`Server::send`].
    #[track_caller]
    pub fn send_bytes(&self, method: &str, path: &str, bytes: &[u8]) -> Answer {
        match Answer::exchange(self.address, bytes) {
            Ok(answer) => checked(method, path, answer),
            Err(error) => fail(&format!("{method} {path}: no answer: {error}")),
        }
    }

    /// A connection for a test that sends piece by piece; see [`Answer::read`] and [`check`].
    ///
    /// # Panics
    /// When nothing listens.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        must(client::connect(self.address))
    }

    /// `GET`
    ///
    /// # Panics
    /// As [`Server::send`].
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send(&Request::new("GET", path))
    }

    /// `GET` that must be answered with 200.
    ///
    /// # Panics
    /// As [`Server::send`], and for any other status.
    #[track_caller]
    pub fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// `POST /v1/records` with a key.
    ///
    /// # Panics
    /// As [`Server::send`].
    #[track_caller]
    pub fn post_record(&self, secret: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(
            &Request::new("POST", "/v1/records")
                .bearer(secret)
                .json(body),
        )
    }

    /// Stores a record that must be accepted: its id and its token.
    ///
    /// # Panics
    /// As [`Server::send`], and when it is refused.
    #[track_caller]
    pub fn store(
        &self,
        publisher: &Publisher,
        watermark_id: &str,
        content: &[u8],
    ) -> (String, String) {
        let body = publisher.signer.record(watermark_id, content).to_json();
        let answer = self.post_record(&publisher.secret, body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let answer = answer.json();
        (text(&answer, "record_id"), text(&answer, "token"))
    }

    /// Waits until the log has a record and returns its number there.
    ///
    /// # Panics
    /// When that takes more than ten seconds.
    #[track_caller]
    pub fn sequenced(&self, record_id: &str) -> u64 {
        let path = format!("/v1/records/{record_id}");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(number) = self
                .get_json(&path)
                .pointer("/log/seq_no")
                .and_then(Value::as_u64)
            {
                return number;
            }
            assert!(Instant::now() < deadline, "{record_id} is not in the log");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// An installation with its server running.
#[derive(Debug)]
pub struct TestApp {
    // First, so that it is gone before its folder is.
    /// The server.
    pub server: Server,
    /// The installation.
    pub site: Site,
}

impl TestApp {
    /// Starts the server of a new installation.
    ///
    /// # Panics
    /// As [`Site::serve`].
    #[must_use]
    pub fn start(program: &str, database: &Database) -> Self {
        Self::of(Site::new(program, database))
    }

    /// Starts the server of an installation and waits until its log has its first head.
    ///
    /// # Panics
    /// As [`Site::serve`], and when that takes more than ten seconds.
    #[must_use]
    pub fn of(site: Site) -> Self {
        let server = site.serve(&[]);
        let ask = Request::new("GET", "/log/checkpoint").to_bytes();
        let deadline = Instant::now() + Duration::from_secs(10);
        // Unchecked and uncounted: no part of what a test asks.
        while !Answer::exchange(server.address, &ask).is_ok_and(|answer| answer.status == 200) {
            assert!(Instant::now() < deadline, "the log has no head");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { server, site }
    }
}

impl Deref for TestApp {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

#[track_caller]
fn checked(method: &str, path: &str, answer: Answer) -> Answer {
    match check(method, path, &answer) {
        Ok(()) => answer,
        Err(reason) => fail(&format!(
            "{reason}\n{}",
            String::from_utf8_lossy(&answer.body)
        )),
    }
}

/// Holds an answer against what is promised for every answer: no 500, a request id, the security
/// headers, and the document of the operation that was asked for.
///
/// # Errors
/// What is wrong, for a person to read.
pub fn check(method: &str, path: &str, answer: &Answer) -> Result<(), String> {
    if answer.status == 500 {
        return Err(format!("{method} {path} answered 500, which is a defect"));
    }
    for name in [
        "x-request-id",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "content-security-policy",
        "cache-control",
    ] {
        if answer.header(name).is_none() {
            return Err(format!("{method} {path} answered without {name}"));
        }
    }
    match find(path) {
        Some((contract, path)) => contract.check_response(
            method,
            path,
            answer.status,
            answer.header("content-type"),
            &answer.body,
        ),
        None => Ok(()),
    }
}

/// The contract that has this path, and the path below the contract's mount point.
#[must_use]
pub fn find(path: &str) -> Option<(&'static Contract, &str)> {
    let path = path.split('?').next().unwrap_or(path);
    let contracts = [
        ("/trackorigin", contract::music()),
        ("/lumethic", contract::photo()),
        ("/certivu", contract::content()),
        ("/tokportal", contract::publish()),
        ("/idle-atlas", contract::org()),
    ];
    contracts
        .into_iter()
        .find_map(|(prefix, contract)| {
            let rest = path
                .strip_prefix(prefix)
                .filter(|rest| contract.has_path(rest))?;
            Some((contract, rest))
        })
        .or_else(|| {
            let all = contracts.into_iter().map(|(_, contract)| contract);
            let mut all = all.chain([contract::registry()]);
            Some((all.find(|contract| contract.has_path(path))?, path))
        })
}
