// A signed record, a log around it and the bundle that proves it, made from scratch with the same
// formats the server writes. Shared by the tests.
import { ed25519 } from '../../assets/vendor/curves@2.4.0/ed25519.js';
import { sha3_256 } from '../../assets/vendor/hashes@2.4.0/sha3.js';
import { ml_dsa65 } from '../../assets/vendor/post-quantum@0.7.1/ml-dsa.js';
import { concat, hex, sha256, sha256Hex, utf8 } from '../../assets/js/verify/bytes.js';
import { leafHash, nodeHash } from '../../assets/js/verify/merkle.js';

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
/** RFC 8785 of values without fractions: sorted keys, no space. */
const canonical = (object) => JSON.stringify(Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))));

export const LOG = 'log.colophon.example';
export const LOG_SECRET = new Uint8Array(32).fill(7);
const GENERATOR = ml_dsa65.keygen(new Uint8Array(32).fill(9));

/** The vkey of an Ed25519 secret key. */
export function vkeyOf(secret, name = LOG) {
  const material = concat(Uint8Array.of(1), ed25519.getPublicKey(secret));
  return `${name}+${hex(sha256(concat(utf8(`${name}\n`), material)).subarray(0, 4))}+${base64(material)}`;
}

/** A checkpoint signed by an Ed25519 secret key. */
export function signCheckpoint(text, secret, name = LOG) {
  const id = Buffer.from(vkeyOf(secret, name).split('+')[1], 'hex');
  return `${text}\n— ${name} ${base64(concat(id, ed25519.sign(utf8(text), secret)))}\n`;
}

/** Root and path of RFC 6962 section 2.1, straight from its recursive definition. */
export function merkle(leaves, index) {
  if (leaves.length === 1) return { root: leaves[0], path: [] };
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const inLeft = index < split;
  const left = merkle(leaves.slice(0, split), inLeft ? index : 0);
  const right = merkle(leaves.slice(split), inLeft ? 0 : index - split);
  return {
    root: nodeHash(left.root, right.root),
    path: inLeft ? [...left.path, right.root] : [...right.path, left.root],
  };
}

/** The bundle of `content` as the entry `seqNo` of a log of `size` entries, as an object. */
export function makeBundle(content, { seqNo = 5, size = 13, algorithm = 'ml-dsa-65' } = {}) {
  const payload = {
    content_hash: `sha3-256:${hex(sha3_256(content))}`,
    generator_id: 'gen_01KB3Q7V9W4X2Y6Z8A0C1D3E5A',
    model: 'Nordlicht XL 2.1',
    watermark_id: 'wm_7f3kx9mq2',
  };
  const signedPayload = canonical(payload);
  const document = canonical({
    ...payload,
    algorithm,
    created_at: '2026-11-22T02:31:40Z',
    format: 'colophon-record/1',
    key_id: sha256Hex(GENERATOR.publicKey),
    org_id: 'org_01KB3Q7V9W4X2Y6Z8A0C1D3E5F',
    organisation: 'Atelier Nordlicht',
    record_id: 'rec_01KB3Q7V9W4X2Y6Z8A0C1D3E5F',
    signature: base64(ml_dsa65.sign(utf8(signedPayload), GENERATOR.secretKey, { extraEntropy: false })),
    signed_payload: signedPayload,
  });
  const entry = canonical({
    cert_id: 'rec_01KB3Q7V9W4X2Y6Z8A0C1D3E5F',
    kind: 'record',
    manifest_hash: sha256Hex(document),
    prev_hash: '0'.repeat(64),
    seq_no: seqNo,
    ts: '2026-11-22T02:31:42Z',
  });
  const leaves = Array.from({ length: size }, (_, index) => leafHash(utf8(index === seqNo - 1 ? entry : `entry ${index}`)));
  const { root, path } = merkle(leaves, seqNo - 1);
  const checkpoint = signCheckpoint(`${LOG}\n${size}\n${base64(root)}\n`, LOG_SECRET);
  return {
    format: 'colophon-bundle/1',
    document,
    key: { algorithm, public_key: base64(GENERATOR.publicKey) },
    entry,
    proof: `c2sp.org/tlog-proof@v1\nindex ${seqNo - 1}\n${path.map((hash) => `${base64(hash)}\n`).join('')}\n${checkpoint}`,
    log: vkeyOf(LOG_SECRET),
  };
}
