//! What must hold for any bytes whatever: no panic, and what is accepted has one spelling.

use colophon_transparency::bundle::{self, Bundle};
use colophon_transparency::canonical::{
    certivu_escaped, certivu_raw, rfc8785, trackorigin_manifest,
};
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::digest::ContentHash;
use colophon_transparency::entry::{Chain, Entry};
use colophon_transparency::json::{self, Limits};
use colophon_transparency::keys::{Algorithm, PrivateKey, PublicKey};
use colophon_transparency::note::{Note, VerifierKey};
use colophon_transparency::proof::TlogProof;
use colophon_transparency::record::Record;
use colophon_transparency::sth::SignedTreeHead;
use colophon_transparency::tile::{TilePath, decode_entries, encode_entries};
use colophon_transparency::token::Token;
use colophon_transparency::{id, timestamp};

/// The I-JSON parser and the canonical spellings.
pub fn json(data: &[u8]) {
    let Ok(value) = json::parse(data, Limits::default()) else {
        return;
    };
    for spell in [rfc8785, certivu_escaped, certivu_raw, trackorigin_manifest] {
        let text = spell(&value);
        let again = json::parse_str(&text).expect("canonical text is readable");
        assert_eq!(spell(&again), text, "canonical text is canonical");
    }
}

/// Tokens, ids, hashes and time stamps.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(token) = text.parse::<Token>() {
        assert_eq!(token.to_string(), text);
    }
    if let Ok(uuid) = id::decode("rec_", text) {
        assert_eq!(id::encode("rec_", uuid), text);
    }
    if let Ok(hash) = text.parse::<ContentHash>() {
        assert_eq!(hash.to_string(), text);
    }
    if timestamp::seconds(text).is_some() {
        assert_eq!(text.len(), 20);
    }
}

/// Signed notes, checkpoints, verifier keys and offline proofs.
pub fn note(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text);
        if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
            assert_eq!(checkpoint.text(), note.text());
        }
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(proof) = text.parse::<TlogProof>() {
        assert_eq!(proof.to_string(), text);
    }
}

/// Public and private keys in every form.
pub fn key(data: &[u8]) {
    if let Ok(key) = PublicKey::from_spki_der(data) {
        assert_eq!(key.to_spki_der(), data);
    }
    if let Ok(key) = PrivateKey::from_pkcs8_der(data) {
        let again = PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).expect("what we write we read");
        assert_eq!(again.public_key(), key.public_key());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        for algorithm in Algorithm::ALL {
            if let Ok(key) = PublicKey::from_text(algorithm, text) {
                assert_eq!(key.algorithm(), algorithm);
            }
        }
        let _ = PrivateKey::from_pkcs8_pem(text);
    }
}

/// Tile paths and entry bundles.
pub fn tile(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(path) = text.parse::<TilePath>()
    {
        assert_eq!(path.to_string(), text);
    }
    if let Ok(entries) = decode_entries(data) {
        assert_eq!(encode_entries(&entries).as_deref(), Ok(data));
    }
}

/// Bundles and record documents.
pub fn bundle(data: &[u8]) {
    if let Ok(bundle) = Bundle::parse(data) {
        let _ = bundle::verify(&bundle, None, std::slice::from_ref(&bundle.log));
        assert_eq!(Bundle::parse(bundle.to_json().as_bytes()), Ok(bundle));
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(record) = Record::parse(text)
    {
        assert_eq!(record.to_text(), text);
    }
}

/// Log entries and signed tree heads.
pub fn entry(data: &[u8]) {
    if let Ok(entry) = Entry::parse(data) {
        assert_eq!(entry.to_text().as_deref().map(str::as_bytes), Ok(data));
    }
    let _ = Chain::new().follow(data);
    if let Ok(head) = SignedTreeHead::parse(data) {
        let json = head.to_json().expect("a head that was read can be written");
        assert_eq!(SignedTreeHead::parse(json.as_bytes()), Ok(head));
    }
}
