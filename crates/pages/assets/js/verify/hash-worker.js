// A module worker: reads a file once, chunk by chunk, into both hashes. Memory stays flat.
import { sha256 } from '../../vendor/hashes@2.4.0/sha2.js';
import { hex } from './bytes.js';
import { sha3_256 } from './sha3.js';

const REPORT_EVERY_MS = 100;

self.onmessage = async ({ data: file }) => {
  try {
    const hashes = [sha256.create(), sha3_256()];
    const reader = file.stream().getReader();
    let done = 0;
    let reported = 0;
    for (;;) {
      const chunk = await reader.read();
      if (chunk.done) break;
      for (const hash of hashes) hash.update(chunk.value);
      done += chunk.value.length;
      const now = performance.now();
      if (now - reported > REPORT_EVERY_MS) {
        reported = now;
        self.postMessage({ done });
      }
    }
    const [sha256Digest, sha3Digest] = hashes.map((hash) => hex(hash.digest()));
    self.postMessage({ result: { sha256: `sha256:${sha256Digest}`, sha3: `sha3-256:${sha3Digest}` } });
  } catch (error) {
    self.postMessage({ error: error.message });
  }
};
