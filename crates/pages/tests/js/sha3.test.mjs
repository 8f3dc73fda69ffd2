// SHA3-256 against the examples of NIST and, at every length around the block, OpenSSL.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generate } from '../../keccak.mjs';
import { hex, utf8 } from '../../assets/js/verify/bytes.js';
import { sha3_256 } from '../../assets/js/verify/sha3.js';

const digest = (...pieces) => hex(pieces.reduce((hash, piece) => hash.update(piece), sha3_256()).digest());

test('the examples that NIST publishes', () => {
  const examples = {
    '': 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a',
    abc: '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532',
    abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq: '41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376',
  };
  for (const [message, expected] of Object.entries(examples)) assert.equal(digest(utf8(message)), expected);
  assert.equal(digest(new Uint8Array(200).fill(0xa3)), '79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787');
});

test('every length, in one piece and in pieces that fit no block', () => {
  const data = Uint8Array.from({ length: 700 }, (_, index) => (index * 131 + 7) & 0xff);
  for (let length = 0; length <= data.length; length += 1) {
    // An odd offset: pieces of a stream are views into larger buffers.
    const message = new Uint8Array(length + 1).subarray(1);
    message.set(data.subarray(0, length));
    const expected = createHash('sha3-256').update(message).digest('hex');
    const cut = (length * 7) % (length + 1);
    assert.equal(digest(message), expected, `${length}`);
    assert.equal(digest(message.subarray(0, cut), new Uint8Array(0), message.subarray(cut)), expected, `${length} cut at ${cut}`);
  }
});

test('the permutation is what its generator writes', () => {
  assert.equal(readFileSync(new URL('../../assets/js/verify/keccak.js', import.meta.url), 'utf8'), generate());
});
