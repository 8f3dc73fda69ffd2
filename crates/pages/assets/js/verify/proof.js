// A proof that an entry is in a log, to be kept: https://c2sp.org/tlog-proof
import { decimal, hash } from './checkpoint.js';

/**
 * Reads a proof.
 * @returns {{ index: bigint, path: Uint8Array[], checkpoint: string }} `checkpoint` is the signed
 *   note as it stands
 */
export function parseProof(text) {
  const split = text.indexOf('\n\n');
  if (split < 0) throw new Error('not a log proof');
  const lines = text.slice(0, split).split('\n');
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Error('not a log proof of version 1');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (\d+)$/.exec(lines.shift() ?? '');
  if (index === null) throw new Error('the proof names no index');
  if (lines.length > 63) throw new Error('the proof is too long');
  return { index: decimal(index[1]), path: lines.map(hash), checkpoint: text.slice(split + 2) };
}
