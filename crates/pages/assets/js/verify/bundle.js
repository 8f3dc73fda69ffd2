// The offline proof of a record, checked from end to end. The same checks in the same order as
// `colophon verify`; every one answers pass, fail or unknown, with a reason in plain words.
import { base64, sha256Hex, utf8 } from './bytes.js';
import { parseCheckpoint } from './checkpoint.js';
import { parseJson } from './json.js';
import { leafHash, verifyInclusion } from './merkle.js';
import { parseNote, parseVerifierKey, verifyNote } from './note.js';
import { parseProof } from './proof.js';
import { isSupported, verifySignature } from './signature.js';

export const FORMAT = 'colophon-bundle/1';

/** @typedef {'pass' | 'fail' | 'unknown'} Status */
/** @typedef {{ id: string, status: Status, detail: string }} Check */

const pass = (detail) => ({ status: 'pass', detail });
const fail = (detail) => ({ status: 'fail', detail });
const unknown = (detail) => ({ status: 'unknown', detail });

/**
 * Reads a bundle and the documents inside it.
 * @param {string} text
 * @throws when the bundle, its document or its entry is not what the format says
 */
export function parseBundle(text) {
  const bundle = object(parseJson(text), 'the bundle');
  if (bundle.format !== FORMAT) throw new Error(`the format is not ${FORMAT}`);
  strings(bundle, ['document', 'entry', 'proof', 'log']);
  strings(object(bundle.key, 'the key'), ['algorithm', 'public_key']);

  const document = object(parseJson(bundle.document), 'the document');
  if (document.format !== 'colophon-record/1') throw new Error('the document is not a record of version 1');
  strings(document, [
    'algorithm', 'content_hash', 'created_at', 'generator_id', 'key_id', 'model', 'org_id',
    'organisation', 'record_id', 'signature', 'signed_payload', 'watermark_id',
  ]);

  const entry = object(parseJson(bundle.entry), 'the log entry');
  strings(entry, ['cert_id', 'kind', 'manifest_hash', 'prev_hash', 'ts']);
  if (!Number.isSafeInteger(entry.seq_no) || entry.seq_no < 1) throw new Error('the log entry has no position');
  return { text, bundle, document, entry };
}

/**
 * Checks a parsed bundle.
 * @param {ReturnType<typeof parseBundle>} parsed
 * @param {object} against
 * @param {string[] | null} against.fileHashes hashes of the file at hand (`sha3-256:…`, `sha256:…`);
 *   null when there is no file
 * @param {(verifier: ReturnType<typeof parseVerifierKey>) => Omit<Check, 'id'>} against.judgeLogKey
 *   says whether the log's key is trusted
 * @returns {{ checks: Check[], verdict: 'yes' | 'no' | 'undecided', size: bigint | null, origin: string | null }}
 */
export function verifyBundle({ bundle, document, entry }, { fileHashes, judgeLogKey }) {
  const proof = attempt(() => parseProof(bundle.proof));
  const note = attempt(() => parseNote(proof.value.checkpoint));
  const head = attempt(() => parseCheckpoint(note.value.text));
  const verifier = attempt(() => parseVerifierKey(bundle.log));
  const checkpoint = checkCheckpoint(note, head, verifier);

  const steps = {
    content: () => checkContent(document, fileHashes),
    signature: () => checkSignature(bundle, document),
    entry: () => checkEntry(bundle, document, entry),
    inclusion: () => checkInclusion(bundle, entry, proof, head),
    checkpoint: () => checkpoint,
    'log-key': () => (checkpoint.status === 'pass'
      ? judgeLogKey(verifier.value)
      : unknown('No log key signed the checkpoint, so there is none to judge.')),
  };
  const checks = Object.entries(steps).map(([id, step]) => {
    try {
      return { id, ...step() };
    } catch (error) {
      return { id, ...fail(`This part of the proof is malformed: ${error.message}.`) };
    }
  });
  return {
    checks,
    verdict: verdictOf(checks),
    size: head.value?.size ?? null,
    origin: head.value?.origin ?? null,
  };
}

