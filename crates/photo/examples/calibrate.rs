//! Measures labelled pairs into a file, and fits calibrations from such files.
//!
//! ```text
//! calibrate measure OUT.jsonl [--root DATA] [--share 0.3] [--only frame,denoise] FOLDER…
//! calibrate fit OUT.json REPORT.md [--data WORDS] IN.jsonl… [--held IN.jsonl…]
//! ```
//! `measure` appends and leaves out what is there already. `--held` files are judged, not fitted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use colophon_photo::calibration::{self, Calibration, Label, Manifest, Sample};
use colophon_photo::verdict::Answer;
use colophon_photo::verificator::{Check, Measures};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("measure") => measure(&arguments[1..]),
        Some("fit") => fit(&arguments[1..]),
        _ => panic!("calibrate measure|fit"),
    }
}

/// Takes `--name value` out of the arguments.
fn option(arguments: &mut Vec<String>, name: &str) -> Option<String> {
    let at = arguments.iter().position(|a| a == name)?;
    arguments.remove(at);
    Some(arguments.remove(at))
}

fn measure(arguments: &[String]) {
    let mut arguments = arguments.to_vec();
    let root = option(&mut arguments, "--root").map(PathBuf::from);
    let share: f64 = option(&mut arguments, "--share").map_or(1.0, |s| s.parse().unwrap());
    let only = option(&mut arguments, "--only").unwrap_or_default();
    let out = PathBuf::from(&arguments[0]);
    let done: BTreeSet<String> = lines(&out)
        .iter()
        .map(|v| v["id"].as_str().unwrap().to_owned())
        .collect();
    let file = Mutex::new(
        fs::File::options()
            .append(true)
            .create(true)
            .open(&out)
            .unwrap(),
    );
    for folder in &arguments[1..] {
        let folder = Path::new(folder);
        let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
        let mut manifest = Manifest::parse(&text).unwrap();
        manifest.pairs.retain(|p| {
            let named = only.split(',').any(|o| p.id.contains(o));
            named && !done.contains(&p.id) && place(&p.id) < share
        });
        let read = |path: &str| {
            let near = folder.join(path);
            let far = root.as_ref().map(|r| r.join(path));
            fs::read(far.filter(|_| !near.exists()).unwrap_or(near))
        };
        let started = Instant::now();
        let samples = calibration::survey(&manifest, &read, &|pair, found| {
            if let Err(error) = found {
                eprintln!("{}: {error}", pair.id);
            }
        });
        for s in &samples {
            let honest = s.label == Label::Honest;
            let line = json!({
                "id": s.id, "raw": s.raw, "label": if honest { "honest" } else { "forged" },
                "family": s.family, "kind": s.kind, "area": s.area, "measures": s.measures,
                "elsewhere": s.elsewhere,
            });
            writeln!(file.lock().unwrap(), "{line}").unwrap();
        }
        let seconds = started.elapsed().as_secs_f64();
        eprintln!(
            "{}: {} pairs in {seconds:.0} s",
            folder.display(),
            samples.len()
        );
    }
}

/// A place in 0..1 that depends on the name only (FNV-1a).
fn place(id: &str) -> f64 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

fn load(path: &str) -> Vec<Sample> {
    let mut names: BTreeMap<String, &'static str> = BTreeMap::new();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    lines(Path::new(path))
        .iter()
        .map(|v| Sample {
            id: text(&v["id"]),
            raw: text(&v["raw"]),
            label: if v["label"] == "honest" {
                Label::Honest
            } else {
                Label::Forged
            },
            family: text(&v["family"]),
            kind: text(&v["kind"]),
            area: v["area"].as_f64(),
            elsewhere: v["elsewhere"].as_bool().unwrap_or(false),
            measures: v["measures"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| {
                    let check = Check::ALL.into_iter().find(|c| c.name() == m["check"]);
                    let mut out = Measures::new(check.unwrap());
                    for (name, value) in m["values"].as_object().unwrap() {
                        // Names live as long as the program: there are a few dozen.
                        let name = *names
                            .entry(name.clone())
                            .or_insert_with(|| Box::leak(name.clone().into_boxed_str()));
                        out.value(name, value.as_f64().unwrap());
                    }
                    out.reasons = m["reasons"].as_array().unwrap().iter().map(text).collect();
                    out
                })
                .collect(),
        })
        .collect()
}

fn fit(arguments: &[String]) {
    let mut arguments = arguments.to_vec();
    let data = option(&mut arguments, "--data").unwrap_or_default();
    let (out, report) = (arguments.remove(0), arguments.remove(0));
    let mut held = Vec::new();
    if let Some(at) = arguments.iter().position(|a| a == "--held") {
        held = arguments.split_off(at).split_off(1);
    }
    let samples: Vec<Sample> = arguments.iter().flat_map(|p| load(p)).collect();
    let held: Vec<Sample> = held.iter().flat_map(|p| load(p)).collect();
    let fitted = calibration::fit(&samples, env!("CARGO_PKG_VERSION"), &data);
    let json = serde_json::to_string_pretty(&fitted.calibration).unwrap();
    fs::write(&out, json + "\n").unwrap();
    let mut text = calibration::markdown(&fitted, &samples);
    for (title, set) in [
        ("Pairs it was fitted on", &samples),
        ("Pairs held out", &held),
    ] {
        if !set.is_empty() {
            write!(text, "\n## {title}\n\n{}", judged(&fitted.calibration, set)).unwrap();
        }
    }
    print!("{}", &text[text.find("\n## ").unwrap_or(0)..]);
    fs::write(&report, text).unwrap();
}

/// The verdicts over a set, and the table of the checks.
fn judged(calibration: &Calibration, set: &[Sample]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for s in set {
        let findings = s
            .measures
            .iter()
            .map(|m| calibration.judge(m.clone()))
            .collect();
        let label = if s.label == Label::Honest {
            "honest"
        } else {
            "forged"
        };
        // what is found nowhere in the RAW is refused without a rule
        let answer = if s.elsewhere {
            "refused"
        } else {
            answer(findings)
        };
        *counts.entry((label, answer)).or_default() += 1;
    }
    let mut text = String::new();
    for ((label, answer), n) in counts {
        writeln!(text, "- {label}: {answer} {n}").unwrap();
    }
    write!(text, "\n{}", calibration::table(calibration, set)).unwrap();
    text
}

fn answer(mut findings: Vec<colophon_photo::verificator::Finding>) -> &'static str {
    match colophon_photo::verdict::Decision::of(&mut findings).answer {
        Answer::Honest => "honest",
        Answer::Refused => "refused",
        Answer::CannotTell => "cannot tell",
    }
}
