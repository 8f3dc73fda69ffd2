//! Tiles: the files a log is published as (C2SP tlog-tiles).
//!
//! A hash tile holds up to 256 hashes of one level of the tree; an entry bundle holds up
//! to 256 log entries. Hashes of level `l` are roots of 256^l leaves each.

use std::fmt;
use std::str::FromStr;

use crate::encoding::decimal;
use crate::merkle::Hash;

/// The height of a tile: each one covers eight levels of the binary tree.
pub const HEIGHT: u32 = 8;
/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u16 = 256;
/// The highest tile level that the format can name.
const MAX_LEVEL: u8 = 63;

/// The name of a hash tile, with a width and an index that were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0 for leaf hashes, up to 63.
    pub level: u8,
    /// Position of the tile in its level, from 0.
    pub index: u64,
    /// Hashes in the tile, 1 to 256; below 256 the tile is partial.
    pub width: u16,
}

/// A path below a log's prefix that names a tile or an entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TilePath {
    /// `tile/<level>/<index>[.p/<width>]`
    Hashes(TileId),
    /// `tile/entries/<index>[.p/<width>]`
    Entries {
        /// Position of the bundle, from 0.
        index: u64,
        /// Entries in the bundle, 1 to 256.
        width: u16,
    },
}

/// Why a tile, a bundle or a path was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// Not a path of C2SP tlog-tiles in its only spelling.
    #[error("not a tile path; expected for example tile/0/x001/067 or tile/entries/000.p/5")]
    InvalidPath,
    /// The contents do not have the length that the name promises.
    #[error("the tile should have {expected} bytes, but has {found}")]
    WrongLength {
        /// 32 bytes a hash.
        expected: usize,
        /// The bytes that came.
        found: usize,
    },
    /// An entry does not fit the 16-bit length of the format.
    #[error("an entry of {length} bytes is longer than 65535 bytes")]
    EntryTooLong {
        /// Bytes of the entry.
        length: usize,
    },
    /// More than 256 entries, or none.
    #[error("a bundle holds 1 to 256 entries")]
    WrongCount,
    /// The bundle stops inside an entry.
    #[error("the entry bundle is truncated")]
    Truncated,
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TilePath::Hashes(*self).fmt(f)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes(tile) => {
                write!(f, "tile/{}", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries")?;
                (*index, *width)
            }
        };
        let groups = index.checked_ilog(1000).unwrap_or(0);
        for group in (0..=groups).rev() {
            let mark = if group > 0 { "x" } else { "" };
            write!(f, "/{mark}{:03}", index / 1000u64.pow(group) % 1000)?;
        }
        if width < WIDTH {
            write!(f, ".p/{width}")?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let parsed = parse_path(path).ok_or(TileError::InvalidPath)?;
        // One path for each tile: leading zeros, a needless x000 and the like are not it.
        if parsed.to_string() == path {
            Ok(parsed)
        } else {
            Err(TileError::InvalidPath)
        }
    }
}

fn parse_path(path: &str) -> Option<TilePath> {
    let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (groups, width) = match rest.split_once(".p/") {
        Some((groups, width)) => (groups, decimal(width)?.try_into().ok()?),
        None => (rest, WIDTH),
    };
    if !(1..=WIDTH).contains(&width) {
        return None;
    }
    let index = groups.split('/').try_fold(0u64, |index, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let digits = digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then_some(digits)?;
        let value: u64 = digits.parse().ok().filter(|&value| value < 1000)?;
        index.checked_mul(1000)?.checked_add(value)
    })?;
    if kind == "entries" {
        return Some(TilePath::Entries { index, width });
    }
    let level = decimal(kind)?.try_into().ok()?;
    (level <= MAX_LEVEL).then_some(TilePath::Hashes(TileId {
        level,
        index,
        width,
    }))
}

/// A hash tile with its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Which tile it is; its width is the number of hashes.
    pub id: TileId,
    /// The hashes, from left to right.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// The stored form: the hashes one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`TileError::WrongLength`].
    pub fn from_bytes(id: TileId, bytes: &[u8]) -> Result<Self, TileError> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() != usize::from(id.width) || !rest.is_empty() {
            return Err(TileError::WrongLength {
                expected: 32 * usize::from(id.width),
                found: bytes.len(),
            });
        }
        Ok(Self {
            id,
            hashes: hashes.to_vec(),
        })
    }
}

/// Joins 1 to 256 entries into a bundle: each after its length as a big-endian `u16`.
///
/// # Errors
/// [`TileError::WrongCount`] or [`TileError::EntryTooLong`].
pub fn encode_entries(entries: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, TileError> {
    if entries.is_empty() || entries.len() > usize::from(WIDTH) {
        return Err(TileError::WrongCount);
    }
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length: u16 = entry
            .len()
            .try_into()
            .map_err(|_| TileError::EntryTooLong {
                length: entry.len(),
            })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Splits a bundle into its entries.
///
/// # Errors
/// [`TileError::WrongCount`] or [`TileError::Truncated`].
pub fn decode_entries(mut bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk().ok_or(TileError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(TileError::Truncated)?;
        entries.push(entry);
        bundle = rest;
    }
    if entries.is_empty() || entries.len() > usize::from(WIDTH) {
        return Err(TileError::WrongCount);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_tile_has_one_path() {
        let hashes = |level, index, width| {
            TilePath::Hashes(TileId {
                level,
                index,
                width,
            })
        };
        for (path, tile) in [
            ("tile/0/000", hashes(0, 0, 256)),
            ("tile/0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("tile/63/x001/000.p/255", hashes(63, 1_000, 255)),
            (
                "tile/entries/999.p/1",
                TilePath::Entries {
                    index: 999,
                    width: 1,
                },
            ),
            (
                "tile/0/x018/x446/x744/x073/x709/x551/615",
                hashes(0, u64::MAX, 256),
            ),
        ] {
            assert_eq!(tile.to_string(), path);
            assert_eq!(path.parse(), Ok(tile));
        }
        for bad in [
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/0/x000/001",
            "tile/0/001/001",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/+01",
            "tile/data/000",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/../000",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/",
            "tile/entries/000.p/",
            "",
            "tile/-1/000",
        ] {
            assert_eq!(
                bad.parse::<TilePath>(),
                Err(TileError::InvalidPath),
                "{bad}"
            );
        }
    }

    #[test]
    fn entry_bundles_are_length_prefixed() {
        let entries: [&[u8]; 3] = [b"a", b"", b"bcd"];
        let bundle = encode_entries(&entries).unwrap();
        assert_eq!(bundle, b"\0\x01a\0\0\0\x03bcd");
        assert_eq!(decode_entries(&bundle).unwrap(), entries);
        assert_eq!(decode_entries(&bundle[..8]), Err(TileError::Truncated));
        assert_eq!(decode_entries(b""), Err(TileError::WrongCount));
        assert_eq!(encode_entries(&[b""; 257]), Err(TileError::WrongCount));
        let length = 65_536;
        assert_eq!(
            encode_entries(&[vec![0; length]]),
            Err(TileError::EntryTooLong { length })
        );
    }
}
