// The ctv_ token, a signed pointer to a record: version 1, four bytes of the issuer's key id, the
// record's UUID, an Ed25519 signature. A forged one is told apart without asking anyone but the
// issuer's published keys.
import { base64url, concat, equal, sha256, utf8 } from './bytes.js';
import { verifyEd25519 } from './note.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SIGNED = 21;

/** `rec_` and the UUID's 128 bits in 26 characters of Crockford base 32. */
export function recordId(uuid) {
  let bits = uuid.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  let text = '';
  for (let place = 0; place < 26; place += 1) {
    text = ALPHABET[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `rec_${text}`;
}

/**
 * Reads a token.
 * @returns {{ recordId: string, keyHint: Uint8Array, signed: Uint8Array, signature: Uint8Array }}
 */
export function parseToken(text) {
  if (!text.startsWith('ctv_')) throw new Error('a token starts with ctv_');
  const bytes = base64url(text.slice(4));
  if (bytes.length !== SIGNED + 64) throw new Error('the token has the wrong length');
  if (bytes[0] !== 1) throw new Error('the token is of a version this page does not know');
  return {
    recordId: recordId(bytes.subarray(5, SIGNED)),
    keyHint: bytes.subarray(1, 5),
    signed: bytes.subarray(0, SIGNED),
    signature: bytes.subarray(SIGNED),
  };
}

/**
 * @param {ReturnType<typeof parseToken>} token
 * @param {{ keys: object[] } | null} jwks the issuer's published keys; null when unreadable
 * @returns {{ id: 'token', status: 'pass' | 'fail' | 'unknown', detail: string }}
 */
export function checkToken(token, jwks) {
  if (jwks === null) return { id: 'token', status: 'unknown', detail: 'The issuer’s keys could not be read.' };
  const key = jwks.keys
    .filter(({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519')
    .map(({ x }) => base64url(x))
    .find((raw) => equal(sha256(raw).subarray(0, 4), token.keyHint));
  if (!key) return { id: 'token', status: 'fail', detail: 'This server never issued a token under that key.' };
  return verifyEd25519(token.signature, concat(utf8('colophon-token/1\n'), token.signed), key)
    ? { id: 'token', status: 'pass', detail: 'This server issued the token for this record.' }
    : { id: 'token', status: 'fail', detail: 'The token’s signature does not hold: it is forged or was changed.' };
}
