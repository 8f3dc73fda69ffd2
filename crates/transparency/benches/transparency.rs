//! What one operation costs. `cargo bench -p colophon-transparency`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::hint::black_box;

use colophon_transparency::canonical::{certivu_escaped, rfc8785};
use colophon_transparency::digest::FileDigests;
use colophon_transparency::entry::Entry;
use colophon_transparency::keys::{Algorithm, Ed25519SigningKey, PrivateKey, PublicKey};
use colophon_transparency::merkle::{self, Frontier, Hash, Tiles};
use colophon_transparency::token::Token;
use colophon_transparency::{bundle, json};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn documents(c: &mut Criterion) {
    let document = sample::record().to_text();
    let payload = sample::record().signed_payload;
    let value = json::parse_str(&payload).unwrap();
    c.bench_function("json: parse a signed payload", |b| {
        b.iter(|| json::parse_str(black_box(&payload)).unwrap())
    });
    c.bench_function("canonical: spell a signed payload", |b| {
        b.iter(|| certivu_escaped(black_box(&value)))
    });
    c.bench_function(
        "canonical: parse and spell a record document (RFC 8785)",
        |b| b.iter(|| rfc8785(&json::parse_str(black_box(&document)).unwrap())),
    );
    let entry = Entry::parse(sample::entries().first().unwrap().as_bytes()).unwrap();
    c.bench_function("entry: spell and hash", |b| {
        b.iter(|| merkle::leaf_hash(black_box(&entry).to_text().unwrap().as_bytes()))
    });
}

fn signatures(c: &mut Criterion) {
    let message = sample::record().signed_payload;
    let message = message.as_bytes();
    let ed25519 = Ed25519SigningKey::from_seed(&[1; 32]);
    let signature = ed25519.sign(message);
    let public = ed25519.verifying_key();
    c.bench_function("ed25519: sign", |b| {
        b.iter(|| ed25519.sign(black_box(message)))
    });
    c.bench_function("ed25519: verify strictly", |b| {
        b.iter(|| public.verify(black_box(message), &signature).unwrap())
    });
    c.bench_function("token: issue", |b| {
        b.iter(|| Token::issue(&ed25519, black_box([9; 16])).to_string())
    });
    for algorithm in Algorithm::ALL {
        let Algorithm::MlDsa(_) = algorithm else {
            continue;
        };
        let key = PrivateKey::from_seed(algorithm, &[1; 32]).unwrap();
        let (public, signature) = (key.public_key(), key.sign(message).unwrap());
        c.bench_function(&format!("{algorithm}: sign"), |b| {
            b.iter(|| key.sign(black_box(message)).unwrap())
        });
        c.bench_function(&format!("{algorithm}: verify"), |b| {
            b.iter(|| public.verify(black_box(message), &signature).unwrap())
        });
        c.bench_function(&format!("{algorithm}: read a public key and verify"), |b| {
            b.iter(|| {
                let key = PublicKey::from_raw(algorithm, black_box(public.as_bytes())).unwrap();
                key.verify(message, &signature).unwrap();
            })
        });
    }
    let round3 = Algorithm::Dilithium3Round3;
    let vector = include_str!("../tests/vectors/certivu/record.json");
    let vector: serde_json::Value = serde_json::from_str(vector).unwrap();
    let bytes = |pointer: &str| {
        let text = vector.pointer(pointer).unwrap().as_str().unwrap();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
    };
    let key = PublicKey::from_raw(round3, &bytes("/dilithium3_round3/public_key")).unwrap();
    let signature = bytes("/cases/0/dilithium3_signature");
    let message = vector
        .pointer("/cases/0/canonical_python_sdk")
        .unwrap()
        .as_str()
        .unwrap();
    c.bench_function("dilithium3-r3: verify", |b| {
        b.iter(|| {
            key.verify(black_box(message.as_bytes()), &signature)
                .unwrap()
        })
    });
}

fn log(c: &mut Criterion) {
    const SIZE: u64 = 10_000_000;
    let leaf = |index: u64| -> Hash { merkle::leaf_hash(&index.to_be_bytes()) };
    let leaves: Vec<Hash> = (0..SIZE).map(leaf).collect();
    let mut frontier = Frontier::new();
    let mut tiles = Tiles::new();
    for tile in frontier.append(&leaves) {
        tiles.insert_tile(tile);
    }
    let root = frontier.root();

    let mut group = c.benchmark_group("append");
    for batch in [256, 4096, 100_000] {
        let batch = leaves.get(..batch).unwrap();
        group.throughput(Throughput::Elements(batch.len() as u64));
        group.bench_function(
            format!("{} leaves to 10,000,000, tiles and root", batch.len()),
            |b| {
                b.iter_batched_ref(
                    || frontier.clone(),
                    |frontier| (frontier.append(black_box(batch)), frontier.root()),
                    BatchSize::SmallInput,
                )
            },
        );
    }
    group.finish();

    let mut index = 0;
    c.bench_function("inclusion proof from tiles, 10,000,000 leaves", |b| {
        b.iter(|| {
            index = (index + 7_919_999) % SIZE;
            merkle::inclusion_proof(black_box(index), SIZE, &tiles).unwrap()
        })
    });
    c.bench_function("consistency proof from tiles, 10,000,000 leaves", |b| {
        b.iter(|| {
            index = (index + 7_919_999) % SIZE;
            merkle::consistency_proof(black_box(index), SIZE, &tiles).unwrap()
        })
    });
    let proof = merkle::inclusion_proof(1_234_567, SIZE, &tiles).unwrap();
    let leaf = leaf(1_234_567);
    c.bench_function("verify an inclusion proof, 10,000,000 leaves", |b| {
        b.iter(|| {
            merkle::verify_inclusion(&leaf, 1_234_567, SIZE, black_box(&proof), &root).unwrap()
        })
    });
}

fn bundles(c: &mut Criterion) {
    let json = sample::bundle().to_json();
    let trusted = [sample::log_key()];
    let file = FileDigests::of(sample::CONTENT);
    c.bench_function("bundle: parse and verify", |b| {
        b.iter(|| {
            let bundle = bundle::Bundle::parse(black_box(json.as_bytes())).unwrap();
            bundle::verify(&bundle, Some(&file), &trusted)
        })
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = documents, signatures, log, bundles
}
criterion_main!(benches);
