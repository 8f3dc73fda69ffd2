//! An offline proof answers yes for the real thing, no for anything altered, and says
//! when it cannot tell.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod sample;

use colophon_transparency::bundle::{Bundle, CheckName, Outcome, Report, Verdict, verify};
use colophon_transparency::digest::FileDigests;
use colophon_transparency::keys::{Algorithm, Ed25519SigningKey};
use colophon_transparency::note::{NoteSigner, SignatureType, VerifierKey};
use colophon_transparency::record::Record;
use sample::{CONTENT, bundle, log_key, log_signer};

fn outcome(report: &Report, name: CheckName) -> Outcome {
    let check = report
        .checks
        .iter()
        .find(|check| check.name == name)
        .unwrap();
    assert!(!check.detail.is_empty());
    check.outcome
}

fn failing(report: &Report) -> Vec<&'static str> {
    let failed = report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Fail);
    failed.map(|check| check.name.name()).collect()
}

#[test]
fn the_real_thing_passes_every_check_in_order() {
    let bundle = bundle();
    let read = Bundle::parse(bundle.to_json().as_bytes()).unwrap();
    assert_eq!(read, bundle);
    let report = verify(&read, Some(&FileDigests::of(CONTENT)), &[log_key()]);
    assert_eq!(report.verdict, Verdict::Yes, "{report:?}");
    let names: Vec<_> = report
        .checks
        .iter()
        .map(|check| check.name.name())
        .collect();
    assert_eq!(
        names,
        [
            "content",
            "signature",
            "entry",
            "inclusion",
            "checkpoint",
            "log-key"
        ]
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "yes");
    assert_eq!(json["checks"][5]["name"], "log-key");
    assert_eq!(json["checks"][5]["outcome"], "pass");
}

#[test]
fn what_cannot_be_decided_is_said_to_be_undecided() {
    let file = FileDigests::of(CONTENT);
    let without_file = verify(&bundle(), None, &[log_key()]);
    assert_eq!(without_file.verdict, Verdict::Undecided);
    assert_eq!(outcome(&without_file, CheckName::Content), Outcome::Unknown);
    let without_key = verify(&bundle(), Some(&file), &[]);
    assert_eq!(without_key.verdict, Verdict::Undecided);
    assert_eq!(outcome(&without_key, CheckName::LogKey), Outcome::Unknown);
    assert_eq!(outcome(&without_key, CheckName::Checkpoint), Outcome::Pass);
    let elsewhere = Ed25519SigningKey::from_seed(&[42; 32]).verifying_key();
    let elsewhere =
        VerifierKey::new("elsewhere.example/log", SignatureType::Ed25519, elsewhere).unwrap();
    let other_log = verify(&bundle(), Some(&file), &[elsewhere]);
    assert_eq!(outcome(&other_log, CheckName::LogKey), Outcome::Unknown);
}

#[test]
fn another_file_is_not_the_one_in_the_record() {
    let report = verify(&bundle(), Some(&FileDigests::of(b"another")), &[log_key()]);
    assert_eq!(report.verdict, Verdict::No);
    assert_eq!(failing(&report), ["content"]);
}

#[test]
fn a_log_that_changed_its_key_is_loud() {
    let old = Ed25519SigningKey::from_seed(&[42; 32]).verifying_key();
    let old = VerifierKey::new(log_key().name(), SignatureType::Ed25519, old).unwrap();
    let report = verify(
        &bundle(),
        Some(&FileDigests::of(CONTENT)),
        std::slice::from_ref(&old),
    );
    assert_eq!(failing(&report), ["log-key"]);
    // After a rotation both are trusted, and either is enough.
    let report = verify(
        &bundle(),
        Some(&FileDigests::of(CONTENT)),
        &[old, log_key()],
    );
    assert_eq!(report.verdict, Verdict::Yes);
}

#[test]
fn whoever_makes_up_a_log_convinces_nobody_who_knows_the_real_one() {
    let mut forged = bundle();
    let signer = NoteSigner::new(
        log_key().name(),
        SignatureType::Ed25519,
        Ed25519SigningKey::from_seed(&[13; 32]),
    )
    .unwrap();
    let head = colophon_transparency::note::Note::parse(&forged.proof.checkpoint).unwrap();
    let head = colophon_transparency::checkpoint::Checkpoint::parse(head.text()).unwrap();
    forged.proof.checkpoint = head.sign(&signer).unwrap().to_string();
    forged.log = signer.verifier_key().clone();
    let report = verify(&forged, Some(&FileDigests::of(CONTENT)), &[log_key()]);
    assert_eq!(failing(&report), ["log-key"]);
}

