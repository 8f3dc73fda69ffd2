//! Offline proof: one JSON document with everything needed to check a file without
//! asking anyone.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::canonical::rfc8785;
use crate::checkpoint::Checkpoint;
use crate::digest::FileDigests;
use crate::entry::Entry;
use crate::json::{self, Limits, Value};
use crate::keys::{Algorithm, KeyError, PublicKey};
use crate::note::{NoteError, VerifierKey};
use crate::proof::{TlogProof, TlogProofError};
use crate::record::{REPEATED, Record};
use crate::{digest, encoding, entry, merkle};

/// The `format` member of every bundle.
pub const FORMAT: &str = "colophon-bundle/1";

/// A record, the generator's key, the log entry of the record, and the proof that the log
/// has it. Reading a bundle checks its form; [`verify`] checks what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The exact text of the [`Record`].
    pub document: String,
    /// The generator's public key.
    pub key: PublicKey,
    /// The exact text of the log [`Entry`].
    pub entry: String,
    /// The inclusion proof with its checkpoint.
    pub proof: TlogProof,
    /// The log's key, as the sender states it. It proves nothing by itself.
    pub log: VerifierKey,
}

/// Why a bundle could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Not JSON.
    #[error("the bundle is not JSON: {0}")]
    Json(#[from] json::Error),
    /// A member is missing or not of its type, or the format is another one.
    #[error("the bundle's {0} is missing or invalid")]
    Member(&'static str),
    /// The generator's key cannot be read.
    #[error("the bundle's key is invalid: {0}")]
    Key(#[from] KeyError),
    /// The proof cannot be read.
    #[error("the bundle's proof is invalid: {0}")]
    Proof(#[from] TlogProofError),
    /// The log's key cannot be read.
    #[error("the bundle's log key is invalid: {0}")]
    Log(#[from] NoteError),
}

impl Bundle {
    /// Reads a bundle of at most 1 MiB.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let value = json::parse(bytes, Limits::default())?;
        let text = |value: &Value, name, label| {
            let text = value.get(name).and_then(Value::as_str);
            text.map(str::to_owned).ok_or(BundleError::Member(label))
        };
        let top = |name| text(&value, name, name);
        if top("format")? != FORMAT {
            return Err(BundleError::Member("format"));
        }
        let key = value.get("key").ok_or(BundleError::Member("key"))?;
        let algorithm: Algorithm = text(key, "algorithm", "key.algorithm")?.parse()?;
        let public_key = text(key, "public_key", "key.public_key")?;
        let public_key = encoding::from_base64(&public_key)
            .map_err(|_| BundleError::Member("key.public_key"))?;
        Ok(Self {
            document: top("document")?,
            key: PublicKey::from_raw(algorithm, &public_key)?,
            entry: top("entry")?,
            proof: top("proof")?.parse()?,
            log: top("log")?.parse()?,
        })
    }

    /// The bundle as JSON, in RFC 8785 form.
    #[must_use]
    pub fn to_json(&self) -> String {
        let key = Value::object([
            ("algorithm", Value::from(self.key.algorithm().name())),
            (
                "public_key",
                Value::from(encoding::base64(self.key.as_bytes())),
            ),
        ]);
        rfc8785(&Value::object([
            ("document", Value::from(self.document.as_str())),
            ("entry", Value::from(self.entry.as_str())),
            ("format", Value::from(FORMAT)),
            ("key", key),
            ("log", Value::from(self.log.to_string())),
            ("proof", Value::from(self.proof.to_string())),
        ]))
    }
}

/// What is checked, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// The file is the one that the record is about.
    Content,
    /// The generator signed what the record says.
    Signature,
    /// The log entry commits to this record.
    Entry,
    /// The entry is in the tree of the checkpoint.
    Inclusion,
    /// A key of the log signed the checkpoint.
    Checkpoint,
    /// The verifier trusts that key.
    LogKey,
}

impl CheckName {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Signature => "signature",
            Self::Entry => "entry",
            Self::Inclusion => "inclusion",
            Self::Checkpoint => "checkpoint",
            Self::LogKey => "log-key",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// Nothing here can tell.
    Unknown,
}

/// One check and its result in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check.
    pub name: CheckName,
    /// What it found.
    pub outcome: Outcome,
    /// Why, for people.
    pub detail: String,
}

/// The answer to "is this file what the record says?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every check passed.
    Yes,
    /// At least one check failed.
    No,
    /// No check failed, but not every one could be decided.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Undecided => "undecided",
        })
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Every check of a bundle, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The answer that follows from the checks.
    pub verdict: Verdict,
    /// The six checks.
    pub checks: Vec<Check>,
}

impl Report {
    fn of(checks: Vec<Check>) -> Self {
        let any = |outcome| checks.iter().any(|check| check.outcome == outcome);
        let verdict = if any(Outcome::Fail) {
            Verdict::No
        } else if any(Outcome::Unknown) {
            Verdict::Undecided
        } else {
            Verdict::Yes
        };
        Self { verdict, checks }
    }
}

/// A check that ends early says why with `Err`.
type Finding = Result<String, (Outcome, String)>;

fn fail<T>(detail: impl fmt::Display) -> Result<T, (Outcome, String)> {
    Err((Outcome::Fail, detail.to_string()))
}

fn unknown<T>(detail: impl fmt::Display) -> Result<T, (Outcome, String)> {
    Err((Outcome::Unknown, detail.to_string()))
}