/** No if any check fails, yes if all pass, undecided otherwise. */
export function verdictOf(checks) {
  if (checks.some(({ status }) => status === 'fail')) return 'no';
  return checks.every(({ status }) => status === 'pass') ? 'yes' : 'undecided';
}

function checkContent(document, fileHashes) {
  if (fileHashes === null) return unknown('No file was given to compare with the record.');
  return fileHashes.includes(document.content_hash)
    ? pass('The file’s hash is the one in the record: the same bytes, every one.')
    : fail('The file’s hash is not the one in the record: this record is about another file.');
}

function checkSignature(bundle, document) {
  const publicKey = base64(bundle.key.public_key);
  if (sha256Hex(publicKey) !== document.key_id) return fail('The public key is not the one that the record names.');
  if (bundle.key.algorithm !== document.algorithm) return fail('The key is for another algorithm than the record names.');
  const payload = object(parseJson(document.signed_payload), 'the signed payload');
  for (const field of ['content_hash', 'generator_id', 'model', 'watermark_id']) {
    if (payload[field] !== document[field]) return fail(`What the generator signed has another ${field} than the record.`);
  }
  if (document.algorithm === 'dilithium3-r3') {
    return unknown('This browser cannot check round-3 Dilithium, the draft that came before ML-DSA. The command “colophon verify” can.');
  }
  if (!isSupported(document.algorithm)) return unknown(`This browser cannot check ${document.algorithm} signatures.`);
  const holds = verifySignature(document.algorithm, publicKey, base64(document.signature), utf8(document.signed_payload));
  return holds
    ? pass(`The generator ${document.generator_id} signed this with its ${document.algorithm.toUpperCase()} key.`)
    : fail('The generator’s signature does not hold.');
}

function checkEntry(bundle, document, entry) {
  if (entry.manifest_hash !== sha256Hex(bundle.document)) return fail('The log entry is about another document.');
  if (entry.cert_id !== document.record_id) return fail('The log entry names another record.');
  return pass(`Log entry ${entry.seq_no.toLocaleString('en-GB')} holds the hash of this very record.`);
}

function checkInclusion(bundle, entry, proof, head) {
  if (proof.error) return fail(`The proof is malformed: ${proof.error}.`);
  if (head.error) return fail('Without a readable checkpoint there is no tree to be in.');
  const { index, path } = proof.value;
  const { size, root } = head.value;
  if (index !== BigInt(entry.seq_no) - 1n) return fail('The proof is for another position than the entry names.');
  return verifyInclusion({ index, size, leaf: leafHash(utf8(bundle.entry)), path, root })
    ? pass(path.length === 0
      ? 'The entry is the only one so far: it is the tree.'
      : `The entry is in the tree of ${size.toLocaleString('en-GB')} entries (${path.length === 1 ? 'one hash leads' : `${path.length} hashes lead`} to its root).`)
    : fail('The entry is not in the tree that the checkpoint names.');
}

function checkCheckpoint(note, head, verifier) {
  if (note.error ?? head.error) return fail(`The checkpoint is malformed: ${note.error ?? head.error}.`);
  if (verifier.error) return fail(`The log’s key is malformed: ${verifier.error}.`);
  if (head.value.origin !== verifier.value.name) return fail('The checkpoint is of another log than the key.');
  return verifyNote(note.value, verifier.value)
    ? pass(`The log ${head.value.origin} signed that tree.`)
    : fail('The log’s signature under the checkpoint does not hold.');
}

function object(value, what) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error(`${what} is not an object`);
  return value;
}

function strings(value, names) {
  for (const name of names) {
    if (typeof value[name] !== 'string') throw new Error(`${name} is missing`);
  }
}

/** A value or the reason why there is none, so that one bad part does not hide the other checks. */
function attempt(read) {
  try {
    return { value: read(), error: null };
  } catch (error) {
    return { value: null, error: error.message };
  }
}
