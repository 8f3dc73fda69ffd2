//! The text form of an inclusion proof with its checkpoint (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use crate::encoding;
use crate::merkle::Hash;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// No tree of 2^64 leaves needs a longer proof.
const MAX_HASHES: usize = 64;

/// That the log whose checkpoint this is has some entry at some index. Nothing in it is
/// checked by reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Data for the application, which nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry, from 0.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Not a proof of C2SP tlog-proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a transparency log proof (c2sp.org/tlog-proof@v1)")]
pub struct TlogProofError;

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", encoding::base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", encoding::base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        parse(text).ok_or(TlogProofError)
    }
}

fn parse(text: &str) -> Option<TlogProof> {
    let (proof, checkpoint) = text.split_once("\n\n")?;
    let mut lines = proof.split('\n').peekable();
    if lines.next()? != HEADER {
        return None;
    }
    let extra = match lines.next_if(|line| line.starts_with("extra ")) {
        Some(line) => Some(encoding::from_base64(line.strip_prefix("extra ")?).ok()?),
        None => None,
    };
    let index = encoding::decimal(lines.next()?.strip_prefix("index ")?)?;
    let hashes: Option<Vec<Hash>> = lines.map(encoding::hash_from_base64).collect();
    let hashes = hashes.filter(|hashes| hashes.len() <= MAX_HASHES)?;
    Some(TlogProof {
        extra,
        index,
        hashes,
        checkpoint: checkpoint.to_owned(),
    })
}
