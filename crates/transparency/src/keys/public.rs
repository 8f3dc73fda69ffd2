//! Public keys of any algorithm and the forms they travel in: raw, SubjectPublicKeyInfo
//! (RFC 5280; RFC 8410 for Ed25519, RFC 9881 for ML-DSA) and JWK (RFC 8037, RFC 9964).

use std::fmt;

use pkcs8::der::asn1::BitStringRef;
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{LineEnding, ObjectIdentifier};

use super::{
    Algorithm, Ed25519VerifyingKey, KeyError, MlDsaVerifyingKey, ParameterSet, SignatureError,
};
use crate::json::Value;
use crate::merkle::Hash;
use crate::{digest, dilithium3, encoding};

const PEM_LABEL: &str = "PUBLIC KEY";

/// A public key of any algorithm.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Ed25519(Ed25519VerifyingKey),
    MlDsa(MlDsaVerifyingKey),
    Dilithium3(Box<dilithium3::VerifyingKey>),
}

/// The object identifier of an algorithm in PKIX; round-3 Dilithium never had one of its
/// own and travels as ML-DSA-65.
pub(super) fn object_identifier(algorithm: Algorithm) -> ObjectIdentifier {
    let text = match algorithm {
        Algorithm::Ed25519 => "1.3.101.112",
        Algorithm::MlDsa(ParameterSet::MlDsa44) => "2.16.840.1.101.3.4.3.17",
        Algorithm::MlDsa(ParameterSet::MlDsa65) | Algorithm::Dilithium3Round3 => {
            "2.16.840.1.101.3.4.3.18"
        }
        Algorithm::MlDsa(ParameterSet::MlDsa87) => "2.16.840.1.101.3.4.3.19",
    };
    ObjectIdentifier::new_unwrap(text)
}

