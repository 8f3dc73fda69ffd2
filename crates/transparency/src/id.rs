//! Identifiers: a prefix such as `rec_`, then a UUID in the spelling of a ULID, which is
//! 26 characters of Crockford's base32 in upper case.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 26;

/// Not the expected prefix and 26 characters of Crockford's base32 for 128 bits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {prefix} and 26 characters of Crockford's base32 in upper case")]
pub struct IdError {
    /// The prefix that was asked for.
    pub prefix: String,
}

/// Spells a UUID with a prefix, for example `rec_`.
#[must_use]
pub fn encode(prefix: &str, uuid: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(uuid);
    let mut id = String::with_capacity(prefix.len() + LENGTH);
    id.push_str(prefix);
    for position in (0..LENGTH).rev() {
        let digit = (bits >> (5 * position)) as usize & 31;
        id.extend(ALPHABET.get(digit).map(|&byte| char::from(byte)));
    }
    id
}

/// Reads what [`encode`] writes, and nothing else.
///
/// # Errors
/// [`IdError`] for another prefix, length, character or case, or more than 128 bits.
pub fn decode(prefix: &str, id: &str) -> Result<[u8; 16], IdError> {
    let digits = id.strip_prefix(prefix).filter(|rest| rest.len() == LENGTH);
    let bits = digits.and_then(|digits| {
        digits.bytes().try_fold(0u128, |bits, byte| {
            let digit = ALPHABET.iter().position(|&known| known == byte)?;
            Some(bits.checked_mul(32)? | digit as u128)
        })
    });
    bits.map(u128::to_be_bytes).ok_or_else(|| IdError {
        prefix: prefix.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_and_read_in_one_spelling() {
        // The example of the ULID specification.
        let uuid = 0x0156_3E3A_B5D3_D676_4C61_EFB9_9302_BD5B_u128.to_be_bytes();
        let id = encode("rec_", uuid);
        assert_eq!(id, "rec_01ARZ3NDEKTSV4RRFFQ69G5FAV");
        assert_eq!(decode("rec_", &id), Ok(uuid));
        assert_eq!(decode("rec_", &encode("rec_", [0xff; 16])), Ok([0xff; 16]));
        for bad in [
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "gen_01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "rec_01ARZ3NDEKTSV4RRFFQ69G5FA",
            "rec_01arz3ndektsv4rrffq69g5fav",
            "rec_O1ARZ3NDEKTSV4RRFFQ69G5FAV",
            "rec_80000000000000000000000000",
            "rec_../../../../../../etc/pass",
        ] {
            assert!(decode("rec_", bad).is_err(), "{bad}");
        }
    }
}
