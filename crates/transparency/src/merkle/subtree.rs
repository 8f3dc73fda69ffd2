//! Which perfect subtrees make up a range of leaves, and which ranges make up a proof.

use std::ops::Range;

/// A perfect subtree: the leaves `index << height .. (index + 1) << height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subtree {
    pub height: u32,
    pub index: u64,
}

/// The largest power of two smaller than `size`, where RFC 6962 splits a tree of two or
/// more leaves.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The perfect subtrees of a range, from left to right, largest first. The range starts
/// at a multiple of its own splits, as every range of a proof does.
pub(super) fn decompose(range: Range<u64>) -> impl DoubleEndedIterator<Item = Subtree> {
    let size = range.end - range.start;
    (0..u64::BITS)
        .rev()
        .filter(move |height| size >> height & 1 == 1)
        .map(move |height| Subtree {
            height,
            // All larger subtrees of the range lie to the left.
            index: (range.start >> height) + (size >> height) - 1,
        })
}

/// RFC 6962 §2.1.1: the ranges whose hashes prove leaf `index` in a tree of `size`, from
/// the leaf's sibling upwards. Needs `index < size`.
pub(super) fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut tree = 0..size;
    while tree.end - tree.start > 1 {
        let middle = tree.start + split(tree.end - tree.start);
        if index < middle {
            ranges.push(middle..tree.end);
            tree.end = middle;
        } else {
            ranges.push(tree.start..middle);
            tree.start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// RFC 6962 §2.1.2: the ranges whose hashes prove that the tree of `from` leaves is a
/// prefix of the tree of `to`. Needs `0 < from <= to`.
pub(super) fn consistency_ranges(from: u64, to: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut tree = 0..to;
    while from < tree.end {
        let middle = tree.start + split(tree.end - tree.start);
        if from <= middle {
            ranges.push(middle..tree.end);
            tree.end = middle;
        } else {
            ranges.push(tree.start..middle);
            tree.start = middle;
        }
    }
    // The old root itself is known to whoever asks.
    if tree.start > 0 {
        ranges.push(tree);
    }
    ranges.reverse();
    ranges
}
