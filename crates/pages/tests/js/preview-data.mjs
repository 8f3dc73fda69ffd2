// Writes what examples/preview.rs serves: node preview-data.mjs DIR [CONTRACTS_DIR]
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha3_256 } from '../../assets/vendor/hashes@2.4.0/sha3.js';
import { hex, utf8 } from '../../assets/js/verify/bytes.js';
import { LOG_SECRET, makeBundle, vkeyOf } from './fixture.mjs';

const [directory, contracts] = process.argv.slice(2);
const write = (path, text) => {
  const file = join(directory, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
};

const content = utf8('A picture of the northern lights, as bytes.\n');
const bundle = makeBundle(content, { seqNo: 1_204, size: 1_285 });
const record = JSON.parse(bundle.document);
const hash = `sha3-256:${hex(sha3_256(content))}`;

write('picture.txt', content);
write(`bundles/${record.record_id}.json`, JSON.stringify(bundle));
write(`files/${hash}.json`, JSON.stringify({
  hash,
  statements: [{
    kind: 'record', id: record.record_id, organisation: record.organisation, model: record.model,
    generator_id: record.generator_id, generator_status: 'active', created_at: record.created_at,
    log: { status: 'included', seq_no: 1_204 },
    bundle_url: `/bundles/${record.record_id}`, record_url: `/v1/records/${record.record_id}`,
  }],
}));
write('log/key', `${vkeyOf(LOG_SECRET)}\n`);
for (const name of ['certivu', 'trackorigin', 'lumethic', 'tokportal', 'idle-atlas']) {
  const source = contracts && join(contracts, `${name}.json`);
  if (source && existsSync(source)) {
    mkdirSync(join(directory, 'openapi'), { recursive: true });
    cpSync(source, join(directory, 'openapi', `${name}.json`));
  }
}
