//! Accepting a signed record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use colophon_transparency::digest::{ContentHash, HashFunction, sha256};
use colophon_transparency::json::Value;
use colophon_transparency::record::{REPEATED, Record, SignedText, verify_payload};
use colophon_transparency::token::Token;

use super::commit::{Accepted, Outcome};
use crate::access::{Caller, Permission};
use crate::generators::Generator;
use crate::log::Statement;
use crate::{Core, Error, GeneratorId, Kind, RecordId, Result};

/// A record as it is posted; nothing of it has been checked.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// The watermark in the content: unique in the organisation.
    pub watermark_id: String,
    /// The generator that signed.
    pub generator_id: String,
    /// The model, as the generator names it.
    pub model: String,
    /// `sha3-256:` and 64 lowercase hexadecimal digits.
    pub content_hash: String,
    /// Base64 of the ML-DSA signature.
    pub signature: String,
    /// The object that was signed, in canonical form.
    pub signed_payload: Value,
}

/// A stored record.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its id.
    pub id: RecordId,
    /// The signed token that stands for it.
    pub token: String,
}

/// Longest name, in characters.
const LONGEST_NAME: usize = 255;
/// Largest document. Whoever looks a file up reads the documents of everybody who stated something
/// about it, and a bundle carries it once more escaped: it must stay far below the 1 MiB that
/// readers of JSON take.
const LARGEST_DOCUMENT: usize = 64 << 10;

/// Verifies and stores a record; what it returns is durable and will be in the log.
///
/// # Errors
/// [`Kind::Invalid`] for a field that breaks its rule, `signature_invalid`, or
/// `duplicate_watermark_id`; [`Kind::NotFound`] for an unknown or revoked generator;
/// [`Kind::Forbidden`] for another organisation's; [`Kind::PaymentRequired`] at the plan's
/// limit, with `upgrade_url`, `limit` and `current`.
pub async fn create(core: &Core, caller: &Caller, new: NewRecord) -> Result<Created> {
    caller.require(Permission::CreateRecords)?;
    name("watermark_id", &new.watermark_id)?;
    name("generator_id", &new.generator_id)?;
    name("model", &new.model)?;
    let content_hash = content_hash(&new.content_hash)?;
    let signature = STANDARD
        .decode(&new.signature)
        .map_err(|_| Error::invalid("signature", "must be base64"))?;
    payload_repeats(&new)?;

    let generator = owned_generator(core, caller, &new.generator_id).await?;
    let (key, signed) = verify(&generator, &new.signed_payload, &signature)?;

    let now = core.clock.now();
    let id = RecordId(core.ids.next());
    let document = Record {
        algorithm: signed.algorithm,
        content_hash,
        created_at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        generator_id: generator.id.to_string(),
        key_id: hex::encode(key),
        model: new.model,
        org_id: caller.org_id.to_string(),
        organisation: caller.organisation.clone(),
        record_id: id.to_string(),
        signature,
        signed_payload: signed.text,
        watermark_id: new.watermark_id.clone(),
    };
    let organisation = document.organisation.clone();
    let model = document.model.clone();
    let document = document.to_text();
    if document.len() > LARGEST_DOCUMENT {
        return Err(Error::invalid(
            "signed_payload",
            "makes a record of more than 64 KiB, which is the most",
        ));
    }
    let token = Token::issue(&core.keyring.issuer(), id.0.into_bytes()).to_string();
    let accepted = Accepted {
        id,
        org_id: caller.org_id,
        generator_id: generator.id,
        signature_limit: caller.plan.signature_limit(),
        key_id: key,
        watermark_id: new.watermark_id,
        organisation,
        model,
        content_hash: content_hash.digest,
        token: token.clone(),
        statement: Statement {
            order: id.0,
            cert_id: id.to_string(),
            kind: "record",
            manifest_hash: sha256(document.as_bytes()),
        },
        document,
        created_at: now,
    };
    match core.commits.submit(accepted).await? {
        Outcome::Stored => {
            core.log_wake.wake();
            metrics::counter!("colophon_records_total").increment(1);
            Ok(Created { id, token })
        }
        Outcome::WatermarkTaken => {
            let mut error = Error::invalid(
                "watermark_id",
                "another record of your organisation has this watermark id",
            );
            error.code = "duplicate_watermark_id";
            Err(error)
        }
        Outcome::GeneratorRevoked => Err(unknown_generator()),
        Outcome::LimitReached { limit, current } => Err(Error::new(
            Kind::PaymentRequired,
            "signature_limit_reached",
            format!("Your plan includes {limit} signatures a month and all are used."),
        )
        .with(
            "upgrade_url",
            format!(
                "{}/console/organisations/{}",
                core.public_url, caller.org_id
            ),
        )
        .with("limit", limit)
        .with("current", current)),
    }
}

