// Which log keys this browser trusts: the first one it was shown for a log, for ever after.

const STORE = 'colophon.log-keys';

/** @returns {Record<string, { vkey: string, since: string }>} by log name */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? '{}') ?? {};
  } catch {
    return {};
  }
}

function remember(keys) {
  try {
    localStorage.setItem(STORE, JSON.stringify(keys));
    return true;
  } catch {
    return false;
  }
}

/** The key remembered for a log, if any. */
export const pinnedKey = (log) => (Object.hasOwn(remembered(), log) ? remembered()[log] : null);

/** Forgets a log's key, so that the next visit remembers anew. */
export function forget(log) {
  const keys = remembered();
  delete keys[log];
  remember(keys);
}

/**
 * Judges the key that a proof names, and remembers the server's own on first use.
 * @param {{ text: string, name: string, id: string }} verifier the key in the proof
 * @param {string | null} announced what the server shows at /log/key; null when it could not be read
 * @returns {{ status: 'pass' | 'fail' | 'unknown', detail: string, alarm?: string }} `alarm` is the
 *   log's name when a remembered key was contradicted
 */
export function judgeLogKey(verifier, announced) {
  const pinned = pinnedKey(verifier.name);
  if (pinned) {
    if (pinned.vkey !== verifier.text) {
      return {
        status: 'fail',
        alarm: verifier.name,
        detail: `This proof was signed with another key (${verifier.id}) than the one this browser has known since ${day(pinned.since)}. Either the log changed its key, which its operator should have announced, or someone is showing you a log of their own.`,
      };
    }
    if (announced !== null && sameLog(announced, verifier) && announced !== pinned.vkey) {
      return {
        status: 'fail',
        alarm: verifier.name,
        detail: `The server now shows another log key than the one this browser has known since ${day(pinned.since)}. Ask its operator before relying on anything here.`,
      };
    }
    return { status: 'pass', detail: `The log’s key ${verifier.id} is the one this browser has known since ${day(pinned.since)}.` };
  }
  if (announced !== verifier.text) {
    return { status: 'unknown', detail: `The key ${verifier.id} comes from the proof alone; this server does not show it as its log’s.` };
  }
  const kept = remember({ ...remembered(), [verifier.name]: { vkey: verifier.text, since: new Date().toISOString() } });
  return kept
    ? { status: 'pass', detail: `First visit: this browser now remembers the log’s key ${verifier.id}. Should the log ever show another, you will be warned.` }
    : { status: 'unknown', detail: `The server shows the key ${verifier.id}, but this browser cannot remember it to compare next time.` };
}

const sameLog = (vkey, verifier) => vkey.startsWith(`${verifier.name}+`);
const day = (iso) => new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
