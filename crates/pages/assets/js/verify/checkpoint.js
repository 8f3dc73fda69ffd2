// The text of a log's signed tree head: https://c2sp.org/tlog-checkpoint
import { base64 } from './bytes.js';

/** A decimal number of at most 63 bits with no leading zero, as a bigint. */
export function decimal(text) {
  if (!/^(0|[1-9]\d*)$/.test(text) || BigInt(text) >= 2n ** 63n) throw new Error('not a decimal number');
  return BigInt(text);
}

/** A base64 SHA-256 hash. */
export function hash(text) {
  const bytes = base64(text);
  if (bytes.length !== 32) throw new Error('not a SHA-256 hash');
  return bytes;
}

/**
 * Reads the text of a checkpoint, the part of the note that is signed.
 * @returns {{ origin: string, size: bigint, root: Uint8Array }}
 */
export function parseCheckpoint(text) {
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length < 3 || lines.includes('')) throw new Error('not a checkpoint');
  return { origin: lines[0], size: decimal(lines[1]), root: hash(lines[2]) };
}