fn name(field: &str, text: &str) -> Result<()> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return Err(Error::invalid(
            field,
            format!("must have 1 to {LONGEST_NAME} characters"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not contain control characters"));
    }
    Ok(())
}

fn content_hash(text: &str) -> Result<ContentHash> {
    text.parse::<ContentHash>()
        .ok()
        .filter(|hash| hash.function == HashFunction::Sha3_256)
        .ok_or_else(|| {
            Error::invalid(
                "content_hash",
                "must be sha3-256: and 64 lowercase hexadecimal digits",
            )
        })
}

/// The payload must say what the record says: otherwise the signature would be over something
/// else than what is stored.
fn payload_repeats(new: &NewRecord) -> Result<()> {
    if new.signed_payload.as_object().is_none() {
        return Err(Error::invalid("signed_payload", "must be an object"));
    }
    for field in REPEATED {
        let stated = match field {
            "content_hash" => &new.content_hash,
            "generator_id" => &new.generator_id,
            "model" => &new.model,
            _ => &new.watermark_id,
        };
        match new.signed_payload.get(field).and_then(Value::as_str) {
            None => {
                return Err(Error::invalid(
                    format!("signed_payload.{field}"),
                    "is required and must be a string",
                ));
            }
            Some(signed) if signed != stated => {
                return Err(Error::invalid(
                    format!("signed_payload.{field}"),
                    format!("differs from {field}"),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn unknown_generator() -> Error {
    Error::new(
        Kind::NotFound,
        "generator_not_found",
        "There is no such generator, or it was revoked.",
    )
}

async fn owned_generator(
    core: &Core,
    caller: &Caller,
    id: &str,
) -> Result<std::sync::Arc<Generator>> {
    let id: GeneratorId = id.parse().map_err(|_| unknown_generator())?;
    let generator = core
        .generators
        .get(id)
        .await?
        .ok_or_else(unknown_generator)?;
    if generator.org_id != caller.org_id {
        return Err(Error::new(
            Kind::Forbidden,
            "generator_not_yours",
            "This generator belongs to another organisation.",
        ));
    }
    if generator.revoked_at.is_some() {
        return Err(unknown_generator());
    }
    Ok(generator)
}

/// The id of the key that verifies, and the exact text it verifies.
fn verify(
    generator: &Generator,
    payload: &Value,
    signature: &[u8],
) -> Result<([u8; 32], SignedText)> {
    if generator.keys.is_empty() {
        let mut error = Error::invalid(
            "generator_id",
            "this generator has no public key registered yet",
        );
        error.code = "generator_has_no_key";
        return Err(error);
    }
    let mut reason = String::new();
    for registered in &generator.keys {
        match verify_payload(&registered.key, payload, signature) {
            Ok(signed) => return Ok((registered.key.id(), signed)),
            Err(error) => reason = error.to_string(),
        }
    }
    let mut error = Error::invalid("signature", reason);
    error.code = "signature_invalid";
    Err(error)
}
