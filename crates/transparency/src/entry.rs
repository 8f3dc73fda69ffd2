//! Log entries: the documents that are hash-chained and are also the leaves of the tree.
//!
//! An entry is the RFC 8785 text of an object with exactly the members `cert_id`, `kind`,
//! `manifest_hash`, `prev_hash`, `seq_no` and `ts`. Its `entry_hash` is SHA-256 of that
//! text and becomes the next entry's `prev_hash`; its leaf hash is that of RFC 6962.

use crate::canonical::rfc8785;
use crate::json::{self, Number, Value};
use crate::merkle::Hash;
use crate::{digest, encoding, merkle, timestamp};

/// The `prev_hash` of the first entry.
pub const GENESIS: Hash = [0; 32];

/// The longest `cert_id`, in bytes.
const MAX_CERT_ID: usize = 128;
/// The longest `kind`, in bytes.
const MAX_KIND: usize = 64;
/// The last sequence number that JSON readers agree on.
const MAX_SEQ_NO: u64 = 1 << 53;

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the entry is about, for example `rec_…`: 1 to 128 visible ASCII characters.
    pub cert_id: String,
    /// What kind of document it commits to: `record`, `certificate`, `revocation` and so
    /// on; 1 to 64 lower-case letters, digits and hyphens.
    pub kind: String,
    /// SHA-256 of the exact bytes of the document.
    pub manifest_hash: Hash,
    /// The `entry_hash` of the entry before, or [`GENESIS`].
    pub prev_hash: Hash,
    /// Position in the log, from 1.
    pub seq_no: u64,
    /// When the entry was sequenced: RFC 3339, UTC, whole seconds.
    pub ts: String,
}

/// Why an entry was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Not JSON.
    #[error("the entry is not JSON: {0}")]
    Json(#[from] json::Error),
    /// A member is missing or out of range.
    #[error("the entry's {0} is missing or invalid")]
    Member(&'static str),
    /// The right members, but other bytes than the canonical ones.
    #[error("the entry is not in its canonical form")]
    NotCanonical,
}

impl Entry {
    /// The exact bytes of the entry.
    ///
    /// # Errors
    /// [`EntryError::Member`] for a member that is out of range.
    pub fn to_text(&self) -> Result<String, EntryError> {
        let visible = self.cert_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || !(1..=MAX_CERT_ID).contains(&self.cert_id.len()) {
            return Err(EntryError::Member("cert_id"));
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !self.kind.bytes().all(plain) || !(1..=MAX_KIND).contains(&self.kind.len()) {
            return Err(EntryError::Member("kind"));
        }
        if timestamp::seconds(&self.ts).is_none() {
            return Err(EntryError::Member("ts"));
        }
        let seq_no = Some(self.seq_no).filter(|seq_no| (1..=MAX_SEQ_NO).contains(seq_no));
        let seq_no = seq_no
            .and_then(|seq_no| Number::from_integer(seq_no.try_into().ok()?))
            .ok_or(EntryError::Member("seq_no"))?;
        Ok(rfc8785(&Value::object([
            ("cert_id", Value::from(self.cert_id.as_str())),
            ("kind", Value::from(self.kind.as_str())),
            (
                "manifest_hash",
                Value::from(hex::encode(self.manifest_hash)),
            ),
            ("prev_hash", Value::from(hex::encode(self.prev_hash))),
            ("seq_no", Value::from(seq_no)),
            ("ts", Value::from(self.ts.as_str())),
        ])))
    }

    /// Reads an entry; only its exact canonical bytes are one.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let value = json::parse(bytes, json::Limits::default())?;
        let text = |name| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or(EntryError::Member(name))
        };
        let hash = |name| encoding::hash_from_hex(text(name)?).ok_or(EntryError::Member(name));
        let seq_no = value.get("seq_no").and_then(Value::as_u64);
        let entry = Self {
            cert_id: text("cert_id")?.to_owned(),
            kind: text("kind")?.to_owned(),
            manifest_hash: hash("manifest_hash")?,
            prev_hash: hash("prev_hash")?,
            seq_no: seq_no.ok_or(EntryError::Member("seq_no"))?,
            ts: text("ts")?.to_owned(),
        };
        if entry.to_text()?.as_bytes() == bytes {
            Ok(entry)
        } else {
            Err(EntryError::NotCanonical)
        }
    }

    /// The index of the entry's leaf, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.seq_no.saturating_sub(1)
    }
}

/// The `entry_hash` of an entry's exact bytes, which the next entry repeats.
#[must_use]
pub fn entry_hash(bytes: &[u8]) -> Hash {
    digest::sha256(bytes)
}

/// The hash of the entry as a leaf of the tree (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    merkle::leaf_hash(bytes)
}

