//! A private PostgreSQL cluster for a test or benchmark process.
//!
//! A small shell supervises the cluster and holds the read end of a pipe whose write end only we
//! have. When we drop the handle, panic, exit or are killed, the pipe closes, and the shell stops
//! the postmaster and removes every file: one way down, whatever happened.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The oldest major version that Colophon supports.
const OLDEST_MAJOR: u32 = 15;

/// Arguments: binaries, cluster directory, port, `pg_ctl` options, `initdb` options. Then one order
/// a line on standard input, each answered with a line; the end of input is the order to go.
const SUPERVISOR: &str = r#"
bin=$1 dir=$2 port=$3 options=$4 init=$5
cd /
start() {
    "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 \
        -o "-k '$dir' -h 127.0.0.1 -p $port -c unix_socket_permissions=0700 -c max_connections=200 $options" \
        start >/dev/null 2>&1
}
trap '"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1; rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -U postgres -E UTF8 --no-locale $init \
    --auth-local=trust --auth-host=scram-sha-256 --pwfile="$dir/password" >"$dir/log" 2>&1 &&
start || { cat "$dir/log" >&2; exit 1; }
echo ready
while read -r order; do
    case $order in
        stop) "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null 2>&1 && echo done || echo failed ;;
        start) start && echo done || echo failed ;;
    esac
done
"#;

/// A running cluster; dropping it stops the postmaster and removes its files.
pub struct Postgres {
    supervisor: Child,
    answers: Mutex<BufReader<ChildStdout>>,
    bin: PathBuf,
    dir: PathBuf,
    port: u16,
    password: String,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts a cluster that trades durability for speed, as tests want it. `None`, after a plain
    /// message on standard error, where no PostgreSQL ≥ 15 is installed.
    ///
    /// # Panics
    /// When PostgreSQL is installed but does not start: a machine that can test it must test it.
    pub fn start() -> Option<Self> {
        Self::launch(
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off",
            "--no-sync",
        )
    }

    /// Starts a cluster with PostgreSQL's own durability (`fsync` before a commit is answered), as
    /// benchmarks want it. Otherwise as [`Postgres::start`].
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn start_durable() -> Option<Self> {
        Self::launch("", "")
    }

    /// The one cluster of this test process, started on first use and gone when the process is.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Creates an empty database of this cluster and returns its `postgres://…` URL.
    ///
    /// # Panics
    /// When the database cannot be created.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let created = Command::new(self.bin.join("createdb"))
            .arg("-h")
            .arg(&self.dir)
            .args(["-p", &self.port.to_string(), "-U", "postgres", &name])
            .output();
        match created {
            Ok(output) if output.status.success() => {}
            Ok(output) => fail(&format!(
                "createdb {name}: {}",
                String::from_utf8_lossy(&output.stderr)
            )),
            Err(error) => fail(&format!("createdb {name}: {error}")),
        }
        format!(
            "postgres://postgres:{}@127.0.0.1:{}/{name}",
            self.password, self.port
        )
    }

    /// Takes the cluster away from its clients, as a crash or an upgrade of it would.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self) {
        self.order("stop");
    }

    /// Brings a stopped cluster back, on the same port with the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        self.order("start");
    }

    fn order(&self, order: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = String::new();
        let mut orders = self.supervisor.stdin.as_ref();
        let sent = orders.as_mut().map(|pipe| writeln!(pipe, "{order}"));
        let read = answers.read_line(&mut line);
        if !matches!(sent, Some(Ok(()))) || read.is_err() || line != "done\n" {
            fail(&format!("{order}: {line:?}"));
        }
    }

    fn launch(options: &str, init: &str) -> Option<Self> {
        let Some(bin) = binaries() else {
            eprintln!(
                "skipped on PostgreSQL: no PostgreSQL {OLDEST_MAJOR} or newer in PATH or \
                 /usr/lib/postgresql (Debian: apt-get install postgresql)"
            );
            return None;
        };
        // The port is free when we look and may be taken when the postmaster binds it.
        let mut reason = String::new();
        for _ in 0..5 {
            match Self::try_launch(&bin, options, init) {
                Ok(cluster) => return Some(cluster),
                Err(error) => reason = error.to_string(),
            }
            if !reason.contains("Address already in use") {
                break;
            }
        }
        fail(&format!("{} did not start: {reason}", bin.display()))
    }

    fn try_launch(bin: &Path, options: &str, init: &str) -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("colophon-postgres-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()?;
        let password = random_hex()?;
        fs::write(dir.path().join("password"), &password)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();

        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(bin)
            .arg(dir.path())
            .args([&port.to_string(), options, init])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A terminal's Ctrl-C must reach us alone: the shell has to live on and clean up.
            .process_group(0);
        // PostgreSQL refuses to run as root. The owner of our own directory is who we are.
        if fs::metadata(dir.path())?.uid() == 0 {
            let (uid, gid) = unprivileged_user()?;
            std::os::unix::fs::chown(dir.path().join("password"), Some(uid), Some(gid))?;
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid))?;
            command.uid(uid).gid(gid);
        }
        let mut supervisor = command.spawn()?;
        let dir = dir.keep(); // from here on the supervisor removes it

        let mut line = String::new();
        let stdout = supervisor.stdout.take();
        let mut answers =
            BufReader::new(stdout.ok_or_else(|| io::Error::other("no standard output"))?);
        answers.read_line(&mut line)?;
        if line != "ready\n" {
            let output = supervisor.wait_with_output()?;
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(log));
        }
        Ok(Self {
            supervisor,
            answers: Mutex::new(answers),
            bin: bin.to_owned(),
            dir,
            port,
            password,
            databases: AtomicU32::new(1),
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

#[expect(clippy::panic, reason = "a test cannot go on, and says why")]
fn fail(reason: &str) -> ! {
    panic!("PostgreSQL for tests: {reason}")
}

/// The folder with the newest supported `initdb`, `pg_ctl`, `postgres` and `createdb`.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"));
    std::env::split_paths(&path)
        .chain(debian)
        .filter(|bin| {
            ["initdb", "pg_ctl", "createdb"]
                .iter()
                .all(|program| bin.join(program).is_file())
        })
        .filter_map(|bin| Some((major_version(&bin)?, bin)))
        .filter(|(major, _)| *major >= OLDEST_MAJOR)
        .max_by_key(|(major, _)| *major)
        .map(|(_, bin)| bin)
}

/// Reads `postgres (PostgreSQL) 15.8 (Debian …)`.
fn major_version(bin: &Path) -> Option<u32> {
    let output = Command::new(bin.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The user and group ids of `postgres`, or of `nobody` where the package made no such user.
fn unprivileged_user() -> io::Result<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|wanted| {
            accounts.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                let uid = fields.nth(1)?.parse().ok()?;
                let gid = fields.next()?.parse().ok()?;
                (name == *wanted).then_some((uid, gid))
            })
        })
        .ok_or_else(|| io::Error::other("we are root and there is no user postgres or nobody"))
}

