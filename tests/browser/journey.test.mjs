// From a new server to a verified file, as its operator, a generator and a reader live it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { publicKey, send, signedRecord, untilLogged } from './generator.mjs';
import { shotsOf, startServer } from './server.mjs';

const OPERATOR = { name: 'Marta Kowalczyk', email: 'marta@example.org', password: 'seven quiet printers' };
const ORGANISATION = 'Atelier Nordlicht <script>alert(1)</script>';
const CONTENT = Buffer.from('A picture of the northern lights, as bytes.\n');

const shots = shotsOf('operator');
let server;
let browser;
let context;
let page;
/** What browsers complained about: scripts that failed, breaches of the content security policy. */
const complaints = [];
const made = {};

before(async () => {
  server = await startServer();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  context = await open();
  page = await context.newPage();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(options = {}) {
  const opened = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 900 }, ...options });
  opened.setDefaultTimeout(15_000);
  opened.on('console', (message) => {
    // A refused request is for the test to judge; the browser reports each one here too.
    const refused = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
    if (message.type() === 'error' && !refused) complaints.push(`${message.location().url}: ${message.text()}`);
  });
  opened.on('weberror', (error) => complaints.push(String(error.error())));
  return opened;
}

const field = (label) => page.getByLabel(label, { exact: true });
const press = (name) => page.getByRole('button', { name, exact: true }).click();
const sees = (text) => page.getByText(text).first().waitFor();
const path = () => new URL(page.url()).pathname;
/** The path that a form sent without following led to. */
const ledTo = (response) => response.headers().location;

async function give(name, content) {
  await page.locator('[data-verifier]').evaluate((verifier) => { delete verifier.dataset.state; });
  await page.locator('[data-file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: content });
  await page.locator('[data-verifier][data-state="done"]').waitFor();
}

const checks = () => page.locator('.check').evaluateAll((items) => items.map((item) => `${item.querySelector('.check-name').textContent}: ${item.querySelector('.check-word').textContent}`));

test('the printed link makes the operator’s account, once', async () => {
  await page.goto('/');
  await sees('This server is new.');
  assert.equal((await page.goto('/console/setup')).status(), 403);
  await page.goto(server.setupLink);
  await field('Your name').fill(OPERATOR.name);
  await field('E-mail').fill(OPERATOR.email);
  await field('Password').fill('too short');
  // The server must refuse what the browser would not have sent.
  await page.locator('form').evaluate((form) => { form.noValidate = true; });
  await press('Make the account');
  await sees('Must have 12 to 128 characters.');
  assert.equal(await field('Your name').inputValue(), OPERATOR.name);
  assert.equal(await field('Password').inputValue(), '');
  await shoot('setup-refused');
  await field('Password').fill(OPERATOR.password);
  await press('Make the account');
  await sees('Your account is made, and you are signed in.');
  assert.equal(path(), '/console');
  await page.reload();
  assert.equal(await page.getByText('Your account is made').count(), 0, 'said once');

  await page.goto(server.setupLink);
  assert.equal(path(), '/console', 'a second account cannot be made');
});

test('the session is out of reach of scripts, and ends', async () => {
  const [cookie] = (await context.cookies()).filter(({ name }) => name === 'colophon_session');
  assert.ok(cookie.httpOnly);
  assert.equal(cookie.sameSite, 'Lax');
  await press('Sign out');
  await sees('You have signed out.');
  await context.addCookies([cookie]);
  await page.goto('/console/jobs');
  assert.equal(page.url(), `${server.url}/console/login?next=/console/jobs`, 'the old cookie opens nothing');
});

test('signing in needs the password and leads back, on this server only', async () => {
  await field('E-mail').fill(OPERATOR.email);
  await field('Password').fill('seven quiet painters');
  await press('Sign in');
  await sees('The e-mail address or the password is wrong.');
  await field('Password').fill(OPERATOR.password);
  await press('Sign in');
  await page.waitForURL('**/console/jobs');
  for (const elsewhere of ['//evil.example', '/%5Cevil.example', 'https://evil.example', '/%09/evil.example']) {
    await page.goto(`/console/login?next=${elsewhere}`);
    assert.equal(page.url(), `${server.url}/console`, elsewhere);
  }
});

test('an organisation, its generator and its API key', async () => {
  await page.goto('/console');
  await page.getByText('New organisation').click();
  await field('Name').fill(ORGANISATION);
  await field('Plan').selectOption('growth');
  await press('Create');
  await sees('The organisation is made.');
  made.organisation = path();
  assert.equal(await page.locator('h1').textContent(), ORGANISATION, 'a name is only text');

  await page.getByText('New generator').click();
  await field('Name').fill('Nordlicht XL');
  await field('Public key').fill('not a key');
  await press('Register');
  await page.locator('#generator-public_key-error').waitFor();
  await shoot('generator-refused');
  await field('Public key').fill(publicKey);
  await press('Register');
  await sees('The generator is registered');
  made.generator = await page.locator('code', { hasText: /^gen_/ }).textContent();

  await page.getByText('New API key').click();
  const [answer] = await Promise.all([page.waitForResponse('**/keys'), press('Make the key')]);
  assert.equal(answer.headers()['cache-control'], 'no-store');
  made.secret = await page.locator('.secret code').textContent();
  assert.match(made.secret, /^ctv_key_[0-9A-Za-z]{49}$/);
  await shoot('organisation-new-key');
  await page.goto(made.organisation);
  assert.ok(!(await page.content()).includes(made.secret), 'shown once');
});

test('a form without the session’s token is refused', async () => {
  const post = (url, form, headers = {}) => context.request.post(url, { form, headers, maxRedirects: 0 });
  await page.goto('/console');
  const csrf = await page.locator('input[name="csrf"]').first().inputValue();
  const form = { name: 'Forged', plan: 'free' };
  for (const forged of [{}, { csrf: '' }, { csrf: 'x' }, { csrf: `${csrf}0` }, { csrf: '0'.repeat(csrf.length) }]) {
    assert.equal((await post('/console/organisations', { ...form, ...forged })).status(), 403);
  }
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    assert.equal((await post('/console/organisations', { ...form, csrf }, headers)).status(), 403);
  }
  const stranger = await open();
  const refused = await stranger.request.post('/console/organisations', { form: { ...form, csrf }, maxRedirects: 0 });
  assert.equal(refused.status(), 303);
  assert.equal(ledTo(refused), '/console/login');
  const login = await stranger.request.post('/console/login', { form: { email: OPERATOR.email, password: OPERATOR.password, csrf: 'a'.repeat(64) } });
  assert.equal(login.status(), 403, 'a sign-in that the sign-in page did not send');
  await stranger.close();
  await page.reload();
  assert.equal(await page.getByText('Forged').count(), 0);
});

