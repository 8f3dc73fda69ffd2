//! Published test vectors: what Colophon computes is what everyone else computes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_transparency::canonical::{certivu_escaped, certivu_raw, rfc8785};
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::digest::sha256;
use colophon_transparency::keys::{
    Algorithm, Ed25519SigningKey, Ed25519VerifyingKey, ParameterSet, PrivateKey, PublicKey,
};
use colophon_transparency::merkle::{self, Hash, Tiles};
use colophon_transparency::note::{Note, NoteSigner, SignatureType, VerifierKey};
use colophon_transparency::proof::TlogProof;
use colophon_transparency::{json, record};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(vectors().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read_text(path: &str) -> String {
    String::from_utf8(read(path)).unwrap()
}

fn read_json(path: &str) -> Value {
    serde_json::from_slice(&read(path)).unwrap()
}

/// A file of the full collections, which only the project's own machines have.
fn read_full(path: &str) -> Option<Value> {
    let path = Path::new("/work/shared/data/vectors").join(path);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            println!("skipped: {} is not on this machine", path.display());
            None
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {value}"))
}

fn base64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

#[test]
fn rfc_8785_by_its_authors() {
    for name in [
        "arrays",
        "french",
        "structures",
        "unicode",
        "values",
        "weird",
    ] {
        let input = read(&format!("jcs/input/{name}.json"));
        let value = json::parse(&input, json::Limits::default()).unwrap();
        let canonical = rfc8785(&value);
        assert_eq!(
            canonical,
            read_text(&format!("jcs/output/{name}.json")),
            "{name}"
        );
        let again = json::parse_str(&canonical).unwrap();
        assert_eq!(rfc8785(&again), canonical, "{name}");
    }
}

#[test]
fn numbers_print_as_in_ecmascript() {
    for line in read_text("jcs/numbers.csv").lines() {
        let (bits, printed) = line.split_once(',').unwrap();
        let double = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        // Rust's own exponent form is an independent spelling of the same double.
        let value = json::parse_str(&format!("{double:e}"));
        let plain_beyond_2_53 = (2f64.powi(53).next_up()..1e21).contains(&double.abs());
        assert_eq!(value.is_err(), plain_beyond_2_53, "{bits}");
        if let Ok(value) = value {
            assert_eq!(rfc8785(&value), printed, "{bits}");
        }
    }
}

#[test]
fn certivu_records_verify_in_both_spellings_and_both_schemes() {
    let vectors = read_json("certivu/record.json");
    let key = |name: &str| base64(text(&vectors[name], "public_key"));
    let ml_dsa = PublicKey::from_raw(Algorithm::ML_DSA_65, &key("ml_dsa_65")).unwrap();
    let round3 = PublicKey::from_raw(Algorithm::ML_DSA_65, &key("dilithium3_round3")).unwrap();
    let seed = hex::decode(text(&vectors["ml_dsa_65"], "seed_hex")).unwrap();
    let signer = PrivateKey::from_seed(Algorithm::ML_DSA_65, &seed.try_into().unwrap()).unwrap();
    assert_eq!(signer.public_key(), ml_dsa);

    for case in items(&vectors["cases"]) {
        let payload = json::parse_str(&case["signed_payload"].to_string()).unwrap();
        let escaped = certivu_escaped(&payload);
        assert_eq!(escaped, text(case, "canonical_python_sdk"));
        assert_eq!(certivu_raw(&payload), text(case, "canonical_js_sort"));

        let signature = base64(text(case, "ml_dsa_65_signature"));
        let signed = record::verify_payload(&ml_dsa, &payload, &signature).unwrap();
        assert_eq!(signed.algorithm, Algorithm::ML_DSA_65);
        assert_eq!(signed.text, escaped);
        assert_eq!(signer.sign(escaped.as_bytes()).unwrap(), signature);

        let raw = certivu_raw(&payload);
        let signature = signer.sign(raw.as_bytes()).unwrap();
        let signed = record::verify_payload(&ml_dsa, &payload, &signature).unwrap();
        assert_eq!(signed.text, raw);

        let signature = base64(text(case, "dilithium3_signature"));
        let signed = record::verify_payload(&round3, &payload, &signature).unwrap();
        assert_eq!(signed.algorithm, Algorithm::Dilithium3Round3);
        assert_eq!(signed.text, escaped);
        assert!(record::verify_payload(&ml_dsa, &payload, &signature).is_err());
        // A bit of the challenge, of the response, and of the hints.
        for byte in [0, 31, 32, 1_600, 3_231, 3_232, 3_286, 3_287, 3_292] {
            let mut changed = signature.clone();
            changed[byte] ^= 0x10;
            assert!(
                record::verify_payload(&round3, &payload, &changed).is_err(),
                "byte {byte}"
            );
        }
    }
}

#[test]
fn wycheproof_ed25519() {
    let mut count = 0;
    for group in items(&read_json("wycheproof/ed25519.json")) {
        let key: [u8; 32] = hex::decode(text(group, "publicKey"))
            .unwrap()
            .try_into()
            .unwrap();
        let key = Ed25519VerifyingKey::from_bytes(&key);
        for case in items(&group["tests"]) {
            let message = hex::decode(text(case, "msg")).unwrap();
            let signature = hex::decode(text(case, "sig")).unwrap();
            let valid = key.is_ok_and(|key| key.verify(&message, &signature).is_ok());
            assert_eq!(valid, text(case, "result") == "valid", "{case}");
            count += 1;
        }
    }
    assert_eq!(count, 151);
}

fn check_ml_dsa(algorithm: &str, key: &[u8], message: &str, signature: &[u8], case: &Value) {
    let message = hex::decode(message).unwrap();
    let key = PublicKey::from_raw(algorithm.parse().unwrap(), key);
    let valid = key.is_ok_and(|key| key.verify(&message, signature).is_ok());
    assert_eq!(
        valid,
        text(case, "result") == "valid",
        "{algorithm} {}",
        case["tcId"]
    );
}

#[test]
fn wycheproof_ml_dsa() {
    for case in items(&read_json("wycheproof/ml_dsa_verify.json")) {
        let (key, signature) = (base64(text(case, "public_key")), base64(text(case, "sig")));
        check_ml_dsa(
            text(case, "algorithm"),
            &key,
            text(case, "msg"),
            &signature,
            case,
        );
    }
}

#[test]
fn wycheproof_ml_dsa_in_full() {
    for set in ["44", "65", "87"] {
        let path = format!("wycheproof/testvectors_v1/mldsa_{set}_verify_test.json");
        let Some(vectors) = read_full(&path) else {
            return;
        };
        let mut count = 0;
        for group in items(&vectors["testGroups"]) {
            let key = hex::decode(text(group, "publicKey")).unwrap();
            // Colophon signs and verifies with an empty context only.
            let empty = |case: &&Value| case["ctx"].as_str().is_none_or(str::is_empty);
            for case in items(&group["tests"]).iter().filter(empty) {
                let signature = hex::decode(text(case, "sig")).unwrap();
                let algorithm = format!("ml-dsa-{set}");
                check_ml_dsa(&algorithm, &key, text(case, "msg"), &signature, case);
                count += 1;
            }
        }
        println!("ML-DSA-{set}: {count} signatures");

        let path = format!("wycheproof/testvectors_v1/mldsa_{set}_sign_seed_test.json");
        let Some(vectors) = read_full(&path) else {
            return;
        };
        for group in items(&vectors["testGroups"]) {
            let seed = hex::decode(text(group, "privateSeed")).unwrap();
            let Ok(seed) = <[u8; 32]>::try_from(seed) else {
                continue;
            };
            let algorithm = format!("ml-dsa-{set}").parse().unwrap();
            let key = PrivateKey::from_seed(algorithm, &seed).unwrap();
            let deterministic = |case: &&Value| {
                case["ctx"].as_str().is_none_or(str::is_empty)
                    && case["rnd"]
                        .as_str()
                        .is_none_or(|rnd| rnd.bytes().all(|b| b == b'0'))
                    && case["msg"].is_string()
                    && case["result"] == "valid"
            };
            for case in items(&group["tests"]).iter().filter(deterministic) {
                let message = hex::decode(text(case, "msg")).unwrap();
                let signature = hex::encode(key.sign(&message).unwrap());
                assert_eq!(signature, text(case, "sig"), "{set} {}", case["tcId"]);
            }
        }
    }
}

#[test]
fn acvp_ml_dsa_key_generation() {
    use ml_dsa::Keypair as _;
    for case in items(&read_json("acvp/ml_dsa_keygen.json")) {
        let seed: [u8; 32] = hex::decode(text(case, "seed")).unwrap().try_into().unwrap();
        let algorithm: Algorithm = text(case, "algorithm").parse().unwrap();
        let key = PrivateKey::from_seed(algorithm, &seed).unwrap();
        let public = key.public_key();
        assert_eq!(hex::encode(public.id()), text(case, "public_key_sha256"));

        // A second implementation agrees on keys and on deterministic signatures.
        let (other_public, other_signature) = match algorithm {
            Algorithm::MlDsa(ParameterSet::MlDsa44) => {
                let key = ml_dsa::SigningKey::<ml_dsa::MlDsa44>::from_seed(&seed.into());
                let signature = key
                    .expanded_key()
                    .sign_deterministic(b"message", b"")
                    .unwrap();
                (
                    key.verifying_key().encode().to_vec(),
                    signature.encode().to_vec(),
                )
            }
            Algorithm::MlDsa(ParameterSet::MlDsa65) => {
                let key = ml_dsa::SigningKey::<ml_dsa::MlDsa65>::from_seed(&seed.into());
                let signature = key
                    .expanded_key()
                    .sign_deterministic(b"message", b"")
                    .unwrap();
                (
                    key.verifying_key().encode().to_vec(),
                    signature.encode().to_vec(),
                )
            }
            _ => {
                let key = ml_dsa::SigningKey::<ml_dsa::MlDsa87>::from_seed(&seed.into());
                let signature = key
                    .expanded_key()
                    .sign_deterministic(b"message", b"")
                    .unwrap();
                (
                    key.verifying_key().encode().to_vec(),
                    signature.encode().to_vec(),
                )
            }
        };
        assert_eq!(public.as_bytes(), other_public);
        assert_eq!(key.sign(b"message").unwrap(), other_signature);
        public.verify(b"message", &other_signature).unwrap();
    }
}

fn hash(value: &Value) -> Option<Hash> {
    base64(value.as_str().unwrap()).try_into().ok()
}

fn proof(value: &Value) -> Option<Vec<Hash>> {
    items(value).iter().map(hash).collect()
}

#[test]
fn merkle_proofs_of_the_transparency_dev_project() {
    // Hashes of the wrong length cannot be expressed in our types and count as refused.
    let inclusion = read_json("merkle/inclusion.json");
    for case in items(&inclusion) {
        let verdict = || {
            let (leaf, root) = (hash(&case["leafHash"])?, hash(&case["root"])?);
            let (index, size) = (case["leafIdx"].as_u64()?, case["treeSize"].as_u64()?);
            merkle::verify_inclusion(&leaf, index, size, &proof(&case["proof"])?, &root).ok()
        };
        assert_eq!(verdict().is_none(), case["wantErr"], "{}", case["file"]);
    }
    let consistency = read_json("merkle/consistency.json");
    for case in items(&consistency) {
        let verdict = || {
            let (old, new) = (case["size1"].as_u64()?, case["size2"].as_u64()?);
            let (old_root, new_root) = (hash(&case["root1"])?, hash(&case["root2"])?);
            merkle::verify_consistency(old, &old_root, new, &new_root, &proof(&case["proof"])?).ok()
        };
        let file = text(case, "file");
        // Its two equal roots are no hashes, so that our types cannot express it.
        if file.ends_with("sizes-are-equal-one-and-proof-is-empty.json") {
            continue;
        }
        assert_eq!(verdict().is_none(), case["wantErr"], "{file}");
    }
    assert_eq!(
        (items(&inclusion).len(), items(&consistency).len()),
        (98, 98)
    );
}

/// RFC 6962 §2.1.3 has a tree of seven; these are the leaves and roots that the Certificate
/// Transparency reference implementations test with.
#[test]
fn reference_roots_of_small_trees() {
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = merkle::Frontier::new();
    assert_eq!(frontier.root(), merkle::EMPTY_ROOT);
    assert_eq!(merkle::EMPTY_ROOT, sha256(b""));
    for (leaf, root) in leaves.iter().zip(roots) {
        frontier.append(&[merkle::leaf_hash(&hex::decode(leaf).unwrap())]);
        assert_eq!(hex::encode(frontier.root()), root);
    }
}

#[test]
fn a_log_mirrored_by_sunlight() {
    let mirror: VerifierKey =
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O"
            .parse()
            .unwrap();
    assert_eq!(mirror.signature_type(), SignatureType::CosignatureV1);
    let note = Note::parse(&read_text("sunlight/mirror/checkpoint")).unwrap();
    assert_eq!(note.to_string(), read_text("sunlight/mirror/checkpoint"));
    let verified = note.verify([&mirror]).unwrap();
    assert_eq!(verified[0].time, Some(1_767_139_200));

    let head = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(
        (head.origin.as_str(), head.size),
        ("rome2026h1.example.org", 300)
    );
    let mut tiles = Tiles::new();
    let ids = merkle::tiles_for_root(head.size);
    let paths: Vec<_> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["tile/0/001.p/44", "tile/1/000.p/1"]);
    for id in ids {
        let bytes = read(&format!("sunlight/mirror/{id}"));
        tiles.insert(id, &bytes).unwrap();
    }
    assert_eq!(merkle::root(head.size, &tiles).unwrap(), head.root);

    // Appending the 300 leaf hashes gives the same tiles and the same root.
    let mut leaves = read("sunlight/mirror/tile/0/000");
    leaves.extend(read("sunlight/mirror/tile/0/001.p/44"));
    let mut frontier = merkle::Frontier::new();
    for tile in frontier.append(leaves.as_chunks::<32>().0) {
        assert_eq!(
            tile.to_bytes(),
            read(&format!("sunlight/mirror/{}", tile.id))
        );
    }
    assert_eq!(frontier.root(), head.root);

    let witness: VerifierKey =
        "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
            .parse()
            .unwrap();
    let cosigned = Note::parse(&read_text("sunlight/cosigned_checkpoint")).unwrap();
    assert_eq!(cosigned.signatures().len(), 2);
    assert_eq!(cosigned.verify([&witness]).unwrap().len(), 1);
    assert!(cosigned.verify([&mirror]).is_err());
}

