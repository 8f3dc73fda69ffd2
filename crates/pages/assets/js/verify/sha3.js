// SHA3-256 (FIPS 202) of data that arrives in pieces.
import { keccakF1600 } from './keccak.js';

/** Bytes taken up between two permutations: 1600 bits less twice the digest. */
const RATE = 136;
const RATE_WORDS = RATE / 4;

/** `sha3_256().update(bytes)…digest()` */
export function sha3_256() {
  const state = new Int32Array(50);
  const block = new Uint8Array(RATE);
  const blockView = new DataView(block.buffer);
  let filled = 0;

  const absorb = (view, at) => {
    for (let word = 0; word < RATE_WORDS; word += 1) state[word] ^= view.getInt32(at + 4 * word, true);
    keccakF1600(state);
  };

  return {
    /** @param {Uint8Array} bytes the next piece */
    update(bytes) {
      let at = 0;
      if (filled > 0) {
        at = Math.min(RATE - filled, bytes.length);
        block.set(bytes.subarray(0, at), filled);
        filled += at;
        if (filled < RATE) return this;
        absorb(blockView, 0);
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (; at + RATE <= bytes.length; at += RATE) absorb(view, at);
      block.set(bytes.subarray(at));
      filled = bytes.length - at;
      return this;
    },

    /** @returns {Uint8Array} 32 bytes; nothing may be added after it */
    digest() {
      block.fill(0, filled);
      block[filled] = 0x06;
      block[RATE - 1] |= 0x80;
      absorb(blockView, 0);
      const digest = new Uint8Array(32);
      const view = new DataView(digest.buffer);
      for (let word = 0; word < 8; word += 1) view.setInt32(4 * word, state[word], true);
      return digest;
    },
  };
}