/// The superuser's password: other users of the machine can reach the port.
fn random_hex() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn psql(cluster: &Postgres, url: &str, sql: &str) -> String {
        let output = Command::new(cluster.bin.join("psql"))
            .args([url, "-XAtc", sql])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn databases_are_empty_and_apart() {
        let Some(cluster) = Postgres::shared() else {
            return;
        };
        let (first, second) = (cluster.database(), cluster.database());
        psql(cluster, &first, "CREATE TABLE only_here (id int)");
        assert_eq!(
            psql(cluster, &second, "SELECT to_regclass('only_here') IS NULL"),
            "t"
        );
        assert_eq!(psql(cluster, &first, "SHOW fsync"), "off");
    }

    #[test]
    fn a_durable_cluster_syncs_and_a_dropped_one_leaves_nothing() {
        let Some(cluster) = Postgres::start_durable() else {
            return;
        };
        let url = cluster.database();
        assert_eq!(psql(&cluster, &url, "SHOW fsync"), "on");
        assert_eq!(psql(&cluster, &url, "SHOW synchronous_commit"), "on");
        let (dir, port) = (cluster.dir.clone(), cluster.port);
        drop(cluster);
        assert!(!dir.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }

    #[test]
    fn a_stopped_cluster_comes_back_with_its_data() {
        let Some(cluster) = Postgres::start() else {
            return;
        };
        let url = cluster.database();
        psql(&cluster, &url, "CREATE TABLE kept (id int)");
        cluster.stop();
        assert!(std::net::TcpStream::connect(("127.0.0.1", cluster.port)).is_err());
        cluster.start_again();
        assert_eq!(
            psql(&cluster, &url, "SELECT to_regclass('kept') IS NULL"),
            "f"
        );
    }

    #[test]
    fn the_port_asks_for_the_password() {
        let Some(cluster) = Postgres::shared() else {
            return;
        };
        let url = cluster.database().replace(&cluster.password, "guess");
        let output = Command::new(cluster.bin.join("psql"))
            .args([&url, "-c", "SELECT 1"])
            .output()
            .unwrap();
        assert!(!output.status.success());
    }

    /// Not a test of its own: the process that the next test kills.
    #[test]
    #[ignore = "run by a_killed_test_process_leaves_nothing"]
    fn wait_to_be_killed() {
        let Some(cluster) = Postgres::start() else {
            return;
        };
        println!("\ncluster {} {}", cluster.port, cluster.dir.display());
        std::thread::sleep(Duration::from_secs(60));
    }

    #[test]
    fn a_killed_test_process_leaves_nothing() {
        if binaries().is_none() {
            return;
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["wait_to_be_killed", "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let line = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find(|line| line.starts_with("cluster "))
            .unwrap();
        let mut words = line.split(' ').skip(1);
        let port: u16 = words.next().unwrap().parse().unwrap();
        let dir = PathBuf::from(words.next().unwrap());
        assert!(dir.exists());
        child.kill().unwrap();
        child.wait().unwrap();

        let deadline = Instant::now() + Duration::from_secs(20);
        while dir.exists() {
            assert!(
                Instant::now() < deadline,
                "{} is still there",
                dir.display()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
