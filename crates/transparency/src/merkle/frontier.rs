//! Appending: the right edge of the tree, which is all that a sequencer keeps in memory.

use super::subtree::decompose;
use super::{EMPTY_ROOT, Hash, ProveError, Tiles, node_hash};
use crate::tile::{HEIGHT, Tile, TileId, WIDTH};

/// The right edge of a tree: the partial tile of every level and the roots of the perfect
/// subtrees that the tree falls into. A few kilobytes, whatever the size of the log.
///
/// A sequencer appends to a clone and swaps it in after its commit, so that a failed
/// commit leaves nothing behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the perfect subtrees, largest first: one for each set bit of `size`.
    peaks: Vec<Hash>,
    /// For each tile level, the hashes of its last, partial tile; empty between tiles.
    edge: Vec<Vec<Hash>>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tiles that [`Frontier::load`] needs: the partial tile of each level.
    #[must_use]
    pub fn tiles_for(size: u64) -> Vec<TileId> {
        (0..=u64::BITS / HEIGHT)
            .filter_map(|level| edge_tile(level, size))
            .collect()
    }

    /// The edge of the tree with the first `size` leaves.
    ///
    /// # Errors
    /// [`ProveError::MissingTile`].
    pub fn load(size: u64, tiles: &Tiles) -> Result<Self, ProveError> {
        let levels = (u64::BITS - size.leading_zeros()).div_ceil(HEIGHT);
        let mut edge = Vec::new();
        for level in 0..levels {
            edge.push(match edge_tile(level, size) {
                Some(id) => tiles.get(id)?.to_vec(),
                None => Vec::new(),
            });
        }
        let mut peaks = Vec::new();
        for subtree in decompose(0..size) {
            peaks.push(super::prove::subtree_hash(subtree, size, tiles)?);
        }
        Ok(Self { size, peaks, edge })
    }

    /// Leaves in the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root hash (RFC 6962 §2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
            None => EMPTY_ROOT,
        }
    }

    /// Adds leaf hashes and returns every tile that is new or wider than before: the full
    /// ones, then the partial tile of each level that grew.
    pub fn append(&mut self, leaves: &[Hash]) -> Vec<Tile> {
        let before = self.size;
        let mut tiles = Vec::new();
        for leaf in leaves {
            self.push(*leaf, &mut tiles);
        }
        for (level, hashes) in (0..).zip(&self.edge) {
            let grew = hashes_in_level(level, before) < hashes_in_level(level, self.size);
            if let Some(id) = edge_tile(level, self.size).filter(|_| grew) {
                let hashes = hashes.clone();
                tiles.push(Tile { id, hashes });
            }
        }
        tiles
    }

    fn push(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.extend_edge(0, leaf, full);
        let mut peak = leaf;
        // Each trailing one of the old size is a peak that the new one completes.
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                peak = node_hash(&left, &peak);
            }
            if height % HEIGHT == 0 {
                self.extend_edge(height / HEIGHT, peak, full);
            }
        }
        self.peaks.push(peak);
        self.size += 1;
    }

    fn extend_edge(&mut self, level: u32, hash: Hash, full: &mut Vec<Tile>) {
        if self.edge.len() <= level as usize {
            self.edge.push(Vec::with_capacity(WIDTH.into()));
        }
        let Some(hashes) = self.edge.get_mut(level as usize) else {
            return;
        };
        hashes.push(hash);
        if hashes.len() == usize::from(WIDTH) {
            let id = TileId {
                level: level as u8,
                index: hashes_in_level(level + 1, self.size),
                width: WIDTH,
            };
            let hashes = std::mem::replace(hashes, Vec::with_capacity(WIDTH.into()));
            full.push(Tile { id, hashes });
        }
    }
}

/// How many hashes a level has in the tree of `size` leaves, which is also how many full
/// tiles the level below has.
fn hashes_in_level(level: u32, size: u64) -> u64 {
    size.checked_shr(HEIGHT * level).unwrap_or(0)
}

/// The partial tile of a level, if there is one.
fn edge_tile(level: u32, size: u64) -> Option<TileId> {
    let hashes = hashes_in_level(level, size);
    let width = (hashes % u64::from(WIDTH)) as u16;
    (width > 0).then_some(TileId {
        level: level as u8,
        index: hashes / u64::from(WIDTH),
        width,
    })
}
