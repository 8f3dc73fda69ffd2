//! Signed notes (C2SP signed-note) and the keys that sign them.
//!
//! A note is text, a blank line, and one line for each signature. Signatures by unknown
//! keys are ignored, which is what lets witnesses cosign and logs rotate their keys.

use std::fmt;
use std::str::FromStr;

use crate::keys::{Ed25519SigningKey, Ed25519VerifyingKey};
use crate::{digest, encoding};

/// The longest note that is read: a checkpoint with a hundred post-quantum cosignatures.
const MAX_LEN: usize = 1 << 20;
/// The most signatures that are read; the specification demands at least 16.
const MAX_SIGNATURES: usize = 100;
const SIGNATURE_MARK: &str = "\u{2014} ";

/// Why a note or a verifier key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Empty, or with a space or a plus sign.
    #[error("a key name must not be empty and must not contain spaces or plus signs")]
    InvalidName,
    /// Not `name+hash+key` with the hash that belongs to name and key.
    #[error("not a verifier key")]
    InvalidVerifierKey,
    /// A verifier key of a signature type that is not supported here.
    #[error("verifier keys of type 0x{0:02x} are not supported")]
    UnsupportedType(u8),
    /// Text that is empty, does not end in a newline, or has control characters.
    #[error("the text of a note must end in a newline and have no control characters")]
    InvalidText,
    /// Not text, blank line and signature lines, or too many of them.
    #[error("not a signed note")]
    Malformed,
    /// A key that we know did not make the signature in its name.
    #[error("the signature of {name} does not match")]
    InvalidSignature {
        /// The name of that key.
        name: String,
    },
    /// None of the keys that we know signed the note.
    #[error("the note is not signed by any known key")]
    Unsigned,
}

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureType {
    /// The text of the note: type 0x01, what logs use.
    Ed25519,
    /// A time and the text: type 0x04, what witnesses use (C2SP tlog-cosignature).
    CosignatureV1,
}

impl SignatureType {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }
}

/// A named Ed25519 key that verifies notes; its text form is a C2SP vkey,
/// `name+<8 hex digits>+<base64>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    signature_type: SignatureType,
    key: Ed25519VerifyingKey,
    id: u32,
}

impl VerifierKey {
    /// Names a key.
    ///
    /// # Errors
    /// [`NoteError::InvalidName`].
    pub fn new(
        name: &str,
        signature_type: SignatureType,
        key: Ed25519VerifyingKey,
    ) -> Result<Self, NoteError> {
        let invalid = |c: char| c.is_whitespace() || c == '+' || c < ' ';
        if name.is_empty() || name.contains(invalid) {
            return Err(NoteError::InvalidName);
        }
        let seed = [
            name.as_bytes(),
            b"\n",
            &[signature_type.byte()],
            key.as_bytes(),
        ];
        let [a, b, c, d, ..] = digest::sha256(&seed.concat());
        Ok(Self {
            name: name.to_owned(),
            signature_type,
            key,
            id: u32::from_be_bytes([a, b, c, d]),
        })
    }

    /// The name in signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32-bit key id in signature lines.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What the key signs.
    #[must_use]
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &Ed25519VerifyingKey {
        &self.key
    }

    /// Checks one signature; gives the time that a cosignature states.
    fn verify(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        match self.signature_type {
            SignatureType::Ed25519 => {
                self.key.verify(text.as_bytes(), signature).ok()?;
                Some(None)
            }
            SignatureType::CosignatureV1 => {
                let (time, signature) = signature.split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                let message = cosigned_message(time, text);
                self.key.verify(message.as_bytes(), signature).ok()?;
                // The specification bounds the time by 2^63 - 1.
                (time >> 63 == 0).then_some(Some(time))
            }
        }
    }
}

fn cosigned_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [
            &[self.signature_type.byte()],
            self.key.as_bytes().as_slice(),
        ]
        .concat();
        let Self { name, id, .. } = self;
        write!(f, "{name}+{id:08x}+{}", encoding::base64(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let invalid = NoteError::InvalidVerifierKey;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(invalid);
        };
        let bytes = encoding::from_base64(key).map_err(|_| NoteError::InvalidVerifierKey)?;
        let (&kind, key) = bytes.split_first().ok_or(NoteError::InvalidVerifierKey)?;
        let signature_type = match kind {
            0x01 => SignatureType::Ed25519,
            0x04 => SignatureType::CosignatureV1,
            other => return Err(NoteError::UnsupportedType(other)),
        };
        let key = key.try_into().map_err(|_| NoteError::InvalidVerifierKey)?;
        let key =
            Ed25519VerifyingKey::from_bytes(key).map_err(|_| NoteError::InvalidVerifierKey)?;
        let parsed = Self::new(name, signature_type, key)?;
        if format!("{:08x}", parsed.id) == id.to_ascii_lowercase() {
            Ok(parsed)
        } else {
            Err(invalid)
        }
    }
}

