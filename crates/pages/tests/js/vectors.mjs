// Published vectors live beside the repository, in shared/data/vectors and shared/contracts; where
// they are absent (a fresh clone elsewhere) the tests that need them say so and are skipped.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const SHARED = process.env.COLOPHON_SHARED ?? join(here, '..', '..', '..', '..', '..', 'shared');

/** Options for `test()`: runs where the file or folder exists, says why not elsewhere. */
export const needs = (path) => ({ skip: existsSync(join(SHARED, path)) ? false : `${path} is not beside this repository` });

export const readJson = (path) => JSON.parse(readFileSync(join(SHARED, path), 'utf8'));

/** Every JSON file below a folder. */
export function readAll(path) {
  return readdirSync(join(SHARED, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, ...readJson(join(path, name)) }));
}
