//! Hashes of files and their text form, `sha256:<hex>` and `sha3-256:<hex>`.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use sha3::Sha3_256;

use crate::encoding;
use crate::merkle::Hash;

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// SHA3-256 (FIPS 202).
#[must_use]
pub fn sha3_256(bytes: &[u8]) -> Hash {
    Sha3_256::digest(bytes).into()
}

/// The hash functions that name content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashFunction {
    /// SHA-256, spelled `sha256`.
    Sha256,
    /// SHA3-256, spelled `sha3-256`.
    Sha3_256,
}

impl HashFunction {
    /// The name before the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha3_256 => "sha3-256",
        }
    }
}

/// The hash of a file, with the function that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash {
    /// Which function.
    pub function: HashFunction,
    /// Its 32-byte result.
    pub digest: Hash,
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.function.name(), hex::encode(self.digest))
    }
}

/// Not `sha256:` or `sha3-256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected sha256: or sha3-256: and 64 lower-case hexadecimal digits")]
pub struct ContentHashError;

impl FromStr for ContentHash {
    type Err = ContentHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digits) = text.split_once(':').ok_or(ContentHashError)?;
        let function = [HashFunction::Sha256, HashFunction::Sha3_256]
            .into_iter()
            .find(|function| function.name() == name)
            .ok_or(ContentHashError)?;
        let digest = encoding::hash_from_hex(digits).ok_or(ContentHashError)?;
        Ok(Self { function, digest })
    }
}

/// Both hashes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDigests {
    /// SHA-256 of the bytes.
    pub sha256: Hash,
    /// SHA3-256 of the bytes.
    pub sha3_256: Hash,
    /// How many bytes there were.
    pub size: u64,
}

impl FileDigests {
    /// Hashes bytes that are already in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = FileHasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The hash made by one of the functions.
    #[must_use]
    pub fn content_hash(&self, function: HashFunction) -> ContentHash {
        let digest = match function {
            HashFunction::Sha256 => self.sha256,
            HashFunction::Sha3_256 => self.sha3_256,
        };
        ContentHash { function, digest }
    }
}

/// Hashes a file piece by piece with both functions.
#[derive(Clone, Default)]
pub struct FileHasher {
    sha256: Sha256,
    sha3_256: Sha3_256,
    size: u64,
}

impl FileHasher {
    /// Starts with no bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sha3_256.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// The hashes of everything added.
    #[must_use]
    pub fn finish(self) -> FileDigests {
        FileDigests {
            sha256: self.sha256.finalize().into(),
            sha3_256: self.sha3_256.finalize().into(),
            size: self.size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_and_read_in_one_spelling() {
        // The empty message, FIPS 180-4 and FIPS 202.
        let empty = FileDigests::of(b"");
        let sha256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let sha3 = "sha3-256:a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a";
        for (function, text) in [
            (HashFunction::Sha256, sha256),
            (HashFunction::Sha3_256, sha3),
        ] {
            let hash = empty.content_hash(function);
            assert_eq!(hash.to_string(), text);
            assert_eq!(text.parse(), Ok(hash));
        }
        for bad in [
            &sha256.to_uppercase(),
            &sha256.replace("sha256", "md5"),
            &sha256[..70],
            &format!("{sha256}0"),
            "",
        ] {
            assert_eq!(bad.parse::<ContentHash>(), Err(ContentHashError), "{bad}");
        }
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        let mut hasher = FileHasher::new();
        hasher.update(b"in ");
        hasher.update(b"pieces");
        assert_eq!(hasher.finish(), FileDigests::of(b"in pieces"));
    }
}
