//! Making proofs from tiles.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::subtree::{Subtree, consistency_ranges, decompose, inclusion_ranges};
use super::{EMPTY_ROOT, Hash, node_hash};
use crate::tile::{HEIGHT, Tile, TileError, TileId, WIDTH};

/// Why a proof could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The leaf is not in a tree of this size.
    #[error("leaf {index} is outside a tree of {size} leaves")]
    OutsideTree {
        /// Index of the leaf, from 0.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error("a tree of {to} leaves cannot extend one of {from}")]
    Shrinks {
        /// Leaves in the earlier tree.
        from: u64,
        /// Leaves in the later tree.
        to: u64,
    },
    /// A tile that the proof needs is not among those given.
    #[error("{0} is missing")]
    MissingTile(TileId),
}

/// Tiles that were fetched for a proof. A wider tile stands in for a narrower one, because
/// a log may drop partial tiles once the full tile exists.
#[derive(Debug, Clone, Default)]
pub struct Tiles(BTreeMap<(u8, u64), Vec<Hash>>);

impl Tiles {
    /// No tiles yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile in its stored form.
    ///
    /// # Errors
    /// [`TileError::WrongLength`].
    pub fn insert(&mut self, id: TileId, bytes: &[u8]) -> Result<(), TileError> {
        self.insert_tile(Tile::from_bytes(id, bytes)?);
        Ok(())
    }

    /// Adds a tile; of two versions of the same tile the wider one stays.
    pub fn insert_tile(&mut self, tile: Tile) {
        let held = self.0.entry((tile.id.level, tile.id.index)).or_default();
        if held.len() < tile.hashes.len() {
            *held = tile.hashes;
        }
    }

    /// The hashes of a tile, if at least that many are here.
    pub(super) fn get(&self, id: TileId) -> Result<&[Hash], ProveError> {
        self.0
            .get(&(id.level, id.index))
            .and_then(|hashes| hashes.get(..usize::from(id.width)))
            .ok_or(ProveError::MissingTile(id))
    }
}

/// The tile that holds what a subtree's hash is computed from, in a tree of `size`, and
/// the positions of those hashes in it.
fn tile_of(subtree: Subtree, size: u64) -> (TileId, Range<usize>) {
    let level = subtree.height / HEIGHT;
    let below = subtree.height % HEIGHT;
    let first = subtree.index << below;
    let index = first / u64::from(WIDTH);
    let start = (first % u64::from(WIDTH)) as usize;
    let in_level = size.checked_shr(HEIGHT * level).unwrap_or(0);
    let id = TileId {
        level: level as u8,
        index,
        width: (in_level - index * u64::from(WIDTH)).min(WIDTH.into()) as u16,
    };
    (id, start..start + (1 << below))
}

pub(super) fn subtree_hash(subtree: Subtree, size: u64, tiles: &Tiles) -> Result<Hash, ProveError> {
    let (id, positions) = tile_of(subtree, size);
    let hashes = tiles.get(id)?.get(positions);
    let mut layer = hashes.ok_or(ProveError::MissingTile(id))?.to_vec();
    while layer.len() > 1 {
        layer = layer
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
    }
    layer.pop().ok_or(ProveError::MissingTile(id))
}

fn range_hash(range: Range<u64>, size: u64, tiles: &Tiles) -> Result<Hash, ProveError> {
    let mut hash = None;
    for subtree in decompose(range).rev() {
        let left = subtree_hash(subtree, size, tiles)?;
        hash = Some(match hash {
            Some(right) => node_hash(&left, &right),
            None => left,
        });
    }
    Ok(hash.unwrap_or(EMPTY_ROOT))
}

fn tiles_for(ranges: impl IntoIterator<Item = Range<u64>>, size: u64) -> Vec<TileId> {
    let tiles: BTreeSet<TileId> = ranges
        .into_iter()
        .flat_map(decompose)
        .map(|subtree| tile_of(subtree, size).0)
        .collect();
    tiles.into_iter().collect()
}

fn inclusion(index: u64, size: u64) -> Result<Vec<Range<u64>>, ProveError> {
    if index < size {
        Ok(inclusion_ranges(index, size))
    } else {
        Err(ProveError::OutsideTree { index, size })
    }
}

fn consistency(from: u64, to: u64) -> Result<Vec<Range<u64>>, ProveError> {
    match from {
        _ if from > to => Err(ProveError::Shrinks { from, to }),
        0 => Ok(Vec::new()),
        _ => Ok(consistency_ranges(from, to)),
    }
}

/// The tiles that [`root`] needs: at most one a level.
#[must_use]
pub fn tiles_for_root(size: u64) -> Vec<TileId> {
    tiles_for(std::iter::once(0..size), size)
}

/// The root hash of the tree with the first `size` leaves.
///
/// # Errors
/// [`ProveError::MissingTile`].
pub fn root(size: u64, tiles: &Tiles) -> Result<Hash, ProveError> {
    range_hash(0..size, size, tiles)
}

/// The tiles that [`inclusion_proof`] needs, at most two a level.
///
/// # Errors
/// [`ProveError::OutsideTree`].
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<TileId>, ProveError> {
    Ok(tiles_for(inclusion(index, size)?, size))
}

/// The hashes that prove leaf `index`, from 0, in the tree of `size` leaves, from the
/// leaf's sibling up to the root's child (RFC 6962 §2.1.1).
///
/// # Errors
/// [`ProveError::OutsideTree`] or [`ProveError::MissingTile`].
pub fn inclusion_proof(index: u64, size: u64, tiles: &Tiles) -> Result<Vec<Hash>, ProveError> {
    inclusion(index, size)?
        .into_iter()
        .map(|range| range_hash(range, size, tiles))
        .collect()
}

/// The tiles that [`consistency_proof`] needs, at most two a level.
///
/// # Errors
/// [`ProveError::Shrinks`].
pub fn tiles_for_consistency(from: u64, to: u64) -> Result<Vec<TileId>, ProveError> {
    Ok(tiles_for(consistency(from, to)?, to))
}

/// The hashes that prove that the tree of `to` leaves extends the tree of `from` leaves
/// (RFC 6962 §2.1.2); none where `from` is 0 or equal to `to`.
///
/// # Errors
/// [`ProveError::Shrinks`] or [`ProveError::MissingTile`].
pub fn consistency_proof(from: u64, to: u64, tiles: &Tiles) -> Result<Vec<Hash>, ProveError> {
    consistency(from, to)?
        .into_iter()
        .map(|range| range_hash(range, to, tiles))
        .collect()
}