test('a signed file passes all six checks in the browser', async () => {
  const answer = await send(server.url, made.secret, signedRecord(CONTENT, made.generator));
  assert.equal(answer.status, 201, await answer.clone().text());
  Object.assign(made, await answer.json());
  await untilLogged(server.url, made.record_id);

  await page.goto('/verify');
  const asked = [];
  page.on('request', (request) => asked.push(request));
  await give('picture.txt', CONTENT);
  assert.deepEqual(await checks(), ['The file', 'The signature', 'The entry', 'The place in the log', 'The checkpoint', 'The log’s key'].map((name) => `${name}: holds`));
  assert.equal(await page.locator('.report h2').first().textContent(), `${ORGANISATION} recorded exactly this file.`);
  assert.ok(asked.every((request) => request.method() === 'GET'), 'the file stayed here');
  await shoot('verify-yes');

  const download = page.waitForEvent('download');
  await press('Save the proof');
  assert.equal((await download).suggestedFilename(), `${made.record_id}.colophon.json`);
  made.proof = await (await download).path();
});

test('a file with one bit changed is unknown, and the server agrees when asked', async () => {
  const changed = Buffer.from(CONTENT);
  changed[10] ^= 1;
  await page.goto('/verify');
  await give('picture.txt', changed);
  await sees('Nothing is known about this file.');
  await shoot('verify-nothing');
  await page.getByText('Ask the server for a deep check').click();
  await page.getByRole('button', { name: /^Send .* and ask$/ }).click();
  await sees('The server read the same bytes that your browser did.');
  await sees('It found nothing in it either.');

  await give('picture.txt', CONTENT);
  await page.getByText('Ask the server for a deep check').click();
  await page.getByRole('button', { name: /^Send .* and ask$/ }).click();
  await sees('It knows one record:');
  await shoot('verify-deep-check');
});

test('a saved proof is checked against the file it came with and no other', async () => {
  await page.goto('/verify');
  await page.locator('[data-file]').setInputFiles(made.proof);
  await sees('A saved proof.');
  assert.deepEqual((await checks())[0], 'The file: not known');
});

