//! What the figures were measured on.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// Commits of this many bytes are what ingestion makes.
const SYNCED: usize = 64 << 10;
const SYNCS: u32 = 200;

/// The machine.
#[derive(Debug, Serialize)]
pub struct Machine {
    version: &'static str,
    optimised: bool,
    cores: usize,
    processor: String,
    load_average: String,
    /// Median time of `fdatasync` after appending 64 KiB, in milliseconds.
    sync_p50_ms: f64,
    sync_p99_ms: f64,
}

/// Looks at the machine and measures the disk of `folder`.
pub fn describe(folder: &Path) -> anyhow::Result<Machine> {
    let mut syncs = syncs(folder)?;
    syncs.sort_unstable();
    let ms = |at: usize| {
        syncs
            .get(at)
            .map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    let line = |path: &str, of: &str| -> Option<String> {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(of))?;
        Some(
            line.split_once(':')
                .map_or(line, |(_, value)| value)
                .trim()
                .to_owned(),
        )
    };
    Ok(Machine {
        version: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        processor: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        load_average: line("/proc/loadavg", "").unwrap_or_else(|| "unknown".to_owned()),
        sync_p50_ms: ms(syncs.len() / 2),
        sync_p99_ms: ms(syncs.len() * 99 / 100),
    })
}

fn syncs(folder: &Path) -> anyhow::Result<Vec<Duration>> {
    let path = folder.join("sync-probe");
    let mut file = fs::File::create(&path)?;
    let block = vec![0x5a; SYNCED];
    let mut times = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&block)?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    fs::remove_file(path)?;
    Ok(times)
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "colophon {}, {} cores, {}, load {}; 64 KiB and fdatasync: p50 {:.3} ms, p99 {:.3} ms",
            self.version,
            self.cores,
            self.processor,
            self.load_average,
            self.sync_p50_ms,
            self.sync_p99_ms
        )?;
        if !self.optimised {
            write!(
                f,
                "\nThis is a debug build: its figures say nothing (cargo build --release)."
            )?;
        }
        Ok(())
    }
}
