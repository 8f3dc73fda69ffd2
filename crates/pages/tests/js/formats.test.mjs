// The formats the verifier reads: what it accepts and what it must refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64, base64url, concat, hex, sha256, utf8 } from '../../assets/js/verify/bytes.js';
import { parseCheckpoint } from '../../assets/js/verify/checkpoint.js';
import { parseJson } from '../../assets/js/verify/json.js';
import { verifyInclusion } from '../../assets/js/verify/merkle.js';
import { parseNote, parseVerifierKey, verifyEd25519, verifyNote } from '../../assets/js/verify/note.js';
import { parseProof } from '../../assets/js/verify/proof.js';
import { verifySignature } from '../../assets/js/verify/signature.js';
import { checkToken, parseToken, recordId } from '../../assets/js/verify/token.js';
import { parseQuery } from '../../assets/js/verify/lookup.js';
import { ed25519 } from '../../assets/vendor/curves@2.4.0/ed25519.js';
import { LOG_SECRET, signCheckpoint, vkeyOf } from './fixture.mjs';
import { needs, readAll, readJson } from './vectors.mjs';

test('JSON that two readers could read differently is refused', () => {
  const refused = [
    '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '"\\ud800"', '"\\udc00\\ud800"', '9007199254740993', '1e400', '01', '1.', '.5', '+1',
    '[1,]', '{"a":1,}', "{'a':1}", '[1] 2', '', ' ', 'nul', '"a\nb"', '"\\x41"', `${'['.repeat(65)}${']'.repeat(65)}`, '\ufeff{}', 'NaN',
  ];
  for (const text of refused) assert.throws(() => parseJson(text), SyntaxError, text);
});

test('JSON that all readers agree on is read as JSON.parse reads it', () => {
  for (const text of ['{"a":[1,-0.5,1e3,true,false,null,"\\u20ac\\ud83d\\ude00\\n"],"b":{}}', ' [ ] ', '9007199254740992', '"é"', `${'['.repeat(64)}${']'.repeat(64)}`]) {
    assert.deepEqual(JSON.parse(JSON.stringify(parseJson(text))), JSON.parse(text), text);
  }
  assert.equal(parseJson('{"__proto__":1}').__proto__, 1);
});

test('base64 has one spelling', () => {
  assert.deepEqual([...base64('AAE=')], [0, 1]);
  assert.deepEqual([...base64url('AAE')], [0, 1]);
  for (const text of ['AAE', 'AAF=\n', 'AAH=', 'A', 'AA-_', ' AAE=']) assert.throws(() => base64(text), text);
  for (const text of ['AAE=', 'AAH', 'AA+/']) assert.throws(() => base64url(text), text);
});

test('inclusion proofs of RFC 6962: every published vector', needs('data/vectors/merkle-rfc6962'), () => {
  const vectors = readAll('data/vectors/merkle-rfc6962/testdata/inclusion');
  assert.ok(vectors.length >= 98);
  const bytes = (text) => Uint8Array.from(Buffer.from(text ?? '', 'base64'));
  for (const vector of vectors) {
    const holds = verifyInclusion({
      index: BigInt(vector.leafIdx), size: BigInt(vector.treeSize), leaf: bytes(vector.leafHash),
      path: (vector.proof ?? []).map(bytes), root: bytes(vector.root),
    });
    assert.equal(holds, !vector.wantErr, vector.name);
  }
});

test('a note verifies under its key and no other', () => {
  const note = signCheckpoint('log.colophon.example\n7\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n', LOG_SECRET);
  const verifier = parseVerifierKey(vkeyOf(LOG_SECRET));
  const stranger = parseVerifierKey(vkeyOf(new Uint8Array(32).fill(8)));
  assert.ok(verifyNote(parseNote(note), verifier));
  assert.ok(!verifyNote(parseNote(note), stranger));
  assert.ok(!verifyNote(parseNote(note.replace('\n7\n', '\n8\n')), verifier));
  const withWitness = `${note}— witness.example ${Buffer.from(new Uint8Array(76)).toString('base64')}\n`;
  assert.ok(verifyNote(parseNote(withWitness), verifier), 'signatures of unknown keys are passed over');
  const lines = note.split('\n');
  const broken = `${note}${lines.at(-2).slice(0, -4)}AA==\n`;
  assert.ok(!verifyNote(parseNote(broken), verifier), 'a bad signature of the same key is a refusal');
});

test('the signed note of the C2SP specification is read', () => {
  // From c2sp.org/signed-note and Go’s golang.org/x/mod/sumdb/note.
  const verifier = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  const note = parseNote(
    'If you think cryptography is the answer to your problem,\nthen you don\'t know what your problem is.\n\n'
    + '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  );
  assert.ok(verifyNote(note, verifier));
});

test('malformed notes, keys, checkpoints and proofs are refused', () => {
  for (const text of ['', 'text\n', 'text\n\n', 'text\n\n- name AAAA\n', 'text\n\n— name AAAA\n', 'text\n\n— na+me AAAAAAAA\n', 'te\u0001xt\n\n— name AAAAAAAA\n', 'text\n\n— name AAAAAAAA']) {
    assert.throws(() => parseNote(text), JSON.stringify(text));
  }
  const vkey = vkeyOf(LOG_SECRET);
  for (const text of ['', 'name', vkey.replace('+', ''), vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), `${vkey}AA`, vkey.replace('log', 'dog')]) {
    assert.throws(() => parseVerifierKey(text), text);
  }
  const root = 'sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=';
  assert.equal(parseCheckpoint(`log\n7\n${root}\n`).size, 7n);
  for (const text of [`log\n07\n${root}\n`, `log\n-7\n${root}\n`, 'log\n7\nAAAA\n', `\n7\n${root}\n`, 'log\n7\n', `log\n9223372036854775808\n${root}\n`]) {
    assert.throws(() => parseCheckpoint(text), text);
  }
  for (const text of ['c2sp.org/tlog-proof@v2\nindex 0\n\nx', 'c2sp.org/tlog-proof@v1\n\nx', 'c2sp.org/tlog-proof@v1\nindex 01\n\nx', 'c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx']) {
    assert.throws(() => parseProof(text), text);
  }
  assert.equal(parseProof(`c2sp.org/tlog-proof@v1\nextra AAAA\nindex 3\n${root}\n\nnote`).path.length, 1);
});