test('hashes, ids and tokens are looked up', async () => {
  const { content_hash: hash } = signedRecord(CONTENT, made.generator);
  for (const query of [made.record_id, hash, made.token]) {
    await page.goto(`/verify?q=${encodeURIComponent(query)}`);
    await page.locator('.statement-undecided').waitFor();
    await sees('recorded a file.');
  }
  assert.equal((await checks())[0], 'The token: holds');
  const forged = `${made.token.slice(0, -4)}${made.token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  await page.goto(`/verify?q=${forged}`);
  await sees('The token is not genuine.');
});

test('the log, the keys and the jobs are on show', async () => {
  await page.goto('/console/log');
  await sees(made.record_id);
  assert.match(await page.locator('pre').first().textContent(), /\n\n— /);
  await page.getByRole('button', { name: 'Make a new copy' }).click();
  const copy = page.getByRole('link', { name: /^1 entry/ });
  for (let tries = 0; await copy.count() === 0 && tries < 100; tries += 1) {
    await page.waitForTimeout(100);
    await page.goto('/console/log');
  }
  const whole = await fetch(new URL(await copy.getAttribute('href'), server.url));
  assert.equal(whole.status, 200);
  const text = await whole.text();
  assert.ok(text.includes(made.record_id));
  const part = await fetch(whole.url, { headers: { range: 'bytes=10-19' } });
  assert.deepEqual([part.status, await part.text()], [206, text.slice(10, 20)]);
  await shoot('log');
  await page.goto('/console/keys');
  assert.equal(await page.getByText('Current', { exact: true }).count(), 3);
  await page.goto('/console/jobs');
  await sees('No job has failed for good.');
});

test('every interface can be browsed', async () => {
  await page.goto('/developers');
  const documents = page.locator('.document');
  assert.equal(await documents.count(), 6);
  for (let index = 0; index < 6; index += 1) {
    const document = documents.nth(index);
    const { paths } = await (await fetch(server.url + await document.getAttribute('href'))).json();
    const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
    const operations = Object.values(paths).flatMap((item) => Object.keys(item)).filter((name) => methods.includes(name)).length;
    assert.ok(operations > 0);
    await document.click();
    await page.locator('[data-count]', { hasText: `${operations} operations` }).waitFor();
    assert.equal(await page.locator('[data-operations] a').count(), operations);
  }
  await documents.first().click();
  await page.getByLabel('Search operations').fill('files hash');
  await page.getByLabel('Search operations').press('Enter');
  await sees('/files/{hash}');
  await shoot('developers-operation');
});

test('people get a page and programs a problem document', async () => {
  const shown = await page.goto('/no/such/page');
  assert.equal(shown.status(), 404);
  await sees('There is nothing here');
  const asked = await fetch(`${server.url}/no/such/page`);
  assert.equal(asked.headers.get('content-type'), 'application/problem+json');
  assert.equal((await page.goto('/files/nonsense')).headers()['content-type'], 'application/problem+json');
  assert.equal((await page.goto('/console/organisations/org_nonsense')).status(), 404);
});

test('every page holds its shape: light, dark, on a phone', async () => {
  const pages = {
    home: '/', verify: '/verify', record: `/verify?q=${made.record_id}`, developers: '/developers', overview: '/console',
    organisation: made.organisation, jobs: '/console/jobs', log: '/console/log', keys: '/console/keys', missing: '/missing',
  };
  const looks = {
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  };
  const storageState = await context.storageState();
  for (const [look, options] of Object.entries(looks)) {
    const other = await open({ ...options, storageState });
    const tab = await other.newPage();
    for (const [name, url] of Object.entries(pages)) {
      await tab.goto(url, { waitUntil: 'networkidle' });
      const [wide, available] = await tab.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= available, `${name} (${look}) is ${wide} px wide in ${available}`);
      await tab.screenshot({ path: join(shots, `${name}-${look}.png`), fullPage: true });
    }
    await other.clearCookies();
    await tab.goto('/console/login');
    await tab.screenshot({ path: join(shots, `login-${look}.png`), fullPage: true });
    await other.close();
  }
});

test('what is revoked stops at once', async () => {
  await page.goto(made.organisation);
  const revoke = async (section, button) => {
    await page.locator(`section[aria-labelledby="${section}"] .confirm summary`).click();
    await press(button);
  };
  await revoke('generators', 'Revoke the generator');
  await sees('The generator is revoked.');
  assert.equal((await send(server.url, made.secret, signedRecord(CONTENT, made.generator))).status, 404);
  await revoke('api-keys', 'Revoke the key');
  await sees('The API key is revoked.');
  assert.equal((await send(server.url, made.secret, signedRecord(CONTENT, made.generator))).status, 401);
  await page.goto('/verify');
  await give('picture.txt', CONTENT);
  await sees('The organisation has since revoked this generator.');
});

test('guessing passwords is slowed down', async () => {
  const guesser = await open();
  const tab = await guesser.newPage();
  await tab.goto('/console/login');
  const csrf = await tab.locator('input[name="csrf"]').inputValue();
  const statuses = [];
  for (let tries = 0; tries < 12 && statuses.at(-1) !== 429; tries += 1) {
    const answer = await guesser.request.post('/console/login', { form: { csrf, email: OPERATOR.email, password: `guess number ${tries}` } });
    statuses.push(answer.status());
  }
  assert.equal(statuses.at(-1), 429, String(statuses));
  await guesser.close();
});

test('no browser had anything to complain about', () => {
  assert.deepEqual(complaints, []);
});

async function shoot(name) {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}
