// Writes bundle-cases.json: one sound bundle, and edits to it with the verdict both verifiers must
// reach. Run again only when a format changes: node bundle-cases.mjs
import { writeFileSync } from 'node:fs';
import { utf8 } from '../../assets/js/verify/bytes.js';
import { LOG, makeBundle, vkeyOf } from './fixture.mjs';

const bundle = makeBundle(utf8('a picture'), { seqNo: 5, size: 13 });
const stranger = vkeyOf(new Uint8Array(32).fill(8));
const elsewhere = vkeyOf(new Uint8Array(32).fill(8), 'elsewhere.example');
const SOUND = { content: 'pass', signature: 'pass', entry: 'pass', inclusion: 'pass', checkpoint: 'pass', 'log-key': 'pass' };

function one(name, differences, { file = 'a picture', trusted = [bundle.log], edits = [] } = {}) {
  const checks = { ...SOUND, ...differences };
  const all = Object.values(checks);
  const verdict = all.includes('fail') ? 'no' : all.includes('unknown') ? 'undecided' : 'yes';
  return { name, file, trusted, edits, expected: { checks, verdict } };
}
const edit = (field, from, to) => ({ edits: [{ field, from, to }] });
const signatureLetter = JSON.parse(bundle.document).signature.slice(100, 120);
const flipped = (signatureLetter[0] === 'A' ? 'B' : 'A') + signatureLetter.slice(1);

const cases = [
  one('sound', {}),
  one('no file', { content: 'unknown' }, { file: null }),
  one('another file', { content: 'fail' }, { file: 'another picture' }),
  one('no trusted log key', { 'log-key': 'unknown' }, { trusted: [] }),
  one('only another log trusted', { 'log-key': 'unknown' }, { trusted: [elsewhere] }),
  one('another key trusted for this log', { 'log-key': 'fail' }, { trusted: [stranger] }),
  one('another organisation', { entry: 'fail' }, edit('document', 'Atelier Nordlicht', 'Somebody Else')),
  one('another model in the record', { signature: 'fail', entry: 'fail' }, edit('document', '"model":"Nordlicht XL 2.1"', '"model":"Other"')),
  one('another model in what was signed', { signature: 'fail', entry: 'fail' }, edit('document', '\\"model\\":\\"Nordlicht XL 2.1\\"', '\\"model\\":\\"Nordlicht XL 2.2\\"')),
  one('both models changed', { signature: 'fail', entry: 'fail' }, { edits: [
    { field: 'document', from: '"model":"Nordlicht XL 2.1"', to: '"model":"Other"' },
    { field: 'document', from: '\\"model\\":\\"Nordlicht XL 2.1\\"', to: '\\"model\\":\\"Other\\"' },
  ] }),
  one('a changed signature', { signature: 'fail', entry: 'fail' }, edit('document', signatureLetter, flipped)),
  one('another time in the entry', { inclusion: 'fail' }, edit('entry', '02:31:42Z', '02:31:43Z')),
  one('another position in the entry', { inclusion: 'fail' }, edit('entry', '"seq_no":5', '"seq_no":6')),
  one('another record in the entry', { entry: 'fail', inclusion: 'fail' }, edit('entry', 'C1D3E5F', 'C1D3E5G')),
  one('another index in the proof', { inclusion: 'fail' }, edit('proof', 'index 4', 'index 3')),
  one('another size in the checkpoint', { checkpoint: 'fail', 'log-key': 'unknown' }, edit('proof', '\n13\n', '\n14\n')),
];
writeFileSync(new URL('./bundle-cases.json', import.meta.url), `${JSON.stringify({ log: LOG, bundle, cases }, null, 1)}\n`);
