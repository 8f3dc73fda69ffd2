//! Base64 and hex, read strictly: one spelling for each byte string.

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::{DecodeError, Engine as _};

/// Standard base64 with padding (RFC 4648 §4).
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64; padding is required and unused bits must be zero.
pub fn from_base64(text: &str) -> Result<Vec<u8>, DecodeError> {
    STANDARD.decode(text)
}

/// Base64 for URLs, without padding (RFC 4648 §5).
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads unpadded base64 for URLs; unused bits must be zero.
pub fn from_base64url(text: &str) -> Result<Vec<u8>, DecodeError> {
    URL_SAFE_NO_PAD.decode(text)
}

/// Reads exactly 64 lower-case hexadecimal digits.
pub fn hash_from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return None;
    }
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

/// Reads base64 of exactly 32 bytes.
pub fn hash_from_base64(text: &str) -> Option<[u8; 32]> {
    from_base64(text).ok()?.try_into().ok()
}

/// An unsigned decimal in its only spelling: digits, no sign, no leading zero.
pub fn decimal(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}
