// What an AI company's software does: a key of its own, and a signed record for each file.
import { createHash, randomBytes } from 'node:crypto';
import { ml_dsa65 } from '../../crates/pages/assets/vendor/post-quantum@0.7.1/ml-dsa.js';

const keys = ml_dsa65.keygen(randomBytes(32));
const base64 = (bytes) => Buffer.from(bytes).toString('base64');

/** The raw public key in base64, as an operator pastes it. */
export const publicKey = base64(keys.publicKey);

/** A request body for `POST /v1/records` about `content`. */
export function signedRecord(content, generatorId) {
  // Members in alphabetical order and no space: canonical as it stands (RFC 8785).
  const payload = {
    content_hash: `sha3-256:${createHash('sha3-256').update(content).digest('hex')}`,
    generator_id: generatorId,
    model: 'Nordlicht XL 2.1',
    watermark_id: `wm_${randomBytes(8).toString('hex')}`,
  };
  const signature = ml_dsa65.sign(Buffer.from(JSON.stringify(payload)), keys.secretKey);
  return { ...payload, signature: base64(signature), signed_payload: payload };
}

/** Sends a record. */
export function send(url, apiKey, body) {
  return fetch(`${url}/v1/records`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Waits until the log has the record. */
export async function untilLogged(url, recordId) {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`${url}/bundles/${recordId}`);
    if (answer.ok) return;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`${recordId} did not reach the log`);
}