/// Checks a bundle against a file and the log keys that the verifier trusts.
///
/// Without a file the `content` check is unknown; without a trusted key of the log, the
/// `log-key` check is. A log key that differs from the trusted key of the same name fails.
#[must_use]
pub fn verify(bundle: &Bundle, file: Option<&FileDigests>, trusted: &[VerifierKey]) -> Report {
    let record = Record::parse(&bundle.document);
    let record = record
        .as_ref()
        .map_err(|error| (Outcome::Fail, error.to_string()));
    let entry = Entry::parse(bundle.entry.as_bytes());
    let entry = entry
        .as_ref()
        .map_err(|error| (Outcome::Fail, error.to_string()));
    let (checkpoint, log_key) = check_checkpoint(bundle, trusted);

    let findings = [
        (
            CheckName::Content,
            record
                .clone()
                .and_then(|record| check_content(record, file)),
        ),
        (
            CheckName::Signature,
            record
                .clone()
                .and_then(|record| check_signature(bundle, record)),
        ),
        (
            CheckName::Entry,
            entry
                .clone()
                .and_then(|entry| check_entry(bundle, entry, record)),
        ),
        (
            CheckName::Inclusion,
            entry.and_then(|entry| check_inclusion(bundle, entry)),
        ),
        (CheckName::Checkpoint, checkpoint),
        (CheckName::LogKey, log_key),
    ];
    let check = |(name, finding)| {
        let (outcome, detail) = match finding {
            Ok(detail) => (Outcome::Pass, detail),
            Err(reason) => reason,
        };
        Check {
            name,
            outcome,
            detail,
        }
    };
    Report::of(findings.into_iter().map(check).collect())
}

fn check_content(record: &Record, file: Option<&FileDigests>) -> Finding {
    let Some(file) = file else {
        return unknown("no file was given to compare with the record");
    };
    let found = file.content_hash(record.content_hash.function);
    if found != record.content_hash {
        return fail("this is not the file that the record is about: its hash differs");
    }
    Ok(format!(
        "the file is the one that the record is about ({found})"
    ))
}

fn check_signature(bundle: &Bundle, record: &Record) -> Finding {
    if record.algorithm != bundle.key.algorithm() {
        return fail("the record and the key name different algorithms");
    }
    if record.key_id != bundle.key.id_hex() {
        return fail("the key is not the one that the record names");
    }
    let payload = match json::parse_str(&record.signed_payload) {
        Ok(payload) => payload,
        Err(error) => return fail(format!("what was signed is not JSON: {error}")),
    };
    for name in REPEATED {
        if payload.get(name).and_then(Value::as_str) != record.repeated(name).as_deref() {
            return fail(format!("what was signed states another {name}"));
        }
    }
    let signed = record.signed_payload.as_bytes();
    if let Err(error) = bundle.key.verify(signed, &record.signature) {
        return fail(error);
    }
    let (algorithm, generator) = (record.algorithm, &record.generator_id);
    Ok(format!(
        "the key of generator {generator} signed the record ({algorithm})"
    ))
}

fn check_entry(
    bundle: &Bundle,
    entry: &Entry,
    record: Result<&Record, (Outcome, String)>,
) -> Finding {
    if entry.manifest_hash != digest::sha256(bundle.document.as_bytes()) {
        return fail("the log entry commits to another document");
    }
    if entry.cert_id != record?.record_id {
        return fail("the log entry is about another record");
    }
    Ok(format!(
        "log entry {} commits to exactly this record",
        entry.seq_no
    ))
}

fn check_inclusion(bundle: &Bundle, entry: &Entry) -> Finding {
    let proof = &bundle.proof;
    let note = crate::note::Note::parse(&proof.checkpoint);
    let head = match note
        .map_err(Into::into)
        .and_then(|note| Checkpoint::parse(note.text()))
    {
        Ok(head) => head,
        Err(error) => return fail(error),
    };
    if proof.index != entry.index() {
        return fail("the proof is for another position in the log than the entry states");
    }
    let leaf = entry::leaf_hash(bundle.entry.as_bytes());
    match merkle::verify_inclusion(&leaf, proof.index, head.size, &proof.hashes, &head.root) {
        Ok(()) => Ok(format!(
            "entry {} is in the tree of {} entries",
            entry.seq_no, head.size
        )),
        Err(error) => fail(error),
    }
}

/// The `checkpoint` and the `log-key` check, which look at the same signatures.
fn check_checkpoint(bundle: &Bundle, trusted: &[VerifierKey]) -> (Finding, Finding) {
    let keys = trusted.iter().chain([&bundle.log]);
    let opened = match Checkpoint::open(&bundle.proof.checkpoint, keys) {
        Ok(opened) => opened,
        Err(error) => return (fail(error), unknown("no log key signed the checkpoint")),
    };
    let origin = &opened.checkpoint.origin;
    let checkpoint = Ok(format!(
        "{origin} signed its state at {} entries",
        opened.checkpoint.size
    ));
    let trusts = |key: &VerifierKey| key.name() == origin && trusted.contains(key);
    let log_key = if opened.signatures.iter().any(|signed| trusts(signed.key)) {
        Ok(format!("the verifier trusts the key of {origin}"))
    } else if trusted.iter().any(|key| key.name() == origin) {
        fail(format!("the verifier trusts another key for {origin}"))
    } else {
        unknown(format!("the key of {origin} comes from the bundle itself"))
    };
    (checkpoint, log_key)
}
