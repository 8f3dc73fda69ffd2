// The offline proof: it holds as made, and no change to any part of it goes unnoticed. The cases of
// bundle-cases.json are judged by the Rust verifier too (tests/verdicts.rs): both must agree.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';
import { hex, utf8 } from '../../assets/js/verify/bytes.js';
import { parseBundle, verifyBundle } from '../../assets/js/verify/bundle.js';
import { judgeLogKey, pinnedKey } from '../../assets/js/verify/trust.js';
import { sha3_256 } from '../../assets/vendor/hashes@2.4.0/sha3.js';
import { LOG, makeBundle, vkeyOf } from './fixture.mjs';

const CONTENT = utf8('a picture');
const hashes = (content) => [`sha3-256:${hex(sha3_256(content))}`];
const check = (bundle, { fileHashes = hashes(CONTENT), judge = () => ({ status: 'pass', detail: 'pinned' }) } = {}) =>
  verifyBundle(parseBundle(JSON.stringify(bundle)), { fileHashes, judgeLogKey: judge });

const { bundle: base, cases } = JSON.parse(readFileSync(new URL('./bundle-cases.json', import.meta.url), 'utf8'));
for (const { name, file, trusted, edits, expected } of cases) {
  test(`${name}: as the Rust verifier judges it`, () => {
    const bundle = structuredClone(base);
    for (const { field, from, to } of edits) {
      assert.ok(bundle[field].includes(from), `${field} holds ${from}`);
      bundle[field] = bundle[field].replace(from, () => to);
    }
    const judge = ({ text, name: log }) => {
      if (trusted.includes(text)) return { status: 'pass', detail: '' };
      return { status: trusted.some((vkey) => vkey.startsWith(`${log}+`)) ? 'fail' : 'unknown', detail: '' };
    };
    const result = check(bundle, { fileHashes: file === null ? null : hashes(utf8(file)), judge });
    assert.deepEqual(Object.fromEntries(result.checks.map(({ id, status }) => [id, status])), expected.checks);
    assert.deepEqual(result.checks.map(({ id }) => id), ['content', 'signature', 'entry', 'inclusion', 'checkpoint', 'log-key']);
    assert.equal(result.verdict, expected.verdict);
    for (const { detail } of result.checks.slice(0, 5)) assert.ok(detail.length > 0);
  });
}

test('a sound bundle holds at every position of every small tree', () => {
  for (let size = 1; size <= 9; size += 1) {
    for (let seqNo = 1; seqNo <= size; seqNo += 1) {
      assert.equal(check(makeBundle(CONTENT, { seqNo, size })).verdict, 'yes', `${seqNo} of ${size}`);
    }
  }
});

test('round-3 Dilithium is called unknown, never passed', () => {
  const result = check(makeBundle(CONTENT, { algorithm: 'dilithium3-r3' }));
  assert.equal(result.checks[1].status, 'unknown');
  assert.equal(result.verdict, 'undecided');
});

test('a part that cannot be read fails its own checks and hides no other', () => {
  const failing = (bundle) => check(bundle).checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
  const bundle = makeBundle(CONTENT);
  assert.deepEqual(failing({ ...bundle, log: 'nonsense' }), ['checkpoint']);
  assert.deepEqual(failing({ ...bundle, proof: 'nonsense' }), ['inclusion', 'checkpoint']);
  assert.deepEqual(failing({ ...bundle, key: { algorithm: 'ml-dsa-65', public_key: 'AAAA' } }), ['signature']);
});

test('one flipped bit anywhere in the proof’s base64 is a no', () => {
  const bundle = makeBundle(CONTENT);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (const match of bundle.proof.matchAll(/[A-Za-z0-9+/]{40,}/g)) {
    for (const offset of [0, 7, 20, 39]) {
      const at = match.index + offset;
      const letter = letters[letters.indexOf(bundle.proof[at]) ^ 1];
      const proof = bundle.proof.slice(0, at) + letter + bundle.proof.slice(at + 1);
      assert.equal(check({ ...bundle, proof }).verdict, 'no', `at ${at}`);
    }
  }
});

test('what is not a bundle is refused before any check', () => {
  const bundle = makeBundle(CONTENT);
  const refused = [
    '{}', '[]', 'null', 'x', JSON.stringify({ ...bundle, format: 'colophon-bundle/2' }),
    JSON.stringify({ ...bundle, key: null }), JSON.stringify({ ...bundle, document: '{}' }),
    JSON.stringify({ ...bundle, entry: '{"seq_no":0}' }),
    JSON.stringify({ ...bundle, document: bundle.document.replace('{', '{"organisation":"Twice",') }),
  ];
  for (const text of refused) assert.throws(() => parseBundle(text), text.slice(0, 80));
});

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
});

test('the log’s key is trusted on first use; any other later is a loud failure', () => {
  const own = { text: vkeyOf(new Uint8Array(32).fill(7)), name: LOG, id: '00000000' };
  const other = { text: vkeyOf(new Uint8Array(32).fill(8)), name: LOG, id: '11111111' };

  assert.equal(judgeLogKey(own, null).status, 'unknown', 'a key known only from the proof is not remembered');
  assert.equal(judgeLogKey(own, other.text).status, 'unknown');
  assert.equal(pinnedKey(LOG), null);

  assert.equal(judgeLogKey(own, own.text).status, 'pass');
  assert.equal(pinnedKey(LOG).vkey, own.text);
  assert.equal(judgeLogKey(own, null).status, 'pass', 'offline, the remembered key is enough');

  const swapped = judgeLogKey(other, other.text);
  assert.equal(swapped.status, 'fail');
  assert.equal(swapped.alarm, LOG);
  assert.equal(judgeLogKey(own, other.text).status, 'fail', 'the server now shows another key');
});

test('where nothing can be remembered, nothing is claimed to be', () => {
  globalThis.localStorage = { getItem: () => { throw new Error('denied'); }, setItem: () => { throw new Error('denied'); } };
  const own = { text: vkeyOf(new Uint8Array(32).fill(7)), name: LOG, id: '00000000' };
  assert.equal(judgeLogKey(own, own.text).status, 'unknown');
});
