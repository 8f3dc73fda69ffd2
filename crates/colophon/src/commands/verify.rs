//! `colophon verify FILE`: check a file against what is stated about it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use colophon_transparency::bundle::{self, Bundle, CheckName, Outcome, Report, Verdict};
use colophon_transparency::digest::{FileDigests, FileHasher, HashFunction};
use colophon_transparency::keys::PublicKey;
use colophon_transparency::note::VerifierKey;
use colophon_transparency::record::Record;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Verify;
use crate::client::{Client, Found, Statement};
use crate::key_file;
use crate::known_logs::{KnownLogs, pinned_key};
use crate::terminal::{Answer, explain, one_line, progress, warn};

/// Yes when a statement about the file checks out under a trusted log key, no when something is
/// forged or nothing is known, undecided otherwise.
pub async fn run(verify: Verify) -> anyhow::Result<Answer> {
    let signer = verify.generator_key.as_deref().map(key_file::read_any);
    let signer = signer.transpose()?;
    let digests = digest(&verify.file)?;
    let findings = match &verify.url {
        None => vec![offline(&verify, &digests, signer.as_ref())?],
        Some(url) => {
            let client = Client::new(url)?;
            let trusted = if verify.log_key.is_empty() {
                match pinned_key(&client).await? {
                    Ok(key) => vec![key],
                    // Nothing that such a server says is worth a look.
                    Err(other) => return other.refuse(verify.print, Summary::new(&digests, "no")),
                }
            } else {
                verify.log_key.clone()
            };
            let findings = online(&client, &digests, &trusted, signer.as_ref()).await?;
            if let Some(path) = &verify.save_bundle {
                save(&findings, path.clone().unwrap_or(sidecar(&verify.file)))?;
            }
            findings
        }
    };
    print(&verify, &digests, &findings)
}

/// What came of one statement.
enum Finding {
    /// It has a proof, which was checked.
    Checked {
        bundle: Box<Bundle>,
        bytes: Vec<u8>,
        report: Report,
        revoked: bool,
    },
    /// It is stored, and will be in the log in a moment.
    Pending { id: String },
    /// Its proof did not come, or cannot be read.
    Unread { id: String, reason: String },
}

impl Finding {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Checked { report, .. } => report.verdict,
            Self::Pending { .. } | Self::Unread { .. } => Verdict::Undecided,
        }
    }
}

/// Checks the proof that lies beside the file, or where `--bundle` says. Every remembered log is
/// trusted: nobody says which one this should be.
fn offline(
    verify: &Verify,
    digests: &FileDigests,
    signer: Option<&PublicKey>,
) -> anyhow::Result<Finding> {
    let mut trusted = verify.log_key.clone();
    trusted.extend(KnownLogs::load()?.keys().cloned());
    let path = match &verify.bundle {
        Some(path) => path.clone(),
        None => sidecar(&verify.file),
    };
    let bytes = std::fs::read(&path).with_context(|| {
        format!(
            "no proof at {}; give --bundle FILE or --url URL",
            path.display()
        )
    })?;
    check(bytes, digests, &trusted, signer, false).with_context(|| path.display().to_string())
}

/// Asks the server for its statements about the file, and for the proof of each.
async fn online(
    client: &Client,
    digests: &FileDigests,
    trusted: &[VerifierKey],
    signer: Option<&PublicKey>,
) -> anyhow::Result<Vec<Finding>> {
    let hash = digests.content_hash(HashFunction::Sha3_256);
    let (statements, more) = client.statements(&hash).await?;
    let mut findings = Vec::new();
    for Statement {
        id,
        generator_status,
    } in statements
    {
        let revoked = generator_status == "revoked";
        let found = client.find(&format!("/bundles/{id}")).await;
        let checked = match found {
            Ok(Found::Yes(bytes)) => check(bytes, digests, trusted, signer, revoked),
            Ok(Found::Pending) => Ok(Finding::Pending { id: id.clone() }),
            Ok(Found::No) => Err(anyhow::anyhow!("the server has no proof of it")),
            Err(error) => Err(error),
        };
        // One that cannot be checked says nothing about the others.
        findings.push(checked.unwrap_or_else(|error| Finding::Unread {
            id,
            reason: explain(&error),
        }));
    }
    if more {
        findings.push(Finding::Unread {
            id: "further statements".to_owned(),
            reason: format!("only the first {} are looked at", findings.len()),
        });
    }
    Ok(findings)
}

fn check(
    bytes: Vec<u8>,
    digests: &FileDigests,
    trusted: &[VerifierKey],
    signer: Option<&PublicKey>,
    revoked: bool,
) -> anyhow::Result<Finding> {
    let bundle = Bundle::parse(&bytes)?;
    let mut report = bundle::verify(&bundle, Some(digests), trusted);
    name_signer(&mut report, &bundle.key, signer);
    Ok(Finding::Checked {
        bundle: Box::new(bundle),
        bytes,
        report,
        revoked,
    })
}

