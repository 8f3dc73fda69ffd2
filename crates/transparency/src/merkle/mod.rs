//! The Merkle tree of the log: RFC 6962 §2.1 with SHA-256.
//!
//! | to do this | use |
//! |---|---|
//! | add leaves and get the tiles to store | [`Frontier`] |
//! | make a proof | [`tiles_for_inclusion`] or [`tiles_for_consistency`] to know what to fetch, [`Tiles`] to hold it, [`inclusion_proof`] or [`consistency_proof`] |
//! | check a proof | [`verify_inclusion`], [`verify_consistency`] |
//!
//! Fetching is the caller's, so that storage may be asynchronous and nothing here waits.

mod frontier;
mod prove;
mod subtree;
mod verify;

pub use frontier::Frontier;
pub use prove::{
    ProveError, Tiles, consistency_proof, inclusion_proof, root, tiles_for_consistency,
    tiles_for_inclusion, tiles_for_root,
};
pub use verify::{ProofError, verify_consistency, verify_inclusion};

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The hash of a leaf: SHA-256(0x00 ‖ entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0x00])
        .chain_update(entry)
        .finalize()
        .into()
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // One update of one buffer: this is the hot path of appending.
    let mut node = [0x01; 65];
    let (_, children) = node.split_at_mut(1);
    let (first, second) = children.split_at_mut(32);
    first.copy_from_slice(left);
    second.copy_from_slice(right);
    Sha256::digest(node).into()
}
