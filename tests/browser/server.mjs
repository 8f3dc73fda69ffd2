// The server under test: a fresh one in a folder of its own.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');

/** Where the pictures of one journey go: an empty folder. */
export function shotsOf(journey) {
  const folder = join(target, 'browser-shots', journey);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function program() {
  if (process.env.COLOPHON) return process.env.COLOPHON;
  const [newest] = ['debug', 'release']
    .map((profile) => join(target, profile, 'colophon'))
    .filter(existsSync)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!newest) throw new Error('build the server first: cargo build');
  return newest;
}

/**
 * Starts a server on a free port, with these settings in its environment.
 * @returns {Promise<{ url: string, setupLink: string, stop: () => Promise<void> }>}
 */
export async function startServer(settings = {}) {
  const data = mkdtempSync(join(tmpdir(), 'colophon-browser-'));
  const server = spawn(program(), ['serve', '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RUST_LOG: process.env.RUST_LOG ?? 'warn', ...settings },
  });
  let complaints = '';
  server.stderr.on('data', (text) => { complaints += text; });
  const ended = new Promise((resolve) => { server.once('exit', resolve); });
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
    if (complaints !== '') console.error(complaints);
  };

  const found = {};
  for await (const line of createInterface({ input: server.stdout })) {
    found.url ??= /^Colophon is at (http:\S+)$/.exec(line)?.[1];
    found.setupLink ??= /^\s*(http:\S+\/console\/setup\?token=\S+)$/.exec(line)?.[1];
    if (found.url && found.setupLink) return { ...found, stop };
  }
  await stop();
  throw new Error(`the server did not start:\n${complaints}`);
}
