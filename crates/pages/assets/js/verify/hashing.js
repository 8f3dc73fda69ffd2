// The hashes of a file, made in a worker so that the page stays alive.

/**
 * @param {File} file
 * @param {(done: number) => void} onProgress bytes read so far
 * @param {AbortSignal} signal
 * @returns {Promise<{ sha256: string, sha3: string }>} `sha256:…` and `sha3-256:…`
 */
export function hashFile(file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module' });
    const finish = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.onmessage = ({ data }) => {
      if (data.result) finish(resolve, data.result);
      else if (data.error) finish(reject, new Error(data.error));
      else onProgress(data.done);
    };
    worker.onerror = () => finish(reject, new Error('the hashing script could not be started'));
    signal.addEventListener('abort', () => finish(reject, signal.reason), { once: true });
    worker.postMessage(file);
  });
}