/// The algorithm of a PKIX structure; RFC 8410 and RFC 9881 both demand that the
/// parameters be absent.
pub(super) fn algorithm_of(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Algorithm, KeyError> {
    if identifier.parameters.is_some() {
        return Err(KeyError::MalformedDer);
    }
    Algorithm::ALL
        .into_iter()
        .find(|algorithm| object_identifier(*algorithm) == identifier.oid)
        .ok_or(KeyError::UnknownAlgorithm)
}

impl PublicKey {
    /// Reads a raw public key.
    ///
    /// # Errors
    /// [`KeyError::WrongLength`] or [`KeyError::InvalidPoint`].
    pub fn from_raw(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let wrong_length = |_| KeyError::WrongLength {
            algorithm,
            expected: algorithm.public_key_len(),
            found: bytes.len(),
        };
        Ok(Self(match algorithm {
            Algorithm::Ed25519 => Kind::Ed25519(Ed25519VerifyingKey::from_bytes(
                bytes.try_into().map_err(wrong_length)?,
            )?),
            Algorithm::MlDsa(set) => Kind::MlDsa(MlDsaVerifyingKey::from_bytes(set, bytes)?),
            Algorithm::Dilithium3Round3 => Kind::Dilithium3(Box::new(
                dilithium3::VerifyingKey::new(bytes.try_into().map_err(wrong_length)?),
            )),
        }))
    }

    /// Reads a DER SubjectPublicKeyInfo of any algorithm we know.
    ///
    /// # Errors
    /// [`KeyError::MalformedDer`], [`KeyError::UnknownAlgorithm`] and those of
    /// [`PublicKey::from_raw`].
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::MalformedDer)?;
        let algorithm = algorithm_of(&info.algorithm)?;
        let bytes = info.subject_public_key.as_bytes();
        Self::from_raw(algorithm, bytes.ok_or(KeyError::MalformedDer)?)
    }

    /// Reads a PEM SubjectPublicKeyInfo (`-----BEGIN PUBLIC KEY-----`).
    ///
    /// # Errors
    /// [`KeyError::Malformed`] and those of [`PublicKey::from_spki_der`].
    pub fn from_spki_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, der) =
            pkcs8::der::pem::decode_vec(pem.trim().as_bytes()).map_err(|_| KeyError::Malformed)?;
        if label != PEM_LABEL {
            return Err(KeyError::Malformed);
        }
        Self::from_spki_der(&der)
    }

    /// Reads whatever a person has in hand for a key of this algorithm: PEM, base64 of
    /// DER, base64 of the raw key, or hexadecimal of the raw key.
    ///
    /// # Errors
    /// [`KeyError::WrongAlgorithm`] and those of the other constructors.
    pub fn from_text(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let key = if text.starts_with("-----BEGIN") {
            Self::from_spki_pem(text)?
        } else if text.len() == 2 * algorithm.public_key_len()
            && let Ok(bytes) = hex::decode(text)
        {
            return Self::from_raw(algorithm, &bytes);
        } else {
            let bytes = encoding::from_base64(text).map_err(|_| KeyError::Malformed)?;
            match Self::from_spki_der(&bytes) {
                // Raw keys are no valid DER; their length decides what is said of them.
                Err(KeyError::MalformedDer) => return Self::from_raw(algorithm, &bytes),
                other => other?,
            }
        };
        key.expect_algorithm(algorithm)
    }

    fn expect_algorithm(self, expected: Algorithm) -> Result<Self, KeyError> {
        let found = self.algorithm();
        if found == expected {
            Ok(self)
        } else if object_identifier(found) == object_identifier(expected) {
            Self::from_raw(expected, self.as_bytes())
        } else {
            Err(KeyError::WrongAlgorithm { expected, found })
        }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Kind::Ed25519(_) => Algorithm::Ed25519,
            Kind::MlDsa(key) => Algorithm::MlDsa(key.parameter_set()),
            Kind::Dilithium3(_) => Algorithm::Dilithium3Round3,
        }
    }

    /// The raw key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Kind::Ed25519(key) => key.as_bytes(),
            Kind::MlDsa(key) => key.as_bytes(),
            Kind::Dilithium3(key) => key.as_bytes(),
        }
    }

    /// The Ed25519 key, if it is one.
    #[must_use]
    pub fn as_ed25519(&self) -> Option<&Ed25519VerifyingKey> {
        match &self.0 {
            Kind::Ed25519(key) => Some(key),
            _ => None,
        }
    }

    /// The identifier of the key: SHA-256 of the raw key.
    #[must_use]
    pub fn id(&self) -> Hash {
        digest::sha256(self.as_bytes())
    }

    /// [`PublicKey::id`] in hexadecimal, as documents carry it.
    #[must_use]
    pub fn id_hex(&self) -> String {
        hex::encode(self.id())
    }

    /// The first 16 digits of [`PublicKey::id_hex`], as people see it.
    #[must_use]
    pub fn kid(&self) -> String {
        self.id_hex().chars().take(16).collect()
    }

    /// DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        let algorithm = AlgorithmIdentifierRef {
            oid: object_identifier(self.algorithm()),
            parameters: None,
        };
        // Neither step fails for the few kilobytes of a key.
        BitStringRef::from_bytes(self.as_bytes())
            .and_then(|subject_public_key| {
                SubjectPublicKeyInfoRef {
                    algorithm,
                    subject_public_key,
                }
                .to_der()
            })
            .unwrap_or_default()
    }

    /// PEM SubjectPublicKeyInfo, with a final newline.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        let der = self.to_spki_der();
        pkcs8::der::pem::encode_string(PEM_LABEL, LineEnding::LF, &der).unwrap_or_default()
    }

    /// A JSON Web Key for verifying: `OKP` (RFC 8037) for Ed25519, `AKP` (RFC 9964) for
    /// ML-DSA; `None` for round-3 Dilithium, which JOSE does not know.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Value> {
        let public = Value::from(encoding::base64url(self.as_bytes()));
        let shared = [
            ("kid", Value::from(self.kid())),
            ("use", Value::from("sig")),
        ];
        let own = match &self.0 {
            Kind::Ed25519(_) => vec![
                ("kty", Value::from("OKP")),
                ("crv", Value::from("Ed25519")),
                ("alg", Value::from("EdDSA")),
                ("x", public),
            ],
            Kind::MlDsa(_) => vec![
                ("kty", Value::from("AKP")),
                ("alg", Value::from(self.algorithm().name().to_uppercase())),
                ("pub", public),
            ],
            Kind::Dilithium3(_) => return None,
        };
        Some(Value::object(own.into_iter().chain(shared)))
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`SignatureError::WrongLength`] or [`SignatureError::Invalid`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        match &self.0 {
            Kind::Ed25519(key) => key.verify(message, signature),
            Kind::MlDsa(key) => key.verify(message, signature),
            Kind::Dilithium3(key) => key.verify(message, signature),
        }
    }
}

impl From<Ed25519VerifyingKey> for PublicKey {
    fn from(key: Ed25519VerifyingKey) -> Self {
        Self(Kind::Ed25519(key))
    }
}

impl From<MlDsaVerifyingKey> for PublicKey {
    fn from(key: MlDsaVerifyingKey) -> Self {
        Self(Kind::MlDsa(key))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.algorithm(), self.kid())
    }
}
