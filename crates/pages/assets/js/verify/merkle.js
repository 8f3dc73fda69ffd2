// The Merkle tree of RFC 6962 (and RFC 9162 section 2.1): leaf and node hashes, inclusion proofs.
import { concat, equal, sha256 } from './bytes.js';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** SHA-256(0x00 || entry). */
export const leafHash = (entry) => sha256(concat(LEAF, entry));

/** SHA-256(0x01 || left || right). */
export const nodeHash = (left, right) => sha256(concat(NODE, left, right));

/**
 * Whether a leaf is in the tree: RFC 9162 section 2.1.3.2.
 * @param {object} claim
 * @param {bigint} claim.index zero-based position of the leaf
 * @param {bigint} claim.size leaves in the tree
 * @param {Uint8Array} claim.leaf the leaf's hash
 * @param {Uint8Array[]} claim.path sibling hashes, from the leaf upwards
 * @param {Uint8Array} claim.root the tree's root hash
 */
export function verifyInclusion({ index, size, leaf, path, root }) {
  if (index < 0n || index >= size || ![leaf, root, ...path].every(({ length }) => length === 32)) return false;
  let node = index;
  let last = size - 1n;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (node % 2n === 1n || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2n === 0n && node !== 0n) {
        node /= 2n;
        last /= 2n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node /= 2n;
    last /= 2n;
  }
  return last === 0n && equal(hash, root);
}
