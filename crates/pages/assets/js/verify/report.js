// A finding in words. Every function takes plain findings and returns elements.
import { copy, element, icon } from '../dom.js';

const WORDS = { pass: 'holds', fail: 'fails', unknown: 'not known' };
const NAMES = {
  token: 'The token',
  content: 'The file',
  signature: 'The signature',
  entry: 'The entry',
  inclusion: 'The place in the log',
  checkpoint: 'The checkpoint',
  'log-key': 'The log’s key',
};

/** `1536` → `1.5 KB`. */
export function fileSize(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = bytes === 0 ? 0 : Math.min(Math.floor(Math.log(bytes) / Math.log(1000)), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

/** RFC 3339 UTC in words, to the second. */
export function moment(rfc3339) {
  const date = new Date(rfc3339);
  if (Number.isNaN(date.getTime())) return rfc3339;
  return `${date.toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'medium', timeZone: 'UTC' }).replace(' at ', ', ')}\u00a0UTC`;
}

const time = (rfc3339) => element('time', { datetime: rfc3339 }, moment(rfc3339));
const code = (text) => element('code', {}, text);

function facts(pairs) {
  return element('dl.facts', {}, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
}

function verdict(status, heading, ...sentences) {
  return element('div.verdict', {}, icon(status), element('div', {},
    element('h2', {}, heading), sentences.map((sentence) => element('p', {}, sentence))));
}

function checkList(checks) {
  return element('ul.checks', { 'aria-label': 'What was checked' }, checks.map(({ id, status, detail }) =>
    element(`li.check.is-${status}`, {},
      icon(status),
      element('span.check-name', {}, NAMES[id] ?? id),
      element('span.check-word', {}, WORDS[status]),
      element('p.check-detail', {}, detail))));
}

/** What the file is, so that the reader sees that the right one was read. */
export function fileLine(file, hashes) {
  return element('details', {},
    element('summary', {}, element('strong', {}, file.name), `, ${fileSize(file.size)}. Read here, sent nowhere.`),
    facts([['SHA3-256', code(hashes.sha3.split(':')[1])], ['SHA-256', code(hashes.sha256.split(':')[1])]]));
}

/**
 * One record whose proof was checked.
 * @param {object} finding
 * @param {ReturnType<import('./bundle.js').parseBundle>} finding.parsed
 * @param {ReturnType<import('./bundle.js').verifyBundle>} finding.result
 * @param {boolean} finding.hasFile whether a file was compared
 * @param {string | undefined} finding.generatorStatus `active` or `revoked`, from the server
 * @param {string | null} finding.alarm the log whose key changed
 * @param {(log: string) => void} forgetLogKey
 */
export function recordReport({ parsed, result, hasFile, generatorStatus, alarm }, forgetLogKey) {
  const { document: record, entry, text } = parsed;
  const status = { yes: 'pass', no: 'fail', undecided: 'unknown' }[result.verdict];
  const position = `number ${entry.seq_no.toLocaleString('en-GB')}${result.size === null ? '' : ` of ${result.size.toLocaleString('en-GB')}`}`;
  return element(`section.statement.statement-${result.verdict}`, {},
    verdict(status, ...headline(record, entry, result, hasFile)),
    alarm ? element('p.notice.notice-bad', { role: 'alert' },
      'The log’s key is not the one this browser knows. Only if its operator announced a new key: ',
      element('button.button.button-quiet', { type: 'button', onclick: () => forgetLogKey(alarm) }, 'Forget the old key and check again')) : null,
    generatorStatus === 'revoked' ? element('p.notice.notice-unsure', {},
      'The organisation has since revoked this generator. What it signed before stays in the log, but ask why before relying on it.') : null,
    facts([
      ['Who', record.organisation],
      ['With', record.model],
      ['Made', time(record.created_at)],
      ['Logged', time(entry.ts)],
      ['Where', [code(result.origin ?? 'an unreadable log'), `, ${position}`]],
      ['Record', element('a', { href: `/v1/records/${record.record_id}` }, code(record.record_id))],
      ['Generator', code(record.generator_id)],
      ['Watermark', code(record.watermark_id)],
    ]),
    checkList(result.checks),
    element('div.button-row', {},
      element('button.button', { type: 'button', onclick: () => save(`${record.record_id}.colophon.json`, text) }, 'Save the proof'),
      copyLinkButton(record.record_id)));
}

function headline(record, entry, result, hasFile) {
  const failed = result.checks.filter(({ status }) => status === 'fail');
  const open = result.checks.filter(({ status }) => status === 'unknown');
  if (result.verdict === 'yes') {
    return [
      `${record.organisation} recorded exactly this file.`,
      `It was made with ${record.model} and entered in the log on ${moment(entry.ts)}. Every step of the proof was checked in your browser.`,
    ];
  }
  if (result.verdict === 'no') {
    if (failed.length === 1 && failed[0].id === 'content') {
      return ['This record is about another file.', 'The record itself may be sound, but it does not speak of the file you gave.'];
    }
    return ['Do not rely on this record.', `${sentence(failed)} A sound record passes every check.`];
  }
  if (!hasFile && open.every(({ id }) => id === 'content')) {
    return [
      `${record.organisation} recorded a file.`,
      'Everything about the record holds. Whether it is about your file can be said only with the file: choose it above.',
    ];
  }
  return [`${record.organisation} recorded this, but not everything could be checked here.`, `${sentence(open, 'could not be decided')} Nothing was found to be wrong.`];
}

function sentence(checks, verb = checks.length === 1 ? 'does not hold' : 'do not hold') {
  const names = checks.map(({ id }, index) => (index === 0 ? NAMES[id] : NAMES[id].replace(/^The/, 'the')));
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return `${list} ${verb}.`;
}

/** A proof that could not even be read. */
export function malformedReport(id, reason) {
  return element('section.statement.statement-no', {},
    verdict('fail', 'The proof cannot be read.', `What came back for ${id} is not a proof: ${reason}.`));
}

/** A record that the log has accepted and not yet published. */
export function pendingReport(statement) {
  return element('section.statement.statement-undecided', {},
    verdict('unknown', `${statement.organisation ?? 'Someone'} recorded this a moment ago.`,
      'It is accepted and on its way into the log; the proof is usually ready within seconds. Check again shortly.'));
}

/** Nothing known: what that means and what it does not. */
export function nothingReport(what) {
  return element('section.statement.statement-nothing', {},
    verdict('unknown', `Nothing is known about this ${what}.`,
      'Nobody has recorded exactly these bytes here. That says nothing about where they come from: it does not mean that the file is genuine, and it does not mean that it is not.',
      'A copy that was resized, edited or saved again is another file with another hash. If you can, check the original as you first received it.'));
}

/** An id that this server does not know. */
export function missingReport(id) {
  return element('section.statement.statement-nothing', {},
    verdict('unknown', 'There is no such record here.', `This server knows no record ${id}. It may be another server’s, or the id may have been mistyped.`));
}

/** A token on its own. */
export function tokenReport(check) {
  return element('section.statement', {}, element('h2', {}, check.status === 'fail' ? 'The token is not genuine.' : 'The token'), checkList([check]));
}

/** Something went wrong on the way: not a verdict. */
export function problemReport(message) {
  return element('p.notice.notice-bad', { role: 'alert' }, message);
}

/** The offer to send the file, which says so before it does. */
export function deepCheckOffer(file, onAccept) {
  const button = element('button.button', { type: 'button' }, `Send ${fileSize(file.size)} and ask`);
  const offer = element('details.aside', {},
    element('summary', {}, 'Ask the server for a deep check'),
    element('p', {}, 'The server can look inside the file for marks that survive editing, which a hash cannot show. For that the file itself must be sent to it. Until you press the button, it has not been.'),
    button);
  button.addEventListener('click', () => {
    button.disabled = true;
    button.textContent = 'Sending…';
    onAccept(offer).finally(() => button.remove());
  });
  return offer;
}

/** What the server found, beside what was found here. */
export function deepCheckReport(answer, hashes) {
  const agrees = answer.sha256 === hashes.sha256 && answer.sha3_256 === hashes.sha3;
  return element('div', { role: 'status' },
    agrees
      ? element('p', {}, 'The server read the same bytes that your browser did.')
      : element('p.notice.notice-bad', {}, 'The server read other bytes than your browser did. Something on the way changed the file.'),
    element('p', {}, answer.statements.length === 0
      ? 'It found nothing in it either.'
      : `It knows ${answer.statements.length === 1 ? 'one record' : `${answer.statements.length} records`}:`),
    element('ul', {}, answer.statements.map((statement) => element('li', {},
      element('a', { href: `/verify?q=${encodeURIComponent(statement.id)}` }, code(statement.id)),
      statement.organisation ? ` by ${statement.organisation}` : '',
      statement.model ? `, ${statement.model}` : ''))));
}

function copyLinkButton(id) {
  const button = element('button.button.button-quiet', { type: 'button' }, 'Copy a link to this record');
  button.addEventListener('click', () => copy(new URL(`/verify?q=${encodeURIComponent(id)}`, location.href).href, button));
  return button;
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
