//! Signed provenance records: what a generator signed, and the document that Colophon
//! stores and logs for it.

use crate::canonical::{certivu_escaped, certivu_raw, rfc8785};
use crate::digest::ContentHash;
use crate::json::{self, Value};
use crate::keys::{Algorithm, ParameterSet, PublicKey, SignatureError};
use crate::{encoding, timestamp};

/// The `format` member of every record document.
pub const FORMAT: &str = "colophon-record/1";

/// The members of `signed_payload` that repeat the record's own.
pub const REPEATED: [&str; 4] = ["content_hash", "generator_id", "model", "watermark_id"];

/// A payload whose signature was verified, in the spelling that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// The algorithm that verified: the key's own, or round-3 Dilithium3.
    pub algorithm: Algorithm,
    /// The exact text under the signature.
    pub text: String,
}

/// Checks a generator's signature over a payload, first in the escaped and then in the
/// raw spelling, because Certivu's clients differ in it. An ML-DSA-65 key also takes a
/// round-3 Dilithium3 signature, which its length tells apart.
///
/// # Errors
/// [`SignatureError::WrongLength`] or [`SignatureError::Invalid`].
pub fn verify_payload(
    key: &PublicKey,
    payload: &Value,
    signature: &[u8],
) -> Result<SignedText, SignatureError> {
    let round3 = Algorithm::Dilithium3Round3;
    let key = match key.algorithm() {
        Algorithm::MlDsa(ParameterSet::MlDsa65) if signature.len() == round3.signature_len() => {
            // The raw keys have the same length, so that this conversion cannot fail.
            PublicKey::from_raw(round3, key.as_bytes()).map_err(|_| SignatureError::Invalid)?
        }
        _ => key.clone(),
    };
    let mut verdict = Err(SignatureError::Invalid);
    let mut tried = String::new();
    for spell in [certivu_escaped, certivu_raw] {
        let text = spell(payload);
        if text == tried {
            break;
        }
        verdict = key.verify(text.as_bytes(), signature);
        if verdict.is_ok() {
            let algorithm = key.algorithm();
            return Ok(SignedText { algorithm, text });
        }
        tried = text;
    }
    Err(verdict.err().unwrap_or(SignatureError::Invalid))
}

/// The document of one record. Its exact bytes are stored, hashed into the log and
/// carried in bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The algorithm of `signature`.
    pub algorithm: Algorithm,
    /// The hash of the content that was made.
    pub content_hash: ContentHash,
    /// When the record was accepted: RFC 3339, UTC, whole seconds.
    pub created_at: String,
    /// The generator, `gen_…`.
    pub generator_id: String,
    /// SHA-256 of the generator's raw public key, in hexadecimal.
    pub key_id: String,
    /// The model, as the generator names it.
    pub model: String,
    /// The organisation, `org_…`.
    pub org_id: String,
    /// The name of the organisation when the record was made.
    pub organisation: String,
    /// The record, `rec_…`.
    pub record_id: String,
    /// The generator's signature over `signed_payload`.
    pub signature: Vec<u8>,
    /// The exact canonical JSON that the generator signed.
    pub signed_payload: String,
    /// The watermark in the content, as the generator names it.
    pub watermark_id: String,
}

/// Why a record document was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Not JSON.
    #[error("the record is not JSON: {0}")]
    Json(#[from] json::Error),
    /// A member is missing or invalid.
    #[error("the record's {0} is missing or invalid")]
    Member(&'static str),
    /// The right members, but other bytes than the canonical ones.
    #[error("the record is not in its canonical form")]
    NotCanonical,
}

impl Record {
    /// The exact text of the document (RFC 8785).
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = |text: &String| Value::from(text.as_str());
        rfc8785(&Value::object([
            ("algorithm", Value::from(self.algorithm.name())),
            ("content_hash", Value::from(self.content_hash.to_string())),
            ("created_at", text(&self.created_at)),
            ("format", Value::from(FORMAT)),
            ("generator_id", text(&self.generator_id)),
            ("key_id", text(&self.key_id)),
            ("model", text(&self.model)),
            ("org_id", text(&self.org_id)),
            ("organisation", text(&self.organisation)),
            ("record_id", text(&self.record_id)),
            ("signature", Value::from(encoding::base64(&self.signature))),
            ("signed_payload", text(&self.signed_payload)),
            ("watermark_id", text(&self.watermark_id)),
        ]))
    }

    /// Reads a document; only its exact canonical text is one.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(document: &str) -> Result<Self, RecordError> {
        let value = json::parse_str(document)?;
        let text = |name| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or(RecordError::Member(name))
        };
        let member = |name| text(name).map(str::to_owned);
        if text("format")? != FORMAT {
            return Err(RecordError::Member("format"));
        }
        let record = Self {
            algorithm: text("algorithm")?
                .parse()
                .map_err(|_| RecordError::Member("algorithm"))?,
            content_hash: text("content_hash")?
                .parse()
                .map_err(|_| RecordError::Member("content_hash"))?,
            created_at: member("created_at")?,
            generator_id: member("generator_id")?,
            key_id: member("key_id")?,
            model: member("model")?,
            org_id: member("org_id")?,
            organisation: member("organisation")?,
            record_id: member("record_id")?,
            signature: encoding::from_base64(text("signature")?)
                .map_err(|_| RecordError::Member("signature"))?,
            signed_payload: member("signed_payload")?,
            watermark_id: member("watermark_id")?,
        };
        if timestamp::seconds(&record.created_at).is_none() {
            return Err(RecordError::Member("created_at"));
        }
        if record.to_text() == document {
            Ok(record)
        } else {
            Err(RecordError::NotCanonical)
        }
    }

    /// The record's own value of a member that `signed_payload` repeats.
    #[must_use]
    pub fn repeated(&self, name: &str) -> Option<String> {
        match name {
            "content_hash" => Some(self.content_hash.to_string()),
            "generator_id" => Some(self.generator_id.clone()),
            "model" => Some(self.model.clone()),
            "watermark_id" => Some(self.watermark_id.clone()),
            _ => None,
        }
    }
}
