//! The only place that draws random bytes, and how secrets are stored.

use sha2::{Digest, Sha256};

/// Random bytes from the operating system's generator.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

/// What is stored of a random secret: SHA-256 of its text. Enough for 128 random bits and more;
/// passwords go through argon2id instead.
#[must_use]
pub fn fingerprint(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