/// Changing any part of a bundle fails the checks that look at that part.
#[test]
fn nothing_in_a_bundle_can_be_changed() {
    let file = FileDigests::of(CONTENT);
    let real = bundle();
    let record = Record::parse(&real.document).unwrap();
    let check = |change: &dyn Fn(&mut Bundle)| {
        let mut changed = bundle();
        change(&mut changed);
        assert_ne!(changed, real);
        let report = verify(&changed, Some(&file), &[log_key()]);
        assert_eq!(report.verdict, Verdict::No);
        failing(&report).join(" ")
    };
    let with_record = |change: &dyn Fn(&mut Record)| {
        check(&|bundle: &mut Bundle| {
            let mut record = record.clone();
            change(&mut record);
            bundle.document = record.to_text();
        })
    };
    assert_eq!(with_record(&|r| r.organisation.push('!')), "entry");
    assert_eq!(with_record(&|r| r.model.push('!')), "signature entry");
    assert_eq!(
        with_record(&|r| r.watermark_id.push('!')),
        "signature entry"
    );
    assert_eq!(
        with_record(&|r| r.generator_id.push('!')),
        "signature entry"
    );
    assert_eq!(with_record(&|r| r.signature[100] ^= 1), "signature entry");
    assert_eq!(
        with_record(&|r| r.key_id = "00".repeat(32)),
        "signature entry"
    );
    assert_eq!(
        with_record(&|r| r.algorithm = Algorithm::Dilithium3Round3),
        "signature entry"
    );
    assert_eq!(
        with_record(&|r| r.content_hash.digest[0] ^= 1),
        "content signature entry"
    );
    assert_eq!(
        with_record(&|r| r.signed_payload = r.signed_payload.replace(':', ": ")),
        "signature entry"
    );
    assert_eq!(check(&|b| b.document.push(' ')), "content signature entry");
    assert_eq!(
        check(&|b| b.key = sample::other_generator_key()),
        "signature"
    );
    assert_eq!(
        check(&|b| b.entry = b.entry.replace("\"record\"", "\"revocation\"")),
        "inclusion"
    );
    assert_eq!(
        check(&|b| b.entry = b.entry.replace("rec_", "cer_")),
        "entry inclusion"
    );
    assert_eq!(check(&|b| b.entry.push(' ')), "entry inclusion");
    assert_eq!(check(&|b| b.proof.index += 1), "inclusion");
    assert_eq!(check(&|b| b.proof.hashes[0][0] ^= 1), "inclusion");
    assert_eq!(check(&|b| b.proof.hashes.clear()), "inclusion");
    let bigger =
        |b: &mut Bundle| b.proof.checkpoint = b.proof.checkpoint.replacen("\n300\n", "\n301\n", 1);
    assert!(check(&bigger).contains("checkpoint"));
    assert!(check(&|b| b.proof.checkpoint.clear()).contains("checkpoint"));
    // A genuine signature of the log over another log's name.
    let renamed = |b: &mut Bundle| {
        let mut head = sample::head();
        head.origin = "elsewhere.example/log".to_owned();
        b.proof.checkpoint = head.sign(&log_signer()).unwrap().to_string();
    };
    assert_eq!(check(&renamed), "checkpoint");
}

#[test]
fn broken_bundles_are_refused_with_the_member_at_fault() {
    let json = bundle().to_json();
    for (from, to, named) in [
        ("colophon-bundle/1", "colophon-bundle/2", "format"),
        ("\"document\"", "\"docment\"", "document"),
        (
            "ml-dsa-65\",\"public_key",
            "ml-dsa-66\",\"public_key",
            "key",
        ),
        (
            "ml-dsa-65\",\"public_key",
            "ml-dsa-87\",\"public_key",
            "key",
        ),
        ("tlog-proof@v1", "tlog-proof@v9", "proof"),
        ("+", "", "log"),
    ] {
        let broken = match named {
            "log" => json.replacen(&log_key().to_string(), "not a key", 1),
            _ => json.replacen(from, to, 1),
        };
        let error = Bundle::parse(broken.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
    assert!(Bundle::parse(b"[]").is_err() && Bundle::parse(b"").is_err());
}
