// A generator's signature: ML-DSA (FIPS 204), pure, empty context.
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '../../vendor/post-quantum@0.7.1/ml-dsa.js';

const PARAMETER_SETS = { 'ml-dsa-44': ml_dsa44, 'ml-dsa-65': ml_dsa65, 'ml-dsa-87': ml_dsa87 };

/** Whether this browser code can check the algorithm at all. */
export const isSupported = (algorithm) => Object.hasOwn(PARAMETER_SETS, algorithm);

/**
 * @param {string} algorithm `ml-dsa-44`, `ml-dsa-65` or `ml-dsa-87`
 * @param {Uint8Array} publicKey raw
 * @param {Uint8Array} signature
 * @param {Uint8Array} message
 */
export function verifySignature(algorithm, publicKey, signature, message) {
  const scheme = PARAMETER_SETS[algorithm];
  if (publicKey.length !== scheme.lengths.publicKey || signature.length !== scheme.lengths.signature) return false;
  try {
    return scheme.verify(signature, message, publicKey);
  } catch {
    return false;
  }
}
