//! A log of 300 entries made from fixed keys, with one real record in it.
#![allow(dead_code)]

use colophon_transparency::bundle::Bundle;
use colophon_transparency::canonical::certivu_escaped;
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::digest::{self, FileDigests, HashFunction};
use colophon_transparency::entry::{self, Entry, GENESIS};
use colophon_transparency::json::Value;
use colophon_transparency::keys::{Algorithm, Ed25519SigningKey, PrivateKey, PublicKey};
use colophon_transparency::merkle::{self, Frontier, Tiles};
use colophon_transparency::note::{NoteSigner, SignatureType, VerifierKey};
use colophon_transparency::proof::TlogProof;
use colophon_transparency::{id, record::Record};

/// The file that the record is about.
pub const CONTENT: &[u8] = b"a picture";
/// The index of the record's entry.
const INDEX: usize = 271;

fn generator() -> PrivateKey {
    PrivateKey::from_seed(Algorithm::ML_DSA_65, &[1; 32]).unwrap()
}

pub fn other_generator_key() -> PublicKey {
    PrivateKey::from_seed(Algorithm::ML_DSA_65, &[2; 32])
        .unwrap()
        .public_key()
}

pub fn log_signer() -> NoteSigner {
    let key = Ed25519SigningKey::from_seed(&[3; 32]);
    NoteSigner::new("colophon.example/log", SignatureType::Ed25519, key).unwrap()
}

pub fn log_key() -> VerifierKey {
    log_signer().verifier_key().clone()
}

pub fn record() -> Record {
    let content_hash = FileDigests::of(CONTENT).content_hash(HashFunction::Sha3_256);
    let (generator_id, model, watermark_id) = ("gen_01", "modèle-é", "wm_1");
    let payload = Value::object([
        ("watermark_id", Value::from(watermark_id)),
        ("generator_id", Value::from(generator_id)),
        ("model", Value::from(model)),
        ("content_hash", Value::from(content_hash.to_string())),
        ("signed_at", Value::from("2026-11-22T02:31:40Z")),
    ]);
    let signed_payload = certivu_escaped(&payload);
    Record {
        algorithm: Algorithm::ML_DSA_65,
        content_hash,
        created_at: "2026-11-22T02:31:42Z".to_owned(),
        generator_id: generator_id.to_owned(),
        key_id: generator().public_key().id_hex(),
        model: model.to_owned(),
        org_id: "org_01".to_owned(),
        organisation: "Atelier \"É\"".to_owned(),
        record_id: id::encode("rec_", [8; 16]),
        signature: generator().sign(signed_payload.as_bytes()).unwrap(),
        signed_payload,
        watermark_id: watermark_id.to_owned(),
    }
}

/// The exact bytes of the log's 300 entries.
pub fn entries() -> Vec<String> {
    let document = record().to_text();
    let mut prev_hash = GENESIS;
    (0..300)
        .map(|index| {
            let ours = index == INDEX;
            let entry = Entry {
                cert_id: if ours {
                    id::encode("rec_", [8; 16])
                } else {
                    format!("rec_{index}")
                },
                kind: "record".to_owned(),
                manifest_hash: if ours {
                    digest::sha256(document.as_bytes())
                } else {
                    [0; 32]
                },
                prev_hash,
                seq_no: index as u64 + 1,
                ts: "2026-11-22T02:31:42Z".to_owned(),
            };
            let text = entry.to_text().unwrap();
            prev_hash = entry::entry_hash(text.as_bytes());
            text
        })
        .collect()
}

fn log() -> (Checkpoint, Tiles) {
    let leaves: Vec<_> = entries()
        .iter()
        .map(|entry| merkle::leaf_hash(entry.as_bytes()))
        .collect();
    let (mut frontier, mut tiles) = (Frontier::new(), Tiles::new());
    for tile in frontier.append(&leaves) {
        tiles.insert_tile(tile);
    }
    let head = Checkpoint::new("colophon.example/log", frontier.size(), frontier.root());
    (head, tiles)
}

pub fn head() -> Checkpoint {
    log().0
}

pub fn bundle() -> Bundle {
    let (head, tiles) = log();
    Bundle {
        document: record().to_text(),
        key: generator().public_key(),
        entry: entries().swap_remove(INDEX),
        proof: TlogProof {
            extra: None,
            index: INDEX as u64,
            hashes: merkle::inclusion_proof(INDEX as u64, head.size, &tiles).unwrap(),
            checkpoint: head.sign(&log_signer()).unwrap().to_string(),
        },
        log: log_key(),
    }
}