/// Why an entry does not continue the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Not an entry at all.
    #[error("entry {expected}: {error}")]
    Entry {
        /// The sequence number that should follow.
        expected: u64,
        /// What is wrong with it.
        error: EntryError,
    },
    /// Another sequence number than the next.
    #[error("expected entry {expected}, found entry {found}")]
    Sequence {
        /// The sequence number that should follow.
        expected: u64,
        /// The one that did.
        found: u64,
    },
    /// The next number, but linked to something else than the entry before.
    #[error("entry {seq_no} does not link to the entry before it")]
    BrokenLink {
        /// The entry with the wrong link.
        seq_no: u64,
    },
}

/// Follows the hash chain from a known point and finds anything removed, inserted,
/// changed, reordered or renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    seq_no: u64,
    head: Hash,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Starts before the first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::resume(0, GENESIS)
    }

    /// Starts after an entry that was checked before.
    #[must_use]
    pub fn resume(seq_no: u64, entry_hash: Hash) -> Self {
        Self {
            seq_no,
            head: entry_hash,
        }
    }

    /// Takes the exact bytes of the next entry.
    ///
    /// # Errors
    /// [`ChainError`]; the chain stays where it was.
    pub fn follow(&mut self, bytes: &[u8]) -> Result<Entry, ChainError> {
        let expected = self.seq_no + 1;
        let entry = Entry::parse(bytes).map_err(|error| ChainError::Entry { expected, error })?;
        let seq_no = entry.seq_no;
        if seq_no != expected {
            return Err(ChainError::Sequence {
                expected,
                found: seq_no,
            });
        }
        if entry.prev_hash != self.head {
            return Err(ChainError::BrokenLink { seq_no });
        }
        self.seq_no = seq_no;
        self.head = entry_hash(bytes);
        Ok(entry)
    }

    /// The last entry's sequence number and hash; 0 and [`GENESIS`] at the start.
    #[must_use]
    pub fn head(&self) -> (u64, Hash) {
        (self.seq_no, self.head)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn entry(seq_no: u64, prev_hash: Hash) -> Entry {
        Entry {
            cert_id: format!("rec_{seq_no}"),
            kind: "record".to_owned(),
            manifest_hash: [seq_no as u8; 32],
            prev_hash,
            seq_no,
            ts: format!("2026-11-22T02:31:{:02}Z", seq_no.min(59)),
        }
    }

    fn chain_of(length: u64) -> Vec<String> {
        let mut head = GENESIS;
        (1..=length)
            .map(|seq_no| {
                let text = entry(seq_no, head).to_text().unwrap();
                head = entry_hash(text.as_bytes());
                text
            })
            .collect()
    }

    fn audit(entries: &[String]) -> Result<(u64, Hash), ChainError> {
        let mut chain = Chain::new();
        for entry in entries {
            chain.follow(entry.as_bytes())?;
        }
        Ok(chain.head())
    }

    #[test]
    fn an_entry_has_exactly_one_spelling() {
        let text = entry(1, GENESIS).to_text().unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"cert_id":"rec_1","kind":"record","manifest_hash":"{}","prev_hash":"{}","seq_no":1,"ts":"2026-11-22T02:31:01Z"}}"#,
                "01".repeat(32),
                "00".repeat(32),
            )
        );
        assert_eq!(Entry::parse(text.as_bytes()).unwrap(), entry(1, GENESIS));
        for bad in [
            text.replace(r#""seq_no":1"#, r#""seq_no":0"#),
            text.replace(r#""seq_no":1"#, r#""seq_no":1.0"#),
            text.replace(r#""seq_no":1"#, r#""seq_no":"1""#),
            text.replace("0101", "0A01"),
            text.replace("\"kind\":\"record\",", ""),
            text.replace("\"kind\"", "\"extra\":1,\"kind\""),
            text.replace("rec_1", "rec 1"),
            text.replace("\"record\"", "\"Record\""),
            text.replace("01Z", "01+00:00"),
            format!("{text}\n"),
            format!(" {text}"),
        ] {
            assert!(Entry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_can_be_removed_changed_or_moved() {
        let entries = chain_of(5);
        let (seq_no, head) = audit(&entries).unwrap();
        assert_eq!((seq_no, head), (5, entry_hash(entries[4].as_bytes())));

        let mut resumed = Chain::resume(4, entry_hash(entries[3].as_bytes()));
        resumed.follow(entries[4].as_bytes()).unwrap();
        assert_eq!(resumed.head(), (seq_no, head));

        let mut removed = entries.clone();
        removed.remove(2);
        assert_eq!(
            audit(&removed),
            Err(ChainError::Sequence {
                expected: 3,
                found: 4
            })
        );

        let mut swapped = entries.clone();
        swapped.swap(1, 2);
        assert_eq!(
            audit(&swapped),
            Err(ChainError::Sequence {
                expected: 2,
                found: 3
            })
        );

        let mut changed = entries.clone();
        changed[1] = changed[1].replace("rec_2", "rec_9");
        assert_eq!(audit(&changed), Err(ChainError::BrokenLink { seq_no: 3 }));
    }
}
