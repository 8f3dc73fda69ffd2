//! Generators that sign records, as an AI company's software would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_transparency::canonical::certivu_escaped;
use colophon_transparency::digest::{FileDigests, HashFunction};
use colophon_transparency::json::{Value, parse_str};
use colophon_transparency::keys::{Algorithm, PrivateKey, PublicKey};

/// The model that [`Signer::record`] names.
pub const MODEL: &str = "aurora-2";

/// A generator's private key and the id it is registered under.
#[derive(Debug)]
pub struct Signer {
    key: PrivateKey,
    /// `gen_…`; empty until it is registered.
    pub generator_id: String,
}

/// The body of `POST /v1/records`, member by member, so that a test can break any of them.
#[derive(Clone, Debug)]
pub struct RecordBody {
    /// Unique in the organisation.
    pub watermark_id: String,
    /// `gen_…`
    pub generator_id: String,
    /// The model's name.
    pub model: String,
    /// `sha3-256:…`
    pub content_hash: String,
    /// Base64.
    pub signature: String,
    /// JSON text, sent as it stands.
    pub signed_payload: String,
}

impl RecordBody {
    /// The body as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = |text: &String| serde_json::Value::from(text.as_str()).to_string();
        format!(
            r#"{{"watermark_id":{},"generator_id":{},"model":{},"content_hash":{},"signature":{},"signed_payload":{}}}"#,
            text(&self.watermark_id),
            text(&self.generator_id),
            text(&self.model),
            text(&self.content_hash),
            text(&self.signature),
            self.signed_payload,
        )
    }
}

impl Signer {
    /// A key that is the same in every run.
    ///
    /// # Panics
    /// For an algorithm that generators do not have.
    #[must_use]
    pub fn new(algorithm: Algorithm, seed: u8) -> Self {
        Self {
            key: must(PrivateKey::from_seed(algorithm, &[seed; 32])),
            generator_id: String::new(),
        }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The key to register.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// A valid record about `content`, in the escaped spelling.
    #[must_use]
    pub fn record(&self, watermark_id: &str, content: &[u8]) -> RecordBody {
        self.record_of(watermark_id, MODEL, content, certivu_escaped)
    }

    /// A valid record of another model, signed in the given canonical spelling.
    #[must_use]
    pub fn record_of(
        &self,
        watermark_id: &str,
        model: &str,
        content: &[u8],
        spelling: fn(&Value) -> String,
    ) -> RecordBody {
        let content_hash = FileDigests::of(content).content_hash(HashFunction::Sha3_256);
        let payload = Value::object([
            ("content_hash", Value::from(content_hash.to_string())),
            ("generator_id", Value::from(self.generator_id.as_str())),
            ("model", Value::from(model)),
            ("watermark_id", Value::from(watermark_id)),
        ]);
        self.record_with(&spelling(&payload))
    }

    /// A record of the very payload `text`, signed as it stands, whatever its spelling.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn record_with(&self, text: &str) -> RecordBody {
        let payload = must(parse_str(text));
        let member = |name: &str| {
            payload
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        RecordBody {
            watermark_id: member("watermark_id"),
            generator_id: member("generator_id"),
            model: member("model"),
            content_hash: member("content_hash"),
            signature: self.sign(text),
            signed_payload: text.to_owned(),
        }
    }

    /// Base64 of the signature over `text`.
    ///
    /// # Panics
    /// When signing fails.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        STANDARD.encode(must(self.key.sign(text.as_bytes())))
    }
}

#[expect(clippy::panic, reason = "a test cannot go on, and says why")]
fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("signer: {error}"),
    }
}
