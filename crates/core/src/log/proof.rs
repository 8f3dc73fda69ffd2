//! Proofs: that an entry is in the log, and that a later log extends an earlier one.

use colophon_db::Db;
use colophon_transparency::merkle::Hash;
use colophon_transparency::merkle::{self, Tiles};
use colophon_transparency::tile::TileId;

use super::read::require_head;
use super::store;
use crate::{Error, Result};

/// RFC 6962 §2.1.1 audit path.
#[derive(Clone, Debug)]
pub struct InclusionProof {
    /// Leaf index, from 0 (`seq_no − 1`).
    pub index: u64,
    /// Size of the tree the proof is for.
    pub tree_size: u64,
    /// The leaf's hash.
    pub leaf_hash: Hash,
    /// The path, from the leaf up.
    pub hashes: Vec<Hash>,
    /// The newest checkpoint; it is for this very tree unless an older size was asked for.
    pub checkpoint: String,
}

/// RFC 6962 §2.1.2 consistency proof.
#[derive(Clone, Debug)]
pub struct ConsistencyProof {
    /// The earlier size.
    pub from: u64,
    /// The later size.
    pub to: u64,
    /// The proof.
    pub hashes: Vec<Hash>,
}

fn assemble(stored: &[(TileId, Vec<u8>)]) -> Result<Tiles> {
    let mut tiles = Tiles::new();
    for (id, bytes) in stored {
        tiles.insert(*id, bytes).map_err(Error::internal)?;
    }
    Ok(tiles)
}

/// The hash of leaf `index`, out of the level-0 tile that holds it.
fn leaf(stored: &[(TileId, Vec<u8>)], index: u64) -> Option<Hash> {
    let (_, bytes) = stored
        .iter()
        .find(|(id, _)| id.level == 0 && id.index == index / 256)?;
    let start = usize::try_from(index % 256).ok()? * 32;
    bytes.get(start..start + 32)?.try_into().ok()
}

/// Proves that entry `index` is in the tree of `size` (by default the newest).
///
/// # Errors
/// [`crate::Kind::Invalid`] when the log has no such size or the tree no such index.
pub async fn inclusion(db: &Db, index: u64, size: Option<u64>) -> Result<InclusionProof> {
    let head = require_head(db).await?;
    let tree_size = size.unwrap_or(head.tree_size);
    if tree_size > head.tree_size {
        return Err(Error::invalid(
            "size",
            format!("the log has {} entries", head.tree_size),
        ));
    }
    if index >= tree_size {
        return Err(Error::invalid(
            "index",
            format!("must be less than {tree_size}"),
        ));
    }
    let mut wanted = merkle::tiles_for_inclusion(index, tree_size).map_err(Error::internal)?;
    let leaf_index = index / 256;
    if !wanted
        .iter()
        .any(|id| id.level == 0 && id.index == leaf_index)
    {
        let width = (tree_size - leaf_index * 256).min(256);
        wanted.push(TileId {
            level: 0,
            index: leaf_index,
            width: width as u16,
        });
    }
    let stored = store::tiles(db, &wanted).await?;
    let hashes =
        merkle::inclusion_proof(index, tree_size, &assemble(&stored)?).map_err(Error::internal)?;
    let leaf_hash = leaf(&stored, index).ok_or_else(|| Error::internal("a missing leaf tile"))?;
    Ok(InclusionProof {
        index,
        tree_size,
        leaf_hash,
        hashes,
        checkpoint: head.note,
    })
}

/// Proves that the tree of `to` entries (by default the newest) extends the tree of `from`.
///
/// # Errors
/// [`crate::Kind::Invalid`] when the sizes are not `from ≤ to ≤` the log's.
pub async fn consistency(db: &Db, from: u64, to: Option<u64>) -> Result<ConsistencyProof> {
    let head = require_head(db).await?;
    let to = to.unwrap_or(head.tree_size);
    if to > head.tree_size {
        return Err(Error::invalid(
            "to",
            format!("the log has {} entries", head.tree_size),
        ));
    }
    if from > to {
        return Err(Error::invalid("from", format!("must be at most {to}")));
    }
    let wanted = merkle::tiles_for_consistency(from, to).map_err(Error::internal)?;
    let stored = store::tiles(db, &wanted).await?;
    let hashes =
        merkle::consistency_proof(from, to, &assemble(&stored)?).map_err(Error::internal)?;
    Ok(ConsistencyProof { from, to, hashes })
}
