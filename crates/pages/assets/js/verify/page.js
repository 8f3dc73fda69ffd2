// The verifier on / and /verify: takes a file or a query, leads it through hashing, look-up and
// checks, and shows the report.
import { element } from '../dom.js';
import { hashFile } from './hashing.js';
import { announcedLogKey, deepCheck, fetchBundle, parseQuery, publishedKeys, statementsFor } from './lookup.js';
import {
  deepCheckOffer, deepCheckReport, fileLine, fileSize, malformedReport, missingReport, nothingReport, pendingReport,
  problemReport, recordReport, tokenReport,
} from './report.js';
import { forget, judgeLogKey } from './trust.js';

const LARGEST_BUNDLE = 1024 * 1024;
const PENDING_TRIES = 5;
const PENDING_WAIT_MS = 1000;

const root = document.querySelector('[data-verifier]');
const part = (name) => root.querySelector(`[data-${name}]`);
const [drop, input, lookup, hashing, hashingText, progress, announce, report] =
  ['drop', 'file', 'lookup', 'hashing', 'hashing-text', 'progress', 'announce', 'report'].map(part);

/** Proofs the reader brought along, by the hash of the file they speak of. */
const brought = new Map();
let running = new AbortController();

/** Runs one inquiry; a new one ends the one before. */
async function inquire(work) {
  running.abort();
  const inquiry = new AbortController();
  running = inquiry;
  const again = () => inquire(work);
  root.dataset.state = 'busy';
  report.replaceChildren();
  try {
    const found = await work(inquiry.signal, again);
    if (inquiry.signal.aborted) return;
    report.replaceChildren(...found);
    root.dataset.state = 'done';
    const heading = report.querySelector('h2');
    say(heading ? `Finished. ${heading.textContent}` : 'Finished.');
    report.focus({ preventScroll: true });
    report.scrollIntoView({ block: 'nearest' });
  } catch (error) {
    if (inquiry.signal.aborted) return;
    report.replaceChildren(problemReport(`The check could not be finished: ${error.message}. Nothing was decided about the file.`));
    root.dataset.state = 'done';
  } finally {
    if (running === inquiry) hashing.hidden = true;
  }
}

function say(text) { announce.textContent = text; }

function showProgress(text, share) {
  hashing.hidden = false;
  hashingText.textContent = text;
  if (share === null) progress.removeAttribute('value');
  else progress.value = share;
}

/** A file: hashed here, then asked about by hash. */
async function inquireFile(file, signal, again) {
  say(`Reading ${file.name}.`);
  showProgress(`Reading ${file.name} in your browser`, 0);
  const hashes = await hashFile(file, (done) => {
    showProgress(`Reading ${file.name} in your browser: ${fileSize(done)} of ${fileSize(file.size)}`, done / file.size);
  }, signal);
  showProgress('Asking who knows this hash', null);
  const own = brought.get(hashes.sha3);
  let statements = [];
  let problem = null;
  try {
    statements = await statementsFor([hashes.sha3, hashes.sha256], signal);
  } catch (error) {
    if (!own) throw error;
    problem = problemReport(`The server could not be asked (${error.message}); what follows rests on the proof you brought.`);
  }
  const fileHashes = [hashes.sha3, hashes.sha256];
  const reports = await reportStatements(statements, fileHashes, signal, again);
  if (own && !statements.some(({ id }) => id === own.recordId)) {
    reports.push(await reportBundle(own.text, own.recordId, fileHashes, undefined, signal, again));
  }
  const findings = reports.length > 0 ? reports : [nothingReport('file')];
  return [fileLine(file, hashes), problem, ...findings, deepCheckOffer(file, async (offer) => {
    try {
      offer.append(deepCheckReport(await deepCheck(file, signal), hashes));
    } catch (error) {
      offer.append(problemReport(`The deep check failed: ${error.message}.`));
    }
  })].filter((item) => item !== null);
}

/** A hash, an id or a token: there is no file to compare. */
async function inquireQuery(text, signal, again) {
  const query = parseQuery(text);
  if (query === null) {
    return [problemReport('That is no hash, record id or token. A hash reads sha3-256: and 64 hex digits, an id rec_ and 26 letters and digits, a token begins with ctv_.')];
  }
  showProgress('Asking the server', null);
  if (query.kind === 'hash') {
    const reports = await reportStatements(await statementsFor(query.hashes, signal), null, signal, again);
    return reports.length > 0 ? reports : [nothingReport('hash')];
  }
  if (query.kind === 'record') return reportStatements([{ id: query.id }], null, signal, again);
  return inquireToken(query.token, signal, again);
}

