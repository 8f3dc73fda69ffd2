//! Reading public keys from files.

use std::path::Path;

use anyhow::Context as _;
use colophon_transparency::keys::{Algorithm, KeyError, PublicKey};

/// Reads a public key of this algorithm.
pub fn read(algorithm: Algorithm, path: &Path) -> anyhow::Result<PublicKey> {
    let bytes = bytes(path)?;
    parse(algorithm, &bytes).with_context(|| format!("public key {}", path.display()))
}

/// Reads a public key of whatever algorithm it is. The bare bytes of a round-3 Dilithium key are
/// also those of an ML-DSA-65 key.
pub fn read_any(path: &Path) -> anyhow::Result<PublicKey> {
    let bytes = bytes(path)?;
    Algorithm::ALL
        .into_iter()
        .find_map(|algorithm| parse(algorithm, &bytes).ok())
        .with_context(|| format!("{} is no public key", path.display()))
}

fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("public key {}", path.display()))
}

/// A file holds text (PEM, base64, hexadecimal) or bytes (DER SPKI, raw).
fn parse(algorithm: Algorithm, bytes: &[u8]) -> Result<PublicKey, KeyError> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return PublicKey::from_text(algorithm, text);
    }
    let key = PublicKey::from_raw(algorithm, bytes).or_else(|_| PublicKey::from_spki_der(bytes))?;
    let found = key.algorithm();
    if found == algorithm {
        Ok(key)
    } else {
        Err(KeyError::WrongAlgorithm {
            expected: algorithm,
            found,
        })
    }
}
