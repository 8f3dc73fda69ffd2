//! Ed25519 (RFC 8032), verified strictly: canonical encodings only and no point of small
//! order, so that one signature is either valid everywhere or nowhere.

use std::fmt;

use ed25519_dalek::Signer as _;

use super::{Algorithm, KeyError, SignatureError};

/// A private key: 32 secret bytes, erased when dropped.
#[derive(Clone)]
pub struct Ed25519SigningKey(ed25519_dalek::SigningKey);

impl Ed25519SigningKey {
    /// The key that belongs to 32 uniformly random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The 32 secret bytes.
    #[must_use]
    pub(super) fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Signs a message of any length; the same message gives the same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> Ed25519VerifyingKey {
        Ed25519VerifyingKey(self.0.verifying_key())
    }
}

impl fmt::Debug for Ed25519SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519SigningKey(secret)")
    }
}

/// A public key: a point of the curve that is not of small order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ed25519VerifyingKey(ed25519_dalek::VerifyingKey);

impl Ed25519VerifyingKey {
    /// Reads the 32-byte encoding of RFC 8032 §5.1.2.
    ///
    /// # Errors
    /// [`KeyError::InvalidPoint`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        ed25519_dalek::VerifyingKey::from_bytes(bytes)
            .ok()
            .filter(|key| !key.is_weak())
            .map(Self)
            .ok_or(KeyError::InvalidPoint)
    }

    /// The 32-byte encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a 64-byte signature.
    ///
    /// # Errors
    /// [`SignatureError::WrongLength`] or [`SignatureError::Invalid`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| {
            SignatureError::WrongLength {
                algorithm: Algorithm::Ed25519,
                expected: 64,
                found: signature.len(),
            }
        })?;
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| SignatureError::Invalid)
    }
}
