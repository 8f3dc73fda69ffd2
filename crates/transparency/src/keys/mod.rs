//! Keys and signatures: Ed25519 (RFC 8032), ML-DSA (FIPS 204) and, for verification
//! only, round-3 Dilithium3.
//!
//! [`PrivateKey`] and [`PublicKey`] hold a key of any algorithm, for code that reads
//! keys from outside. Code that has decided on one algorithm uses the types of
//! [`ed25519`] and [`ml_dsa`] directly.

pub mod ed25519;
pub mod ml_dsa;
mod private;
mod public;

use std::fmt;
use std::str::FromStr;

pub use ed25519::{Ed25519SigningKey, Ed25519VerifyingKey};
pub use ml_dsa::{MlDsaSigningKey, MlDsaVerifyingKey, ParameterSet};
pub use private::PrivateKey;
pub use public::PublicKey;

/// The signature algorithms that Colophon verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519, RFC 8032.
    Ed25519,
    /// ML-DSA of one parameter set, FIPS 204, pure, with an empty context.
    MlDsa(ParameterSet),
    /// Dilithium3 as submitted to round 3, which Certivu's 1.1.0 clients sign with.
    /// Its public keys cannot be told from those of ML-DSA-65; its signatures can.
    Dilithium3Round3,
}

impl Algorithm {
    /// ML-DSA-65, what generators sign with unless they say otherwise.
    pub const ML_DSA_65: Self = Self::MlDsa(ParameterSet::MlDsa65);

    /// Every algorithm.
    pub const ALL: [Self; 5] = [
        Self::Ed25519,
        Self::MlDsa(ParameterSet::MlDsa44),
        Self::MlDsa(ParameterSet::MlDsa65),
        Self::MlDsa(ParameterSet::MlDsa87),
        Self::Dilithium3Round3,
    ];

    /// The name in documents and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::MlDsa(ParameterSet::MlDsa44) => "ml-dsa-44",
            Self::MlDsa(ParameterSet::MlDsa65) => "ml-dsa-65",
            Self::MlDsa(ParameterSet::MlDsa87) => "ml-dsa-87",
            Self::Dilithium3Round3 => "dilithium3-r3",
        }
    }

    /// Bytes of a raw public key.
    #[must_use]
    pub fn public_key_len(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::MlDsa(set) => set.public_key_len(),
            Self::Dilithium3Round3 => crate::dilithium3::PUBLIC_KEY_LEN,
        }
    }

    /// Bytes of a signature.
    #[must_use]
    pub fn signature_len(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            Self::MlDsa(set) => set.signature_len(),
            Self::Dilithium3Round3 => crate::dilithium3::SIGNATURE_LEN,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(KeyError::UnknownAlgorithm)
    }
}

/// Why a key was refused. No variant carries key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The name of the algorithm, or its object identifier, is not one of ours.
    #[error(
        "unknown algorithm; expected ed25519, ml-dsa-44, ml-dsa-65, ml-dsa-87 or dilithium3-r3"
    )]
    UnknownAlgorithm,
    /// A key of another algorithm or parameter set than the one asked for.
    #[error("this is a key for {found}, not for {expected}")]
    WrongAlgorithm {
        /// What the caller asked for.
        expected: Algorithm,
        /// What the key says it is.
        found: Algorithm,
    },
    /// A raw public key of the wrong length.
    #[error("a public key for {algorithm} has {expected} bytes, not {found}")]
    WrongLength {
        /// What the caller asked for.
        algorithm: Algorithm,
        /// The bytes it needs.
        expected: usize,
        /// The bytes that came.
        found: usize,
    },
    /// Neither PEM nor base64 nor hexadecimal, or the wrong PEM label.
    #[error("not a key in PEM, base64 or hexadecimal")]
    Malformed,
    /// DER that is not SubjectPublicKeyInfo (RFC 5280) or PKCS #8 (RFC 5958).
    #[error("not a DER key structure")]
    MalformedDer,
    /// An Ed25519 public key that is not a curve point, or is of small order.
    #[error("not a usable point of Ed25519")]
    InvalidPoint,
    /// An expanded ML-DSA private key without the seed it came from (RFC 9881 §6).
    #[error("an ML-DSA private key must contain its 32-byte seed")]
    SeedMissing,
    /// A private key whose parts belong to different keys.
    #[error("the parts of the private key do not belong together")]
    Inconsistent,
    /// The algorithm is only verified here, never signed with.
    #[error("{algorithm} keys are only used to verify")]
    VerifyOnly {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
}

/// Why a signature was refused, or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The length is not that of a signature of this algorithm.
    #[error("a signature of {algorithm} has {expected} bytes, not {found}")]
    WrongLength {
        /// The algorithm of the key.
        algorithm: Algorithm,
        /// The bytes it needs.
        expected: usize,
        /// The bytes that came.
        found: usize,
    },
    /// Not a signature of this message by this key.
    #[error("the signature does not match the message and the key")]
    Invalid,
    /// ML-DSA signing ran out of attempts; FIPS 204 appendix C puts this below 2^-256.
    #[error("signing was rejected too often")]
    Rejected,
}