/// A named Ed25519 key that signs notes.
#[derive(Debug, Clone)]
pub struct NoteSigner {
    verifier: VerifierKey,
    key: Ed25519SigningKey,
}

impl NoteSigner {
    /// Names a key.
    ///
    /// # Errors
    /// [`NoteError::InvalidName`].
    pub fn new(
        name: &str,
        signature_type: SignatureType,
        key: Ed25519SigningKey,
    ) -> Result<Self, NoteError> {
        let verifier = VerifierKey::new(name, signature_type, key.verifying_key())?;
        Ok(Self { verifier, key })
    }

    /// The public half.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs text; `time`, in seconds since 1970, is what a cosignature states and is not
    /// used by other signatures.
    #[must_use]
    pub fn sign(&self, text: &str, time: u64) -> Signature {
        let signature = match self.verifier.signature_type {
            SignatureType::Ed25519 => self.key.sign(text.as_bytes()).to_vec(),
            SignatureType::CosignatureV1 => {
                let signature = self.key.sign(cosigned_message(time, text).as_bytes());
                [time.to_be_bytes().as_slice(), &signature].concat()
            }
        };
        Signature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.id,
            bytes: signature,
        }
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key that claims to have signed.
    pub name: String,
    /// Its key id.
    pub key_id: u32,
    /// What follows the key id: 64 bytes for Ed25519, 72 for a cosignature.
    pub bytes: Vec<u8>,
}

/// A signature that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature<'a> {
    /// The key that signed.
    pub key: &'a VerifierKey,
    /// The time that a cosignature states, in seconds since 1970.
    pub time: Option<u64>,
}

/// Text and signatures. The text means nothing until [`Note::verify`] succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note with one signature.
    ///
    /// # Errors
    /// [`NoteError::InvalidText`].
    pub fn sign(text: &str, signer: &NoteSigner, time: u64) -> Result<Self, NoteError> {
        if !is_valid_text(text) {
            return Err(NoteError::InvalidText);
        }
        Ok(Self {
            text: text.to_owned(),
            signatures: vec![signer.sign(text, time)],
        })
    }

    /// Reads a note of at most 1 MiB and 100 signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let signed = (note.len() <= MAX_LEN)
            .then(|| note.rsplit_once("\n\n"))
            .flatten();
        let (text, lines) = signed.ok_or(NoteError::Malformed)?;
        let text = format!("{text}\n");
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures: Option<Vec<_>> = lines.split('\n').map(parse_signature).collect();
        match signatures {
            Some(signatures) if is_valid_text(&text) && signatures.len() <= MAX_SIGNATURES => {
                Ok(Self { text, signatures })
            }
            _ => Err(NoteError::Malformed),
        }
    }

    /// What is signed, with its final newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, unchecked.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature, for example of a witness; one that is there already is not
    /// repeated.
    pub fn add(&mut self, signature: Signature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Checks every signature by a known key and ignores the others.
    ///
    /// # Errors
    /// [`NoteError::InvalidSignature`] if a known key's signature does not match, and
    /// [`NoteError::Unsigned`] if no known key signed.
    pub fn verify<'a>(
        &self,
        known: impl IntoIterator<Item = &'a VerifierKey> + Clone,
    ) -> Result<Vec<VerifiedSignature<'a>>, NoteError> {
        let mut verified = Vec::new();
        for signature in &self.signatures {
            let named =
                |key: &&VerifierKey| key.name == signature.name && key.id == signature.key_id;
            let Some(key) = known.clone().into_iter().find(named) else {
                continue;
            };
            match key.verify(&self.text, &signature.bytes) {
                Some(time) => verified.push(VerifiedSignature { key, time }),
                None => {
                    let name = signature.name.clone();
                    return Err(NoteError::InvalidSignature { name });
                }
            }
        }
        if verified.is_empty() {
            return Err(NoteError::Unsigned);
        }
        Ok(verified)
    }
}

fn is_valid_text(text: &str) -> bool {
    text.ends_with('\n') && !text.contains(|c| c < ' ' && c != '\n')
}

fn parse_signature(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ') {
        return None;
    }
    let bytes = encoding::from_base64(encoded).ok()?;
    let (key_id, signature) = bytes.split_first_chunk()?;
    (!signature.is_empty()).then(|| Signature {
        name: name.to_owned(),
        key_id: u32::from_be_bytes(*key_id),
        bytes: signature.to_vec(),
    })
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.to_be_bytes().as_slice(), &self.bytes].concat();
        write!(
            f,
            "{SIGNATURE_MARK}{} {}",
            self.name,
            encoding::base64(bytes)
        )
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        Self::parse(note)
    }
}
