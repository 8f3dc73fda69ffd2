//! The whole way from a RAW file and a picture to a verdict, in a process of its own, and the same
//! by the peer.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use colophon_photo::{develop, raw, synthetic, verify};
use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::measure::{Measured, Report};
use crate::cli::BenchPhoto;

/// Runs of each, of which the median counts.
const RUNS: u64 = 5;
const PEER_RUNS: u64 = 2;
/// 24 megapixels.
const WIDTH: usize = 6000;
const HEIGHT: usize = 4000;

/// Measures this program, then the peer where one is named.
pub async fn run(
    folder: &Path,
    options: &BenchPhoto,
    runs: Option<u64>,
) -> anyhow::Result<Vec<Report>> {
    let (raw, image) = match (&options.raw, &options.image) {
        (Some(raw), Some(image)) => (raw.clone(), image.clone()),
        _ => synthesise(folder)?,
    };
    let mut own = Figures::default();
    for _ in 0..runs.unwrap_or(RUNS).max(1) {
        let output = Command::new(std::env::current_exe()?)
            .args(["bench", "photo", "--once", "--json", "--raw"])
            .arg(&raw)
            .arg("--image")
            .arg(&image)
            .output()
            .await?;
        own.add(&last_line(&output)?)?;
    }
    let peak = own.value("peak_MB");
    let median = own.value("total_ms");
    let mut reports = vec![own.report("colophon")];
    if let Some(script) = &options.peer {
        let mut peer = Figures::default();
        for _ in 0..runs.unwrap_or(PEER_RUNS).clamp(1, PEER_RUNS) {
            let output = Command::new(&options.python)
                .arg(script)
                .args([&raw, &image])
                .output()
                .await
                .with_context(|| format!("{} did not start", options.python.display()))?;
            peer.add(&peer_figures(&last_line(&output)?)?)?;
        }
        let slower = peer.value("total_ms") / median;
        let larger = peer.value("peak_MB") / peak;
        let report = peer.report("peer");
        reports.push(
            report
                .with("times_as_long", slower)
                .with("times_the_memory", larger),
        );
    }
    Ok(reports)
}

/// One verdict in this process: its stages' times, its peak memory and its answer on one line.
pub fn once(raw: &Path, image: &Path) -> anyhow::Result<Value> {
    let started = Instant::now();
    let entered = Mutex::new(Vec::new());
    let observer = |stage: verify::Stage| {
        if let Ok(mut entered) = entered.lock() {
            entered.push((format!("{stage:?}").to_lowercase(), started.elapsed()));
        }
        ControlFlow::Continue(())
    };
    let files = (std::fs::read(raw)?, std::fs::read(image)?);
    let verdict = verify::verify(&files.0, &files.1, &observer)?;
    let total = started.elapsed();
    let entered = entered.into_inner().unwrap_or_default();
    let ends = entered.iter().skip(1).map(|e| e.1).chain([total]);
    let mut figures = Map::new();
    for ((stage, start), end) in entered.iter().zip(ends) {
        figures.insert(format!("{stage}_ms"), milliseconds(end - *start).into());
    }
    figures.insert("total_ms".to_owned(), milliseconds(total).into());
    figures.insert("peak_MB".to_owned(), peak()?.into());
    figures.insert("answer".to_owned(), json!(verdict.answer));
    Ok(Value::Object(figures))
}

/// The most memory this process ever held, in megabytes.
fn peak() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: Option<f64> =
        line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    Ok(kibibytes.context("no VmHWM in /proc/self/status")? * 1024.0 / 1e6)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A RAW of a synthetic sensor and a picture developed from it with more contrast, kept in the
/// folder.
fn synthesise(folder: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (raw_path, image_path) = (folder.join("photo.dng"), folder.join("photo.jpg"));
    if !image_path.exists() {
        let file = synthetic::exposure(WIDTH, HEIGHT, 24, 1).to_bytes();
        let picture = develop::picture(&raw::read(&file)?).context("the RAW has no picture")?;
        let mut picture = picture.to_rgb8();
        for v in &mut picture.data {
            let x = f32::from(*v) / 255.0;
            let contrast = x * x * (3.0 - 2.0 * x);
            *v = ((0.5 * x + 0.5 * contrast).sqrt().sqrt().powi(3) * 255.0 + 0.5) as u8;
        }
        std::fs::write(&raw_path, file)?;
        let mut jpeg = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 92).encode(
            &picture.data,
            picture.width as u32,
            picture.height as u32,
            image::ExtendedColorType::Rgb8,
        )?;
        std::fs::write(&image_path, jpeg)?;
    }
    Ok((raw_path, image_path))
}

fn last_line(output: &std::process::Output) -> anyhow::Result<Value> {
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().last().unwrap_or_default();
    anyhow::ensure!(
        output.status.success(),
        "a measured process failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(line).with_context(|| format!("not a line of figures: {line}"))
}

/// What the peer's script says, in this program's names.
fn peer_figures(said: &Value) -> anyhow::Result<Value> {
    let number = |name: &str| said.get(name).and_then(Value::as_f64);
    let mut figures = Map::new();
    for name in ["develop", "register", "compare", "noise", "raw"] {
        if let Some(seconds) = number(&format!("t_{name}")) {
            figures.insert(format!("{name}_ms"), (seconds * 1_000.0).into());
        }
    }
    let total = number("t_total").context("the peer does not say how long it took")?;
    figures.insert("total_ms".to_owned(), (total * 1_000.0).into());
    let mebibytes = number("peak_rss_mb").context("the peer does not say what it held")?;
    let megabytes = mebibytes * 1_048_576.0 / 1e6;
    figures.insert("peak_MB".to_owned(), megabytes.into());
    if let Some(answer) = said.get("authentic") {
        figures.insert("authentic".to_owned(), answer.clone());
    }
    Ok(Value::Object(figures))
}

/// The figures of several runs, by name in the order in which they came.
#[derive(Default)]
struct Figures {
    numbers: Vec<(String, Vec<f64>)>,
    words: Map<String, Value>,
}

impl Figures {
    fn add(&mut self, run: &Value) -> anyhow::Result<()> {
        for (name, value) in run.as_object().context("not figures")? {
            match value.as_f64() {
                None => {
                    self.words.insert(name.clone(), value.clone());
                }
                Some(number) => match self.numbers.iter_mut().find(|n| n.0 == *name) {
                    Some((_, numbers)) => numbers.push(number),
                    None => self.numbers.push((name.clone(), vec![number])),
                },
            }
        }
        Ok(())
    }

    /// The median of a figure.
    fn value(&self, name: &str) -> f64 {
        let found = self.numbers.iter().find(|n| n.0 == name);
        let mut numbers = found.map(|n| n.1.clone()).unwrap_or_default();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn report(self, variant: &str) -> Report {
        let totals = self.numbers.iter().find(|n| n.0 == "total_ms");
        let runs = totals.map(|n| n.1.as_slice()).unwrap_or_default();
        let runs = runs.iter().map(|ms| Duration::from_secs_f64(ms / 1_000.0));
        let mut report = Report::new("photo", variant, 1, Measured::sequential(runs.collect()));
        for (name, _) in self.numbers.iter().filter(|n| n.0 != "total_ms") {
            report = report.with(name, self.value(name));
        }
        for (name, value) in &self.words {
            report = report.with(name, value.clone());
        }
        report
    }
}
