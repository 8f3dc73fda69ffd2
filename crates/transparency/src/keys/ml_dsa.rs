//! ML-DSA (FIPS 204), pure and with an empty context, over `libcrux-ml-dsa`.

use std::fmt;

use libcrux_ml_dsa::{KEY_GENERATION_RANDOMNESS_SIZE, MLDSASigningKey, SIGNING_RANDOMNESS_SIZE};
use libcrux_ml_dsa::{ml_dsa_44, ml_dsa_65, ml_dsa_87};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Algorithm, KeyError, SignatureError};

/// FIPS 204 signs a message under a context string; Colophon leaves it empty, as every
/// contract does.
const CONTEXT: &[u8] = b"";

/// The parameter sets of FIPS 204 §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ParameterSet {
    /// Security category 2.
    MlDsa44,
    /// Security category 3.
    MlDsa65,
    /// Security category 5.
    MlDsa87,
}

impl ParameterSet {
    /// Bytes of a public key.
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::MlDsa44 => ml_dsa_44::MLDSA44VerificationKey::len(),
            Self::MlDsa65 => ml_dsa_65::MLDSA65VerificationKey::len(),
            Self::MlDsa87 => ml_dsa_87::MLDSA87VerificationKey::len(),
        }
    }

    /// Bytes of a signature.
    #[must_use]
    pub const fn signature_len(self) -> usize {
        match self {
            Self::MlDsa44 => ml_dsa_44::MLDSA44Signature::len(),
            Self::MlDsa65 => ml_dsa_65::MLDSA65Signature::len(),
            Self::MlDsa87 => ml_dsa_87::MLDSA87Signature::len(),
        }
    }
}

/// A private key: the seed and the key expanded from it, both erased when dropped.
#[derive(Clone)]
pub struct MlDsaSigningKey {
    seed: Zeroizing<[u8; KEY_GENERATION_RANDOMNESS_SIZE]>,
    expanded: Expanded,
    verifying_key: MlDsaVerifyingKey,
}

/// On the heap, so that moving a key leaves no copy of it behind.
#[derive(Clone)]
enum Expanded {
    MlDsa44(Box<ml_dsa_44::MLDSA44SigningKey>),
    MlDsa65(Box<ml_dsa_65::MLDSA65SigningKey>),
    MlDsa87(Box<ml_dsa_87::MLDSA87SigningKey>),
}

fn move_to_heap<const LEN: usize>(key: &mut MLDSASigningKey<LEN>) -> Box<MLDSASigningKey<LEN>> {
    let mut moved = Box::new(MLDSASigningKey::zero());
    moved.as_mut_slice().copy_from_slice(key.as_slice());
    key.as_mut_slice().zeroize();
    moved
}

impl Drop for Expanded {
    fn drop(&mut self) {
        match self {
            Self::MlDsa44(key) => key.as_mut_slice().zeroize(),
            Self::MlDsa65(key) => key.as_mut_slice().zeroize(),
            Self::MlDsa87(key) => key.as_mut_slice().zeroize(),
        }
    }
}

impl MlDsaSigningKey {
    /// Expands 32 uniformly random bytes, the ξ of FIPS 204 algorithm 1.
    #[must_use]
    pub fn from_seed(set: ParameterSet, seed: &[u8; 32]) -> Self {
        let (expanded, verifying_key) = match set {
            ParameterSet::MlDsa44 => {
                let mut pair = ml_dsa_44::generate_key_pair(*seed);
                (
                    Expanded::MlDsa44(move_to_heap(&mut pair.signing_key)),
                    MlDsaVerifyingKey::MlDsa44(Box::new(pair.verification_key)),
                )
            }
            ParameterSet::MlDsa65 => {
                let mut pair = ml_dsa_65::generate_key_pair(*seed);
                (
                    Expanded::MlDsa65(move_to_heap(&mut pair.signing_key)),
                    MlDsaVerifyingKey::MlDsa65(Box::new(pair.verification_key)),
                )
            }
            ParameterSet::MlDsa87 => {
                let mut pair = ml_dsa_87::generate_key_pair(*seed);
                (
                    Expanded::MlDsa87(move_to_heap(&mut pair.signing_key)),
                    MlDsaVerifyingKey::MlDsa87(Box::new(pair.verification_key)),
                )
            }
        };
        Self {
            seed: Zeroizing::new(*seed),
            expanded,
            verifying_key,
        }
    }

    /// The parameter set.
    #[must_use]
    pub fn parameter_set(&self) -> ParameterSet {
        self.verifying_key.parameter_set()
    }

    /// The 32 secret bytes.
    pub(super) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The expanded private key, FIPS 204 algorithm 24.
    pub(super) fn expanded(&self) -> &[u8] {
        match &self.expanded {
            Expanded::MlDsa44(key) => key.as_slice(),
            Expanded::MlDsa65(key) => key.as_slice(),
            Expanded::MlDsa87(key) => key.as_slice(),
        }
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &MlDsaVerifyingKey {
        &self.verifying_key
    }

    /// Signs deterministically (FIPS 204 §3.4): the same message gives the same signature.
    ///
    /// # Errors
    /// [`SignatureError::Rejected`], which is not expected to happen.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        self.sign_hedged(message, [0; SIGNING_RANDOMNESS_SIZE])
    }

