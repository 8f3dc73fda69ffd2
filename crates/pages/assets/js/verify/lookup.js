// The few questions this page asks the server. A file is sent only by `deepCheck`.

/** What can be typed: a hash with its algorithm, 64 bare hex digits, a record id, a token. */
export function parseQuery(text) {
  const query = text.trim();
  const prefixed = /^(sha3-256|sha256):([0-9a-f]{64})$/i.exec(query);
  if (prefixed) return { kind: 'hash', hashes: [`${prefixed[1].toLowerCase()}:${prefixed[2].toLowerCase()}`] };
  if (/^[0-9a-f]{64}$/i.test(query)) {
    return { kind: 'hash', hashes: ['sha3-256', 'sha256'].map((algorithm) => `${algorithm}:${query.toLowerCase()}`) };
  }
  if (/^rec_[0-9A-HJKMNP-TV-Z]{26}$/i.test(query)) return { kind: 'record', id: `rec_${query.slice(4).toUpperCase()}` };
  if (query.startsWith('ctv_')) return { kind: 'token', token: query };
  return null;
}

/** Pages of 100 statements that are read about one hash: whoever floods one hides little. */
const PAGES = 20;

/** Everything stated about any of these hashes, each statement once. */
export async function statementsFor(hashes, signal) {
  const answers = await Promise.all(hashes.map((hash) => statementsOf(hash, signal)));
  return [...new Map(answers.flat().map((statement) => [statement.id, statement])).values()];
}

async function statementsOf(hash, signal) {
  const found = [];
  let query = '';
  for (let page = 0; page < PAGES; page += 1) {
    const { statements, next_cursor: next } = await getJson(`/files/${hash}${query}`, signal);
    found.push(...statements);
    if (!next) break;
    query = `?cursor=${next}`;
  }
  return found;
}

/**
 * The offline proof of a record.
 * @returns {Promise<{ state: 'ready', text: string } | { state: 'pending' | 'missing' }>}
 */
export async function fetchBundle(id, signal) {
  const response = await fetch(`/bundles/${encodeURIComponent(id)}`, { signal, headers: { accept: 'application/json' } });
  if (response.ok) return { state: 'ready', text: await response.text() };
  if (response.status === 404) {
    const problem = await response.json().catch(() => ({}));
    return { state: problem.code === 'not_yet_included' ? 'pending' : 'missing' };
  }
  throw new Error(`the server answered ${response.status}`);
}

/** The key the server shows as its log's; null when it cannot be read. */
export async function announcedLogKey(signal) {
  const response = await fetch('/log/key', { signal }).catch(() => null);
  return response?.ok ? (await response.text()).trim() : null;
}

/** The server's published signing keys; null when they cannot be read. */
export async function publishedKeys(signal) {
  return getJson('/.well-known/jwks.json', signal).catch(() => null);
}

/** Uploads the file and asks what the server itself finds in it. */
export async function deepCheck(file, signal) {
  const body = new FormData();
  body.append('file', file);
  return answered(await fetch('/files', { method: 'POST', body, signal }));
}

async function getJson(url, signal) {
  return answered(await fetch(url, { signal, headers: { accept: 'application/json' } }));
}

async function answered(response) {
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  throw new Error(body?.detail ?? body?.title ?? `the server answered ${response.status}`);
}