/// The examples of the C2SP specifications and of Go's `sumdb/note`.
#[test]
fn notes_of_go_and_c2sp() {
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        .parse()
        .unwrap();
    assert_eq!(key.id(), 0xc74f_20a3);
    let message = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note = Note::parse(message).unwrap();
    assert_eq!(note.verify([&key]).unwrap()[0].key, &key);
    assert_eq!(note.to_string(), message);
    for bad in [
        message.replace("answer", "Answer"),
        message.replace("— ", "-- "),
        message.replace("\n\n—", "\n—"),
        message.trim_end().to_owned(),
        message.replace("problem,", "problem,\t"),
        message.replace("x08go/ZJk", "x08go/ZJl"),
    ] {
        assert!(
            Note::parse(&bad)
                .and_then(|note| note.verify([&key]).map(|_| ()))
                .is_err(),
            "{bad}"
        );
    }
    // The specification's own example key and another name for the same key.
    let seed = [5; 32];
    let signer = |name: &str| {
        NoteSigner::new(
            name,
            SignatureType::Ed25519,
            Ed25519SigningKey::from_seed(&seed),
        )
    };
    assert!(signer("two words").is_err() && signer("a+b").is_err() && signer("").is_err());
    assert_ne!(
        signer("a").unwrap().verifier_key().id(),
        signer("b").unwrap().verifier_key().id()
    );
}

#[test]
fn the_tlog_proof_of_the_specification_reads_and_prints_alike() {
    let proof = "c2sp.org/tlog-proof@v1\n\
        extra YWdlLXYx\n\
        index 73894\n\
        gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\
        B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n\
        \n\
        example.com/fancylog\n\
        109482\n\
        sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\
        \n\
        — example.com/fancylog Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let parsed: TlogProof = proof.parse().unwrap();
    assert_eq!((parsed.index, parsed.hashes.len()), (73_894, 2));
    assert_eq!(parsed.extra.as_deref(), Some(&b"age-v1"[..]));
    assert_eq!(parsed.to_string(), proof);
    let note = Note::parse(&parsed.checkpoint).unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size, 109_482);
    for bad in [
        proof.replace("@v1", "@v2"),
        proof.replace("index 73894", "index 073894"),
        proof.replace("index 73894\n", ""),
        proof.replace("index", "Index"),
        proof.replace("PlQ=", "PlQ"),
        proof.replace("\n\n", "\n"),
    ] {
        assert!(bad.parse::<TlogProof>().is_err(), "{bad}");
    }
}
