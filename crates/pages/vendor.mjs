// Vendors the browser's third-party code into assets/vendor/<package>@<version>/.
//
//   node crates/pages/vendor.mjs
//
// Installs the pinned packages into a temporary folder with npm, copies only the modules that the
// entries below reach, rewrites bare imports to relative ones (so that no import map, bundler or
// network is needed) and puts each package's licence beside its files. Nothing else is changed:
// `diff` against the published packages shows the import lines only.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = {
  '@noble/hashes': '2.4.0',
  '@noble/curves': '2.4.0',
  '@noble/post-quantum': '0.7.1',
  '@fontsource-variable/newsreader': '5.3.0',
};
const ENTRIES = [
  '@noble/hashes/sha2.js',
  '@noble/hashes/sha3.js',
  '@noble/curves/ed25519.js',
  '@noble/post-quantum/ml-dsa.js',
];
const FILES = [
  '@fontsource-variable/newsreader/files/newsreader-latin-opsz-normal.woff2',
  '@fontsource-variable/newsreader/files/newsreader-latin-wght-italic.woff2',
];

const target = join(dirname(fileURLToPath(import.meta.url)), 'assets', 'vendor');
const scratch = mkdtempSync(join(tmpdir(), 'vendor-'));
const modules = join(scratch, 'node_modules');

/** Splits `@scope/name/path/file.js` into the package and the path inside it. */
function split(specifier) {
  const [scope, name, ...path] = specifier.split('/');
  return { pkg: `${scope}/${name}`, path: path.join('/') };
}

/** The vendored place of `@scope/name/path`: `name@version/path`, as a URL path under vendor/. */
function place(specifier) {
  const { pkg, path } = split(specifier);
  if (!(pkg in PACKAGES)) throw new Error(`${pkg} is imported but not pinned`);
  return posix.join(`${pkg.split('/')[1]}@${PACKAGES[pkg]}`, path);
}

const done = new Set();
function vendorModule(specifier) {
  if (done.has(specifier)) return;
  done.add(specifier);
  const { pkg, path } = split(specifier);
  const source = readFileSync(join(modules, specifier), 'utf8');
  const rewritten = source.replace(
    /^((?:import|export)\s[^;]*?from\s+)(['"])([^'"]+)\2/gm,
    (_, head, quote, imported) => {
      const next = imported.startsWith('.')
        ? `${pkg}/${posix.join(posix.dirname(path), imported)}`
        : imported;
      vendorModule(next);
      const relative = posix.relative(posix.dirname(place(specifier)), place(next));
      return `${head}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`;
    },
  );
  // A source map that is not shipped would be asked for by every open developer console.
  const text = rewritten.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n');
  const file = join(target, place(specifier));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

try {
  const wanted = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  execFileSync('npm', ['install', '--prefix', scratch, '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], { stdio: 'inherit' });
  rmSync(target, { recursive: true, force: true });
  ENTRIES.forEach(vendorModule);
  for (const file of FILES) {
    mkdirSync(dirname(join(target, place(file))), { recursive: true });
    cpSync(join(modules, file), join(target, place(file)));
  }
  for (const pkg of Object.keys(PACKAGES)) {
    cpSync(join(modules, pkg, 'LICENSE'), join(target, place(`${pkg}/LICENSE`)));
  }
  console.log(`${done.size} modules and ${FILES.length} fonts in ${target}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
