// Signed notes and the keys that verify them: https://c2sp.org/signed-note
import { ed25519 } from '../../vendor/curves@2.4.0/ed25519.js';
import { base64, concat, hex, sha256, utf8 } from './bytes.js';

const ED25519 = 0x01;

/** A key name: not empty, no white space, no plus sign. */
const isName = (name) => /^[^\s\p{White_Space}+]+$/u.test(name);

/**
 * Reads a verifier key, `name+hhhhhhhh+base64`.
 * @returns {{ text: string, name: string, id: string, key: Uint8Array }} `id` is eight hex digits,
 *   `key` the raw Ed25519 public key
 */
export function parseVerifierKey(text) {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/su.exec(text);
  if (match === null || !isName(match[1])) throw new Error('not a verifier key');
  const [, name, id, encoded] = match;
  const material = base64(encoded);
  if (material[0] !== ED25519 || material.length !== 33) throw new Error('not an Ed25519 verifier key');
  if (hex(sha256(concat(utf8(`${name}\n`), material)).subarray(0, 4)) !== id) {
    throw new Error('the key id does not belong to the key');
  }
  return { text, name, id, key: material.subarray(1) };
}

/**
 * Reads a signed note.
 * @returns {{ text: string, signatures: { name: string, id: string, signature: Uint8Array }[] }}
 *   `text` is what was signed, with its last newline
 */
export function parseNote(note) {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw new Error('not a signed note');
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) throw new Error('control characters in the note');
  const lines = note.slice(split + 2, -1).split('\n');
  const signatures = lines.map((line) => {
    const match = /^— (\S+) (\S+)$/u.exec(line);
    if (match === null || !isName(match[1])) throw new Error('malformed signature line');
    const bytes = base64(match[2]);
    if (bytes.length < 5) throw new Error('malformed signature');
    return { name: match[1], id: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
  });
  return { text: note.slice(0, split + 1), signatures };
}

/**
 * Whether a note carries a valid signature of this key. Signatures of other keys are not looked at;
 * a bad one of this key is a refusal even beside a good one.
 */
export function verifyNote(note, verifier) {
  const own = note.signatures.filter(({ name, id }) => name === verifier.name && id === verifier.id);
  const message = utf8(note.text);
  return own.length > 0 && own.every(({ signature }) => verifyEd25519(signature, message, verifier.key));
}

/** Ed25519 in the strict reading: canonical encodings, no keys of small order. */
export function verifyEd25519(signature, message, key) {
  try {
    return signature.length === 64 && ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

