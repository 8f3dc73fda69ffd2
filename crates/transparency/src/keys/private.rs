//! Private keys of any algorithm and their storage form, PKCS #8 (RFC 5958; RFC 8410 for
//! Ed25519, RFC 9881 for ML-DSA, written in its seed form).

use std::fmt;

use pkcs8::der::asn1::{ContextSpecific, OctetStringRef};
use pkcs8::der::{Decode as _, Encode as _, Reader as _, SliceReader, TagMode, TagNumber};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{LineEnding, PrivateKeyInfoRef};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::public::{algorithm_of, object_identifier};
use super::{
    Algorithm, Ed25519SigningKey, KeyError, MlDsaSigningKey, ParameterSet, PublicKey,
    SignatureError,
};

const PEM_LABEL: &str = "PRIVATE KEY";

/// `[0] IMPLICIT OCTET STRING`, the seed form of RFC 9881 §6.
type SeedForm<'a> = ContextSpecific<&'a OctetStringRef>;

/// A private key of any algorithm that Colophon signs with; erased when dropped.
#[derive(Clone)]
pub enum PrivateKey {
    /// Ed25519.
    Ed25519(Ed25519SigningKey),
    /// ML-DSA.
    MlDsa(MlDsaSigningKey),
}

impl PrivateKey {
    /// The key that belongs to 32 uniformly random bytes.
    ///
    /// # Errors
    /// [`KeyError::VerifyOnly`] for round-3 Dilithium.
    pub fn from_seed(algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Ed25519 => Ok(Self::Ed25519(Ed25519SigningKey::from_seed(seed))),
            Algorithm::MlDsa(set) => Ok(Self::MlDsa(MlDsaSigningKey::from_seed(set, seed))),
            Algorithm::Dilithium3Round3 => Err(KeyError::VerifyOnly { algorithm }),
        }
    }

    /// Reads PKCS #8 DER. ML-DSA keys are read in the forms that contain the seed; where
    /// the expanded key is there too, it must belong to that seed.
    ///
    /// # Errors
    /// [`KeyError::MalformedDer`], [`KeyError::UnknownAlgorithm`],
    /// [`KeyError::SeedMissing`] or [`KeyError::Inconsistent`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::MalformedDer)?;
        let contents = info.private_key.as_bytes();
        let key = match algorithm_of(&info.algorithm)? {
            Algorithm::Ed25519 => {
                let seed =
                    <&OctetStringRef>::from_der(contents).map_err(|_| KeyError::MalformedDer)?;
                Self::Ed25519(Ed25519SigningKey::from_seed(to_seed(seed)?))
            }
            Algorithm::MlDsa(set) => Self::MlDsa(read_ml_dsa(set, contents)?),
            algorithm @ Algorithm::Dilithium3Round3 => {
                return Err(KeyError::VerifyOnly { algorithm });
            }
        };
        match info.public_key {
            Some(public) if public.as_bytes() != Some(key.public_key().as_bytes()) => {
                Err(KeyError::Inconsistent)
            }
            _ => Ok(key),
        }
    }

    /// Reads PKCS #8 PEM (`-----BEGIN PRIVATE KEY-----`).
    ///
    /// # Errors
    /// [`KeyError::Malformed`] and those of [`PrivateKey::from_pkcs8_der`].
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, der) =
            pkcs8::der::pem::decode_vec(pem.trim().as_bytes()).map_err(|_| KeyError::Malformed)?;
        let der = Zeroizing::new(der);
        if label != PEM_LABEL {
            return Err(KeyError::Malformed);
        }
        Self::from_pkcs8_der(&der)
    }

    /// PKCS #8 DER; ML-DSA in the seed form, which every reader can expand.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        // Encoding 32 bytes cannot fail, so the defaults are unreachable.
        Zeroizing::new(self.encode_pkcs8().unwrap_or_default())
    }

    fn encode_pkcs8(&self) -> pkcs8::der::Result<Vec<u8>> {
        let algorithm = AlgorithmIdentifierRef {
            oid: object_identifier(self.algorithm()),
            parameters: None,
        };
        let contents = Zeroizing::new(match self {
            Self::Ed25519(key) => OctetStringRef::new(key.seed())?.to_der()?,
            Self::MlDsa(key) => SeedForm {
                tag_number: TagNumber(0),
                tag_mode: TagMode::Implicit,
                value: OctetStringRef::new(key.seed())?,
            }
            .to_der()?,
        });
        PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&contents)?).to_der()
    }

    /// PKCS #8 PEM, with a final newline.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let der = self.to_pkcs8_der();
        let pem = pkcs8::der::pem::encode_string(PEM_LABEL, LineEnding::LF, &der);
        Zeroizing::new(pem.unwrap_or_default())
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::MlDsa(key) => Algorithm::MlDsa(key.parameter_set()),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => key.verifying_key().into(),
            Self::MlDsa(key) => key.verifying_key().clone().into(),
        }
    }

    /// Signs a message, deterministically.
    ///
    /// # Errors
    /// [`SignatureError::Rejected`], which is not expected to happen.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).to_vec()),
            Self::MlDsa(key) => key.sign(message),
        }
    }
}

fn to_seed(octets: &OctetStringRef) -> Result<&[u8; 32], KeyError> {
    octets
        .as_bytes()
        .try_into()
        .map_err(|_| KeyError::MalformedDer)
}

/// The CHOICE of RFC 9881 §6: `[0] seed`, `OCTET STRING expandedKey`, or a SEQUENCE of
/// both.
fn read_ml_dsa(set: ParameterSet, contents: &[u8]) -> Result<MlDsaSigningKey, KeyError> {
    let malformed = |_| KeyError::MalformedDer;
    let mut reader = SliceReader::new(contents).map_err(malformed)?;
    match contents.first() {
        Some(0x80) => {
            let seed = SeedForm::decode_implicit(&mut reader, TagNumber(0)).map_err(malformed)?;
            reader.finish().map_err(malformed)?;
            let seed = seed.ok_or(KeyError::MalformedDer)?.value;
            Ok(MlDsaSigningKey::from_seed(set, to_seed(seed)?))
        }
        Some(0x04) => Err(KeyError::SeedMissing),
        _ => {
            let both = reader.sequence(|inner| {
                let seed = <&OctetStringRef>::decode(inner)?;
                let expanded = <&OctetStringRef>::decode(inner)?;
                Ok::<_, pkcs8::der::Error>((seed, expanded))
            });
            let (seed, expanded) = both.map_err(malformed)?;
            reader.finish().map_err(malformed)?;
            let key = MlDsaSigningKey::from_seed(set, to_seed(seed)?);
            if key.expanded().ct_eq(expanded.as_bytes()).into() {
                Ok(key)
            } else {
                Err(KeyError::Inconsistent)
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, secret)", self.algorithm())
    }
}
