//! `colophon verify FILE`: check a file against what is stated about it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use colophon_transparency::bundle::{self, Bundle, Outcome, Report, Verdict};
use colophon_transparency::digest::{FileDigests, FileHasher, HashFunction};
use colophon_transparency::note::VerifierKey;
use colophon_transparency::record::Record;
use serde_json::json;

use crate::cli::Verify;
use crate::client::{Client, Known};
use crate::known_logs::{Familiarity, KnownLogs};
use crate::terminal::{Answer, progress, say};

/// Yes when a statement about the file checks out under a trusted log key, no when something is
/// forged or nothing is known, undecided otherwise.
pub async fn run(verify: Verify) -> anyhow::Result<Answer> {
    let digests = digest(&verify.file)?;
    let mut trusted: Vec<VerifierKey> = verify
        .log_key
        .iter()
        .map(|key| key.parse().with_context(|| format!("--log-key {key}")))
        .collect::<anyhow::Result<_>>()?;
    let mut known = KnownLogs::load()?;
    let beside = sidecar(&verify.file);
    let Some(url) = &verify.url else {
        trusted.extend_from_slice(known.keys());
        let path = verify.bundle.clone().unwrap_or(beside);
        let bytes = std::fs::read(&path).with_context(|| {
            format!(
                "no proof at {}; give --bundle FILE or --url URL",
                path.display()
            )
        })?;
        let bundle = Bundle::parse(&bytes).with_context(|| path.display().to_string())?;
        let report = bundle::verify(&bundle, Some(&digests), &trusted);
        return print(
            &verify,
            &digests,
            &[Checked {
                bundle,
                report,
                revoked: false,
            }],
        );
    };
    let client = Client::new(url)?;
    let log_key = client.log_key().await?;
    if trusted.is_empty() {
        match known.familiarity(&log_key) {
            Familiarity::Known => {}
            Familiarity::New => {
                known.remember(&log_key)?;
                eprintln!("First time at this log; its key is remembered from now on: {log_key}");
            }
            Familiarity::Changed => {
                eprintln!(
                    "The log {} shows another key than the one remembered: {log_key}\nDo not trust it before you know why.",
                    log_key.name()
                );
                return Ok(Answer::No);
            }
        }
        trusted.extend_from_slice(known.keys());
    }
    let hash = digests.content_hash(HashFunction::Sha3_256);
    let answer: Known = client.json(&format!("/files/{hash}")).await?;
    let mut checked = Vec::new();
    let mut saved = verify
        .save_bundle
        .as_ref()
        .map(|path| path.clone().unwrap_or(beside));
    for statement in &answer.statements {
        let Some(bytes) = client.get(&format!("/bundles/{}", statement.id)).await? else {
            eprintln!(
                "{} is stored and not in the log yet; try again in a second.",
                statement.id
            );
            return Ok(Answer::Undecided);
        };
        let bundle = Bundle::parse(&bytes).with_context(|| format!("bundle {}", statement.id))?;
        if let Some(path) = saved.take() {
            std::fs::write(&path, &bytes).with_context(|| path.display().to_string())?;
            eprintln!("The proof is kept in {}.", path.display());
        }
        let report = bundle::verify(&bundle, Some(&digests), &trusted);
        let revoked = statement.generator_status == "revoked";
        checked.push(Checked {
            bundle,
            report,
            revoked,
        });
    }
    print(&verify, &digests, &checked)
}

struct Checked {
    bundle: Bundle,
    report: Report,
    revoked: bool,
}

/// `photo.jpg.colophon.json`, beside the file.
fn sidecar(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".colophon.json");
    name.into()
}

/// Both digests of a file of any size.
fn digest(path: &Path) -> anyhow::Result<FileDigests> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let bar = progress(file.metadata().map_or(0, |meta| meta.len()), "bytes");
    bar.set_message("hashing");
    let mut hasher = FileHasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file
            .read(&mut buffer)
            .with_context(|| path.display().to_string())?;
        let Some(chunk) = buffer.get(..length).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        hasher.update(chunk);
        bar.inc(length as u64);
    }
    bar.finish_and_clear();
    Ok(hasher.finish())
}

fn print(verify: &Verify, digests: &FileDigests, checked: &[Checked]) -> anyhow::Result<Answer> {
    let answer = decide(checked);
    let verdict = match answer {
        Answer::Yes => "yes",
        Answer::No if checked.is_empty() => "unknown",
        Answer::No => "no",
        Answer::Undecided => "undecided",
    };
    if verify.print.json {
        let statements: Vec<_> = checked
            .iter()
            .map(|one| {
                json!({
                    "document": serde_json::from_str::<serde_json::Value>(&one.bundle.document).ok(),
                    "generator_revoked": one.revoked,
                    "report": one.report,
                })
            })
            .collect();
        let value = json!({
            "verdict": verdict,
            "sha256": digests.content_hash(HashFunction::Sha256).to_string(),
            "sha3_256": digests.content_hash(HashFunction::Sha3_256).to_string(),
            "size_bytes": digests.size,
            "statements": statements,
        });
        say(value);
        return Ok(answer);
    }
    say(verify.file.display());
    say(format_args!(
        "  {}",
        digests.content_hash(HashFunction::Sha3_256)
    ));
    if checked.is_empty() {
        say("Nothing is known about this file here. That says nothing about where it came from.");
    }
    for one in checked {
        if let Ok(record) = Record::parse(&one.bundle.document) {
            say(format_args!(
                "\n{}: {} stated on {} that its model {} made this file.",
                record.record_id, record.organisation, record.created_at, record.model
            ));
        }
        for check in &one.report.checks {
            let mark = match check.outcome {
                Outcome::Pass => "✓",
                Outcome::Fail => "✗",
                Outcome::Unknown => "?",
            };
            say(format_args!(
                "  {mark} {:<11} {}",
                check.name.name(),
                check.detail
            ));
        }
        if one.revoked {
            say("  ! the generator was revoked after it signed this");
        }
    }
    say(format_args!("\nVerdict: {verdict}"));
    Ok(answer)
}

/// One statement that checks out is enough; a forged one beside it changes nothing about it.
fn decide(checked: &[Checked]) -> Answer {
    if checked.iter().any(|one| one.report.verdict == Verdict::Yes) {
        Answer::Yes
    } else if checked
        .iter()
        .any(|one| one.report.verdict == Verdict::Undecided)
    {
        Answer::Undecided
    } else {
        Answer::No
    }
}
