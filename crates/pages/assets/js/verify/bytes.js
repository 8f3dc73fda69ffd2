// Bytes and their spellings. Decoders are strict: one text for each value, or an error.
import { sha256 } from '../../vendor/hashes@2.4.0/sha2.js';

export { sha256 };

const encoder = new TextEncoder();

/** UTF-8 of a string. */
export const utf8 = (text) => encoder.encode(text);

/** Lower-case hex of bytes. */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** SHA-256 as lower-case hex, of bytes or of a string's UTF-8. */
export const sha256Hex = (data) => hex(sha256(typeof data === 'string' ? utf8(data) : data));

/** Bytes after each other. */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Whether two byte arrays are the same. Nothing here is secret, so time does not matter. */
export const equal = (a, b) => a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Standard base64 with padding (RFC 4648 section 4). Throws on any other spelling. */
export function base64(text) {
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw new Error('not base64');
  }
  if (btoa(binary) !== text) throw new Error('not canonical base64');
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** URL-safe base64 without padding (RFC 4648 section 5). Throws on any other spelling. */
export function base64url(text) {
  if (!/^[\w-]*$/.test(text)) throw new Error('not base64url');
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  return base64(standard + '='.repeat((4 - (standard.length % 4)) % 4));
}
