//! The spellings of API keys, one per contract, and the checksum inside each.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Error;
use crate::entropy::fingerprint;

/// Which contract a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// `to_pk_live_…`: may stand in a web page.
    TrackOriginPublishable,
    /// `to_sk_live_…`.
    TrackOriginSecret,
    /// `lk_{prefix}_live_{secret}`.
    Lumethic,
    /// `ctv_key_…`.
    Certivu,
    /// `sk_` and 64 hexadecimal digits.
    TokPortal,
    /// `ia_live_…`.
    Atlas,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::TrackOriginPublishable,
        Self::TrackOriginSecret,
        Self::Lumethic,
        Self::Certivu,
        Self::TokPortal,
        Self::Atlas,
    ];

    /// Whether the contract has a test mode, told by the key's spelling.
    #[must_use]
    pub fn has_test_mode(self) -> bool {
        !matches!(self, Self::Certivu | Self::TokPortal)
    }

    /// The kind's name on the command line and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TrackOriginPublishable => "trackorigin-publishable",
            Self::TrackOriginSecret => "trackorigin-secret",
            Self::Lumethic => "lumethic",
            Self::Certivu => "certivu",
            Self::TokPortal => "tokportal",
            Self::Atlas => "atlas",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                Error::invalid("kind", format!("must be one of {names}"))
            })
    }
}

/// An API key's secret text. Not `Clone`, not `Display`: it is shown once, on purpose, through
/// [`Secret::reveal`].
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 43 base62 digits hold 256 bits.
const RANDOM_DIGITS: usize = 43;
/// 6 base62 digits hold a CRC-32.
const CHECK_DIGITS: usize = 6;
const HEX_RANDOM_BYTES: usize = 28;

fn base62(mut value: u32) -> String {
    let mut digits = [b'0'; CHECK_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((value % 62) as usize).copied().unwrap_or(b'0');
        value /= 62;
    }
    digits.iter().map(|&byte| byte as char).collect()
}

/// Random digits without bias: bytes from 248 (4 × 62) up are drawn again.
fn random_base62(digits: usize) -> String {
    let mut text = String::with_capacity(digits);
    while text.len() < digits {
        for byte in crate::entropy::bytes::<64>() {
            if byte < 248 && text.len() < digits {
                text.push(BASE62.get(usize::from(byte % 62)).copied().unwrap_or(b'0') as char);
            }
        }
    }
    text
}

impl Secret {
    /// A fresh secret with 224 or more random bits and a checksum over everything before it.
    pub fn generate(kind: KeyKind, test: bool) -> Self {
        let mode = if test { "test" } else { "live" };
        let prefix = match kind {
            KeyKind::TrackOriginPublishable => format!("to_pk_{mode}_"),
            KeyKind::TrackOriginSecret => format!("to_sk_{mode}_"),
            KeyKind::Lumethic => {
                format!("lk_{}_{mode}_", random_base62(8).to_ascii_lowercase())
            }
            KeyKind::Certivu => "ctv_key_".to_owned(),
            KeyKind::TokPortal => "sk_".to_owned(),
            KeyKind::Atlas => format!("ia_{mode}_"),
        };
        if kind == KeyKind::TokPortal {
            // The contract fixes 64 hexadecimal digits: 28 random bytes and a CRC-32 fit.
            let random = crate::entropy::bytes::<HEX_RANDOM_BYTES>();
            let body = format!("{prefix}{}", hex::encode(random));
            let check = crc32fast::hash(body.as_bytes());
            return Self(format!("{body}{check:08x}"));
        }
        let body = format!("{prefix}{}", random_base62(RANDOM_DIGITS));
        let check = base62(crc32fast::hash(body.as_bytes()));
        Self(format!("{body}{check}"))
    }

    /// The text, for its owner's eyes only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead of the secret. A plain hash suffices for 224 random bits.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        fingerprint(&self.0)
    }

    /// The first characters, by which a person recognises a key in a list.
    #[must_use]
    pub fn start(&self) -> String {
        let shown = self
            .0
            .len()
            .saturating_sub(RANDOM_DIGITS + CHECK_DIGITS)
            .max(3)
            + 4;
        self.0.chars().take(shown).collect()
    }
}

/// A well-formed key: what kind it claims to be and the hash to look it up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedSecret {
    /// The contract its spelling belongs to.
    pub kind: KeyKind,
    /// SHA-256 of the whole text.
    pub hash: [u8; 32],
}

/// Recognises a key by its spelling and checksum; a typo is refused here, without a query.
#[must_use]
pub fn parse_secret(text: &str) -> Option<ParsedSecret> {
    if text.len() > 128 || !text.is_ascii() {
        return None;
    }
    let kind = if text.starts_with("to_pk_") {
        KeyKind::TrackOriginPublishable
    } else if text.starts_with("to_sk_") {
        KeyKind::TrackOriginSecret
    } else if text.starts_with("lk_") {
        KeyKind::Lumethic
    } else if text.starts_with("ctv_key_") {
        KeyKind::Certivu
    } else if text.starts_with("sk_") {
        KeyKind::TokPortal
    } else if text.starts_with("ia_") {
        KeyKind::Atlas
    } else {
        return None;
    };
    let check_length = if kind == KeyKind::TokPortal {
        8
    } else {
        CHECK_DIGITS
    };
    let (body, check) = text.split_at_checked(text.len().checked_sub(check_length)?)?;
    let sum = crc32fast::hash(body.as_bytes());
    let expected = if kind == KeyKind::TokPortal {
        format!("{sum:08x}")
    } else {
        base62(sum)
    };
    (expected == check).then(|| ParsedSecret {
        kind,
        hash: fingerprint(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_recognised_and_every_single_typo_refused() {
        for kind in KeyKind::ALL {
            for test in [false, true] {
                let secret = Secret::generate(kind, test);
                let text = secret.reveal();
                assert_eq!(
                    parse_secret(text),
                    Some(ParsedSecret {
                        kind,
                        hash: secret.hash()
                    }),
                    "{kind}"
                );
                for position in 0..text.len() {
                    let mut typo = text.as_bytes().to_vec();
                    typo[position] = if typo[position] == b'a' { b'b' } else { b'a' };
                    let typo = String::from_utf8(typo).unwrap();
                    assert_eq!(parse_secret(&typo), None, "{kind}, character {position}");
                }
            }
        }
    }

    #[test]
    fn tokportal_keys_have_the_length_its_clients_expect() {
        let secret = Secret::generate(KeyKind::TokPortal, false);
        let digits = secret.reveal().strip_prefix("sk_").unwrap();
        assert_eq!(digits.len(), 64);
        assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn the_visible_start_keeps_the_secret() {
        for kind in KeyKind::ALL {
            let secret = Secret::generate(kind, false);
            assert!(secret.start().len() + 40 < secret.reveal().len(), "{kind}");
            assert!(!format!("{secret:?}").contains(&secret.start()));
        }
    }
}