/// Says whose signature it is, and fails the check when another key should have signed.
fn name_signer(report: &mut Report, key: &PublicKey, wanted: Option<&PublicKey>) {
    let id = key.id_hex();
    for check in &mut report.checks {
        if check.name != CheckName::Signature || check.outcome != Outcome::Pass {
            continue;
        }
        match wanted {
            Some(wanted) if wanted.id() != key.id() => {
                check.outcome = Outcome::Fail;
                check.detail = format!(
                    "key {id} signed the record, not the given key {}",
                    wanted.id_hex()
                );
                report.verdict = Verdict::No;
            }
            Some(_) => check.detail.push_str(&format!(" with the given key {id}")),
            None => check.detail.push_str(&format!(" with key {id}")),
        }
    }
}

/// Keeps one proof: the first that convinces, or else the first there is.
fn save(findings: &[Finding], path: PathBuf) -> anyhow::Result<()> {
    let best = findings
        .iter()
        .find(|finding| finding.verdict() == Verdict::Yes);
    let mut proofs = best.into_iter().chain(findings);
    let bytes = proofs.find_map(|finding| match finding {
        Finding::Checked { bytes, .. } => Some(bytes),
        _ => None,
    });
    if let Some(bytes) = bytes {
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        warn(format_args!(
            "The proof is kept in {}.",
            one_line(path.display())
        ));
    }
    Ok(())
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

/// What programs read.
#[derive(Serialize)]
struct Summary {
    verdict: &'static str,
    sha256: String,
    sha3_256: String,
    size_bytes: u64,
    statements: Vec<Value>,
    pending: Vec<String>,
    unread: Vec<Value>,
}

impl Summary {
    fn new(digests: &FileDigests, verdict: &'static str) -> Self {
        Self {
            verdict,
            sha256: digests.content_hash(HashFunction::Sha256).to_string(),
            sha3_256: digests.content_hash(HashFunction::Sha3_256).to_string(),
            size_bytes: digests.size,
            statements: Vec::new(),
            pending: Vec::new(),
            unread: Vec::new(),
        }
    }

    fn add(&mut self, finding: &Finding) {
        match finding {
            Finding::Checked {
                bundle,
                report,
                revoked,
                ..
            } => self.statements.push(json!({
                "document": serde_json::from_str::<Value>(&bundle.document).ok(),
                "generator_revoked": revoked,
                "report": report,
            })),
            Finding::Pending { id } => self.pending.push(id.clone()),
            Finding::Unread { id, reason } => {
                self.unread.push(json!({"id": id, "reason": reason}));
            }
        }
    }
}

fn print(verify: &Verify, digests: &FileDigests, findings: &[Finding]) -> anyhow::Result<Answer> {
    let answer = decide(findings);
    let verdict = match answer {
        Answer::Yes => "yes",
        Answer::No if findings.is_empty() => "unknown",
        Answer::No => "no",
        Answer::Undecided => "undecided",
    };
    let mut summary = Summary::new(digests, verdict);
    for finding in findings {
        summary.add(finding);
    }
    verify.print.line(&summary, || {
        let (file, hash) = (one_line(verify.file.display()), &summary.sha3_256);
        let mut text = format!("{file}\n  {hash}\n");
        if findings.is_empty() {
            text.push_str("Nothing is known about this file here. That says nothing about where it came from.\n");
        }
        for finding in findings {
            text.push_str(&describe(finding));
        }
        format!("{text}\nVerdict: {verdict}")
    })?;
    Ok(answer)
}

/// One statement for people; every text in it is somebody else's.
fn describe(finding: &Finding) -> String {
    let (bundle, report, revoked) = match finding {
        Finding::Pending { id } => {
            return format!(
                "\n{} is stored and will be in the log in a moment; ask again.\n",
                one_line(id)
            );
        }
        Finding::Unread { id, reason } => {
            let (id, reason) = (one_line(id), one_line(reason));
            return format!("\n{id}: not checked: {reason}\n");
        }
        Finding::Checked {
            bundle,
            report,
            revoked,
            ..
        } => (bundle, report, revoked),
    };
    let mut lines = vec![String::new()];
    if let Ok(record) = Record::parse(&bundle.document) {
        lines.push(one_line(format_args!(
            "{}: {} stated on {} that its model {} made this file.",
            record.record_id, record.organisation, record.created_at, record.model
        )));
    }
    for check in &report.checks {
        let mark = match check.outcome {
            Outcome::Pass => "✓",
            Outcome::Fail => "✗",
            Outcome::Unknown => "?",
        };
        let (name, detail) = (check.name.name(), one_line(&check.detail));
        lines.push(format!("  {mark} {name:<11} {detail}"));
    }
    if *revoked {
        lines.push("  ! the generator was revoked after it signed this".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One statement that checks out is enough; a forged one beside it changes nothing about it.
fn decide(findings: &[Finding]) -> Answer {
    let any = |verdict| findings.iter().any(|finding| finding.verdict() == verdict);
    if any(Verdict::Yes) {
        Answer::Yes
    } else if any(Verdict::Undecided) {
        Answer::Undecided
    } else {
        Answer::No
    }
}