    /// Signs with 32 fresh random bytes mixed in, which hinders fault attacks
    /// (FIPS 204 §3.4).
    ///
    /// # Errors
    /// [`SignatureError::Rejected`], which is not expected to happen.
    pub fn sign_hedged(
        &self,
        message: &[u8],
        randomness: [u8; 32],
    ) -> Result<Vec<u8>, SignatureError> {
        match &self.expanded {
            Expanded::MlDsa44(key) => ml_dsa_44::sign(key, message, CONTEXT, randomness)
                .map(|signature| signature.as_slice().to_vec()),
            Expanded::MlDsa65(key) => ml_dsa_65::sign(key, message, CONTEXT, randomness)
                .map(|signature| signature.as_slice().to_vec()),
            Expanded::MlDsa87(key) => ml_dsa_87::sign(key, message, CONTEXT, randomness)
                .map(|signature| signature.as_slice().to_vec()),
        }
        .map_err(|_| SignatureError::Rejected)
    }
}

impl fmt::Debug for MlDsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaSigningKey({:?}, secret)", self.parameter_set())
    }
}

/// A public key. Every string of the right length is one.
#[derive(Clone)]
pub enum MlDsaVerifyingKey {
    /// 1,312 bytes.
    MlDsa44(Box<ml_dsa_44::MLDSA44VerificationKey>),
    /// 1,952 bytes.
    MlDsa65(Box<ml_dsa_65::MLDSA65VerificationKey>),
    /// 2,592 bytes.
    MlDsa87(Box<ml_dsa_87::MLDSA87VerificationKey>),
}

impl MlDsaVerifyingKey {
    /// Reads the encoding of FIPS 204 algorithm 22.
    ///
    /// # Errors
    /// [`KeyError::WrongLength`].
    pub fn from_bytes(set: ParameterSet, bytes: &[u8]) -> Result<Self, KeyError> {
        let wrong_length = |_| KeyError::WrongLength {
            algorithm: Algorithm::MlDsa(set),
            expected: set.public_key_len(),
            found: bytes.len(),
        };
        Ok(match set {
            ParameterSet::MlDsa44 => Self::MlDsa44(Box::new(
                ml_dsa_44::MLDSA44VerificationKey::new(bytes.try_into().map_err(wrong_length)?),
            )),
            ParameterSet::MlDsa65 => Self::MlDsa65(Box::new(
                ml_dsa_65::MLDSA65VerificationKey::new(bytes.try_into().map_err(wrong_length)?),
            )),
            ParameterSet::MlDsa87 => Self::MlDsa87(Box::new(
                ml_dsa_87::MLDSA87VerificationKey::new(bytes.try_into().map_err(wrong_length)?),
            )),
        })
    }

    /// The parameter set.
    #[must_use]
    pub fn parameter_set(&self) -> ParameterSet {
        match self {
            Self::MlDsa44(_) => ParameterSet::MlDsa44,
            Self::MlDsa65(_) => ParameterSet::MlDsa65,
            Self::MlDsa87(_) => ParameterSet::MlDsa87,
        }
    }

    /// The encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::MlDsa44(key) => key.as_slice(),
            Self::MlDsa65(key) => key.as_slice(),
            Self::MlDsa87(key) => key.as_slice(),
        }
    }

    /// Checks a signature over a message with an empty context.
    ///
    /// # Errors
    /// [`SignatureError::WrongLength`] or [`SignatureError::Invalid`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let set = self.parameter_set();
        let wrong_length = |_| SignatureError::WrongLength {
            algorithm: Algorithm::MlDsa(set),
            expected: set.signature_len(),
            found: signature.len(),
        };
        match self {
            Self::MlDsa44(key) => {
                let signature = signature.try_into().map_err(wrong_length)?;
                let signature = ml_dsa_44::MLDSA44Signature::new(signature);
                ml_dsa_44::verify(key, message, CONTEXT, &signature)
            }
            Self::MlDsa65(key) => {
                let signature = signature.try_into().map_err(wrong_length)?;
                let signature = ml_dsa_65::MLDSA65Signature::new(signature);
                ml_dsa_65::verify(key, message, CONTEXT, &signature)
            }
            Self::MlDsa87(key) => {
                let signature = signature.try_into().map_err(wrong_length)?;
                let signature = ml_dsa_87::MLDSA87Signature::new(signature);
                ml_dsa_87::verify(key, message, CONTEXT, &signature)
            }
        }
        .map_err(|_| SignatureError::Invalid)
    }
}

impl PartialEq for MlDsaVerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for MlDsaVerifyingKey {}

impl fmt::Debug for MlDsaVerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaVerifyingKey({:?})", self.parameter_set())
    }
}
