//! The `ctv_` token: a record's id under our signature, so that a forged token is told
//! from a real one offline.
//!
//! `ctv_` and then unpadded base64url of 85 bytes: the version 0x01, the first four bytes
//! of the issuer's key id, the sixteen bytes of the record's UUID, and an Ed25519
//! signature over `colophon-token/1`, a newline and the 21 bytes before it.

use std::fmt;
use std::str::FromStr;

use crate::keys::{Ed25519SigningKey, Ed25519VerifyingKey, PublicKey};
use crate::{encoding, id};

const PREFIX: &str = "ctv_";
const CONTEXT: &[u8] = b"colophon-token/1\n";
const VERSION: u8 = 0x01;
const BODY_LEN: usize = 21;

/// A token that was issued, or one that has the right form and still needs [`Token::verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    issuer: [u8; 4],
    record: [u8; 16],
    signature: [u8; 64],
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not `ctv_` and base64url of 85 bytes.
    #[error("not a ctv_ token")]
    Malformed,
    /// A version that this verifier does not know.
    #[error("token version {0} is not known")]
    UnknownVersion(u8),
    /// Issued, or claimed to be, with another key than the one given.
    #[error("the token names another issuing key")]
    OtherIssuer,
    /// The right form and issuer, but not its signature.
    #[error("the token is forged: its signature does not match")]
    Forged,
}

impl Token {
    /// Issues the token of a record.
    #[must_use]
    pub fn issue(key: &Ed25519SigningKey, record: [u8; 16]) -> Self {
        let issuer = issuer_of(&key.verifying_key());
        let signature = key.sign(&signed_bytes(issuer, record));
        Self {
            issuer,
            record,
            signature,
        }
    }

    /// Checks that this key issued the token.
    ///
    /// # Errors
    /// [`TokenError::OtherIssuer`] or [`TokenError::Forged`].
    pub fn verify(&self, key: &Ed25519VerifyingKey) -> Result<(), TokenError> {
        if self.issuer != issuer_of(key) {
            return Err(TokenError::OtherIssuer);
        }
        key.verify(&signed_bytes(self.issuer, self.record), &self.signature)
            .map_err(|_| TokenError::Forged)
    }

    /// The UUID of the record.
    #[must_use]
    pub fn record(&self) -> [u8; 16] {
        self.record
    }

    /// The id of the record, `rec_…`.
    #[must_use]
    pub fn record_id(&self) -> String {
        id::encode("rec_", self.record)
    }

    /// The first four bytes of the issuing key's id, to choose the key to verify with.
    #[must_use]
    pub fn issuer(&self) -> [u8; 4] {
        self.issuer
    }
}

fn issuer_of(key: &Ed25519VerifyingKey) -> [u8; 4] {
    let [a, b, c, d, ..] = PublicKey::from(*key).id();
    [a, b, c, d]
}

fn body(issuer: [u8; 4], record: [u8; 16]) -> Vec<u8> {
    [&[VERSION], issuer.as_slice(), record.as_slice()].concat()
}

fn signed_bytes(issuer: [u8; 4], record: [u8; 16]) -> Vec<u8> {
    [CONTEXT, &body(issuer, record)].concat()
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = body(self.issuer, self.record);
        bytes.extend_from_slice(&self.signature);
        write!(f, "{PREFIX}{}", encoding::base64url(bytes))
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(TokenError::Malformed)?;
        let bytes = encoding::from_base64url(encoded).map_err(|_| TokenError::Malformed)?;
        let version = *bytes.first().ok_or(TokenError::Malformed)?;
        if version != VERSION {
            return Err(TokenError::UnknownVersion(version));
        }
        let parts = bytes
            .split_at_checked(BODY_LEN)
            .and_then(|(body, signature)| {
                let (_, body) = body.split_first()?;
                let (issuer, record) = body.split_first_chunk()?;
                Some(Self {
                    issuer: *issuer,
                    record: record.try_into().ok()?,
                    signature: signature.try_into().ok()?,
                })
            });
        parts.ok_or(TokenError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_token_names_its_record_and_no_bit_of_it_can_change() {
        let key = Ed25519SigningKey::from_seed(&[7; 32]);
        let token = Token::issue(&key, [9; 16]);
        let text = token.to_string();
        assert_eq!(text.len(), 4 + 114);
        assert_eq!(text.parse(), Ok(token));
        assert_eq!(token.record_id(), id::encode("rec_", [9; 16]));
        assert_eq!(token.verify(&key.verifying_key()), Ok(()));

        let other = Ed25519SigningKey::from_seed(&[8; 32]).verifying_key();
        assert_eq!(token.verify(&other), Err(TokenError::OtherIssuer));

        let bytes = encoding::from_base64url(&text[4..]).unwrap();
        for bit in 0..8 * bytes.len() {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let verdict = format!("ctv_{}", encoding::base64url(changed))
                .parse::<Token>()
                .and_then(|token| token.verify(&key.verifying_key()));
            assert!(verdict.is_err(), "bit {bit}");
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let token = Token::issue(&Ed25519SigningKey::from_seed(&[7; 32]), [9; 16]);
        let text = token.to_string();
        for bad in [
            String::new(),
            "ctv_".to_owned(),
            text.to_uppercase(),
            format!("{text}="),
            format!("{text}AA"),
            format!(" {text}"),
            text[..text.len() - 1].to_owned(),
        ] {
            assert!(bad.parse::<Token>().is_err(), "{bad}");
        }
    }
}
