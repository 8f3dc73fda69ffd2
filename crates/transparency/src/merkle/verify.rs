//! Checking proofs: the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2, which accept the
//! same proofs as RFC 6962.

use super::{Hash, node_hash};

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
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
    /// Too many or too few hashes.
    #[error("the proof has {found} hashes, which is the wrong number")]
    WrongLength {
        /// Hashes in the proof.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root hash")]
    RootMismatch,
}

/// Checks that `leaf` is leaf number `index`, from 0, of the tree with `size` leaves and
/// this `root`.
///
/// # Errors
/// [`ProofError`] for anything but a proof of exactly that.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutsideTree { index, size });
    }
    let wrong_length = ProofError::WrongLength { found: proof.len() };
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without a right sibling rises until it is a right child.
            let rise = node.trailing_zeros();
            node >>= rise;
            last >>= rise;
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if hash == *root {
        Ok(())
    } else {
        Err(ProofError::RootMismatch)
    }
}

/// Checks that the tree of `to` leaves and root `to_root` starts with the tree of `from`
/// leaves and root `from_root`. Every tree extends the empty one, with an empty proof.
///
/// # Errors
/// [`ProofError`] for anything but a proof of exactly that.
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::Shrinks { from, to });
    }
    let wrong_length = ProofError::WrongLength { found: proof.len() };
    if from == to || from == 0 {
        if !proof.is_empty() {
            return Err(wrong_length);
        }
        let roots_fit = if from == to {
            from_root == to_root
        } else {
            *from_root == super::EMPTY_ROOT
        };
        return if roots_fit {
            Ok(())
        } else {
            Err(ProofError::RootMismatch)
        };
    }
    // Where the old tree is one perfect subtree of the new one, its root starts the walk.
    let (start, rest) = if from.is_power_of_two() {
        (from_root, proof)
    } else {
        proof.split_first().ok_or(wrong_length)?
    };
    let shift = (from - 1).trailing_ones();
    let (mut node, mut last) = ((from - 1) >> shift, (to - 1) >> shift);
    let (mut old, mut new) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            let rise = node.trailing_zeros();
            node >>= rise;
            last >>= rise;
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if old == *from_root && new == *to_root {
        Ok(())
    } else {
        Err(ProofError::RootMismatch)
    }
}