test('Ed25519: every Wycheproof vector', needs('data/vectors/wycheproof'), () => {
  const { testGroups } = readJson('data/vectors/wycheproof/testvectors_v1/ed25519_test.json');
  for (const group of testGroups) {
    const key = Buffer.from(group.publicKey.pk, 'hex');
    for (const { tcId, msg, sig, result } of group.tests) {
      const holds = verifyEd25519(Uint8Array.from(Buffer.from(sig, 'hex')), Uint8Array.from(Buffer.from(msg, 'hex')), Uint8Array.from(key));
      assert.equal(holds, result === 'valid', `test ${tcId}`);
    }
  }
});

for (const level of [44, 65, 87]) {
  test(`ML-DSA-${level}: every Wycheproof vector with an empty context`, needs('data/vectors/wycheproof'), () => {
    const { testGroups } = readJson(`data/vectors/wycheproof/testvectors_v1/mldsa_${level}_verify_test.json`);
    for (const group of testGroups) {
      const key = Uint8Array.from(Buffer.from(group.publicKey, 'hex'));
      for (const { tcId, msg, sig, ctx, result } of group.tests) {
        if (ctx || msg === undefined) continue;
        const holds = verifySignature(`ml-dsa-${level}`, key, Uint8Array.from(Buffer.from(sig, 'hex')), Uint8Array.from(Buffer.from(msg, 'hex')));
        assert.equal(holds, result === 'valid', `test ${tcId}`);
      }
    }
  });
}

test('records that dilithium-py signed verify, and not with one bit changed', needs('contracts/vectors/certivu_record.json'), () => {
  const vectors = readJson('contracts/vectors/certivu_record.json');
  const key = base64(vectors.ml_dsa_65.public_key);
  for (const vector of vectors.cases) {
    const signature = base64(vector.ml_dsa_65_signature);
    assert.ok(verifySignature('ml-dsa-65', key, signature, utf8(vector.canonical_python_sdk)));
    signature[100] ^= 1;
    assert.ok(!verifySignature('ml-dsa-65', key, signature, utf8(vector.canonical_python_sdk)));
  }
});

test('a token names its record, and a forged one is told apart', () => {
  const secret = new Uint8Array(32).fill(3);
  const publicKey = ed25519.getPublicKey(secret);
  const uuid = Uint8Array.from(Buffer.from('0193c2a47b1e7c3d8a5f2e4d6c8b0a1f', 'hex'));
  const head = concat(Uint8Array.of(1), sha256(publicKey).subarray(0, 4), uuid);
  const spell = (bytes) => `ctv_${Buffer.from(bytes).toString('base64url')}`;
  const text = spell(concat(head, ed25519.sign(concat(utf8('colophon-token/1\n'), head), secret)));
  const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }] };

  const token = parseToken(text);
  assert.equal(token.recordId, recordId(uuid));
  assert.match(token.recordId, /^rec_0[0-9A-HJKMNP-TV-Z]{25}$/);
  assert.equal(checkToken(token, jwks).status, 'pass');
  assert.equal(checkToken(token, { keys: [] }).status, 'fail');
  assert.equal(checkToken(token, null).status, 'unknown');
  const forged = concat(head, new Uint8Array(64));
  assert.equal(checkToken(parseToken(spell(forged)), jwks).status, 'fail');
  for (const bad of ['ctv_', 'ctv_AAAA', text.slice(0, -1), `${text}A`, text.replace('ctv_', 'ctx_')]) assert.throws(() => parseToken(bad), bad);
});

test('record ids are spelt as ULIDs are', () => {
  // The example of the ULID specification: 01ARZ3NDEKTSV4RRFFQ69G5FAV.
  assert.equal(recordId(Uint8Array.from(Buffer.from('01563e3ab5d3d6764c61efb99302bd5b', 'hex'))), 'rec_01ARZ3NDEKTSV4RRFFQ69G5FAV');
});

test('what people paste is understood', () => {
  const digest = hex(sha256(utf8('x')));
  assert.deepEqual(parseQuery(` SHA3-256:${digest.toUpperCase()} `), { kind: 'hash', hashes: [`sha3-256:${digest}`] });
  assert.equal(parseQuery(digest).hashes.length, 2);
  assert.equal(parseQuery('rec_01arz3ndektsv4rrffq69g5fav').id, 'rec_01ARZ3NDEKTSV4RRFFQ69G5FAV');
  assert.equal(parseQuery('ctv_x').kind, 'token');
  for (const text of ['', 'hello', 'sha256:zz', 'rec_1']) assert.equal(parseQuery(text), null, text);
});