async function inquireToken(text, signal, again) {
  const { checkToken, parseToken } = await import('./token.js');
  let token;
  try {
    token = parseToken(text);
  } catch (error) {
    return [tokenReport({ id: 'token', status: 'fail', detail: `It cannot be read: ${error.message}.` })];
  }
  const check = checkToken(token, await publishedKeys(signal));
  if (check.status === 'fail') return [tokenReport(check)];
  return [tokenReport(check), ...await reportStatements([{ id: token.recordId }], null, signal, again)];
}

function reportStatements(statements, fileHashes, signal, again) {
  return Promise.all(statements.map(async (statement) => {
    for (let tries = 0; tries < PENDING_TRIES; tries += 1) {
      const answer = await fetchBundle(statement.id, signal);
      if (answer.state === 'ready') {
        return reportBundle(answer.text, statement.id, fileHashes, statement.generator_status, signal, again);
      }
      if (answer.state === 'missing') return missingReport(statement.id);
      showProgress('Waiting for the log to publish the entry', null);
      await new Promise((resolve) => { setTimeout(resolve, PENDING_WAIT_MS); });
    }
    return pendingReport(statement);
  }));
}

async function reportBundle(text, id, fileHashes, generatorStatus, signal, again) {
  // The signature code is large; it is fetched only once there is a proof to check.
  const { parseBundle, verifyBundle } = await import('./bundle.js');
  const announced = await announcedLogKey(signal);
  let alarm = null;
  let parsed;
  try {
    parsed = parseBundle(text);
    if (parsed.document.record_id !== id) throw new Error('it is about another record');
  } catch (error) {
    return malformedReport(id, error.message);
  }
  const result = verifyBundle(parsed, {
    fileHashes,
    judgeLogKey: (verifier) => {
      const judgement = judgeLogKey(verifier, announced);
      alarm = judgement.alarm ?? null;
      return judgement;
    },
  });
  const status = generatorStatus ?? await generatorStatusOf(parsed.document, signal);
  return recordReport({ parsed, result, hasFile: fileHashes !== null, generatorStatus: status, alarm }, (log) => {
    forget(log);
    again();
  });
}

/** Whether the generator is still active, as the server says now; a proof cannot know. */
async function generatorStatusOf({ content_hash: hash, record_id: id }, signal) {
  const statements = await statementsFor([hash], signal).catch(() => []);
  return statements.find((statement) => statement.id === id)?.generator_status;
}

/** Whether a file is a saved proof; it is then kept for the files that follow. */
async function bring(file) {
  if (file.size > LARGEST_BUNDLE) return null;
  const text = await file.text();
  if (!text.includes('"colophon-bundle/1"')) return null;
  const { parseBundle } = await import('./bundle.js');
  try {
    const { document: record } = parseBundle(text);
    const bundle = { text, recordId: record.record_id };
    brought.set(record.content_hash, bundle);
    return bundle;
  } catch {
    return null;
  }
}

async function take(files) {
  const proofs = [];
  const others = [];
  for (const file of files) {
    const bundle = await bring(file);
    if (bundle) proofs.push(bundle);
    else others.push(file);
  }
  if (others.length > 0) {
    await inquire((signal, again) => inquireFile(others[0], signal, again));
  } else if (proofs.length > 0) {
    await inquire(async (signal, again) => [
      element('p.notice.notice-accent', {}, 'A saved proof. Now give the file it is about as well, to compare the two.'),
      await reportBundle(proofs[0].text, proofs[0].recordId, null, undefined, signal, again),
    ]);
  }
}

input.addEventListener('change', () => {
  const files = [...input.files];
  input.value = '';
  take(files);
});
for (const name of ['dragenter', 'dragover']) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.dataset.over = '';
  });
}
for (const name of ['dragleave', 'drop']) {
  document.addEventListener(name, (event) => {
    if (name === 'dragleave' && event.relatedTarget !== null) return;
    delete drop.dataset.over;
  });
}
document.addEventListener('drop', (event) => {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
part('cancel').addEventListener('click', () => {
  running.abort();
  hashing.hidden = true;
  delete root.dataset.state;
  say('Stopped.');
});
lookup.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = lookup.elements.q.value;
  inquire((signal, again) => inquireQuery(text, signal, again));
});
if (root.dataset.query) {
  lookup.elements.q.value = root.dataset.query;
  inquire((signal, again) => inquireQuery(root.dataset.query, signal, again));
}
