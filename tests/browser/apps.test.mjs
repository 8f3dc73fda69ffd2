// Apps and identity providers that nobody here wrote: authlib and oidc-provider-mock, from PyPI.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { shotsOf, startServer } from './server.mjs';
import { Visitor, launch } from './visitor.mjs';

const OPERATOR = { name: 'Marta Kowalczyk', email: 'marta@example.org', password: 'seven quiet printers' };
const python = process.env.OAUTH_PYTHON ?? '';
const script = (name) => fileURLToPath(new URL(`../foreign/python/${name}`, import.meta.url));
const skip = existsSync(python) ? false : 'tests/browser/run could not install authlib and oidc-provider-mock';

const shots = shotsOf('apps');
let server;
let browser;
let visitor;
let app;
let operator;

/** Asks the contract as the operator does. */
async function post(path, body, headers = {}) {
  const answer = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

before(async () => {
  if (skip) return;
  server = await startServer({ COLOPHON_ALLOW_PRIVATE_NETWORK: 'true' });
  browser = await launch();
  visitor = await Visitor.enter(browser, server.url);
  await visitor.goto(server.setupLink);
  await visitor.fill({ 'Your name': OPERATOR.name, 'E-mail': OPERATOR.email, Password: OPERATOR.password });
  await visitor.press('Make the account');
  await visitor.sees('Your account is made');
  await visitor.leave();
  const { access_token: token } = await post('/v1/admin/login', { username: OPERATOR.email, password: OPERATOR.password });
  operator = token;

  const process = spawn(python, [script('oauth_app.py'), server.url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { value: callback } = await createInterface({ input: process.stdout })[Symbol.asyncIterator]().next();
  const registered = await post('/v1/admin/oauth/apps', {
    name: 'Tape Deck',
    description: 'Shows who you are beside your recordings.',
    homepage_url: 'https://tapedeck.example/',
    redirect_uris: [callback],
  }, { Authorization: `Bearer ${operator}` });
  process.stdin.write(`${JSON.stringify({ client_id: registered.client_id, client_secret: registered.client_secret })}\n`);
  app = { url: new URL('/', callback).href, callback, process };
  visitor = await Visitor.enter(browser, server.url);
});

after(async () => {
  app?.process.kill();
  await browser?.close();
  await server?.stop();
});

/** What the app shows whoever came back to it. */
async function told() {
  await visitor.page.waitForURL(`${app.callback}?**`);
  return JSON.parse(await visitor.page.locator('body').textContent());
}

test('an app of somebody else reads the profile of whoever signs in and lets it', { skip }, async () => {
  await visitor.goto(app.url);
  assert.equal(visitor.path(), '/login');
  await visitor.signIn(OPERATOR);
  await visitor.sees('Let Tape Deck act for you?');
  await visitor.sees('See your name, handle and profile');
  await visitor.page.screenshot({ path: join(shots, 'consent.png'), fullPage: true });
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  await visitor.page.emulateMedia({ colorScheme: 'dark' });
  await visitor.page.screenshot({ path: join(shots, 'consent-phone-dark.png'), fullPage: true });
  await visitor.press('Allow');
  const { scope, profile } = await told();
  assert.equal(scope, 'read:profile');
  assert.equal(profile.display_name, OPERATOR.name);
  assert.ok(!JSON.stringify(profile).includes(OPERATOR.email), 'nobody was asked for the address');
});

test('an app that is not let in is told so', { skip }, async () => {
  await visitor.goto(app.url);
  await visitor.press('Do not allow');
  assert.deepEqual(await told(), { error: 'access_denied' });
});

test('whoever let an app in sees it, and takes its access back', { skip }, async () => {
  await visitor.goto('/account/apps');
  await visitor.sees('Tape Deck');
  await visitor.sees('See your name, handle and profile');
  await visitor.page.screenshot({ path: join(shots, 'acting-phone-dark.png'), fullPage: true });
  await visitor.page.setViewportSize({ width: 1280, height: 800 });
  await visitor.page.emulateMedia({ colorScheme: 'light' });
  await visitor.page.screenshot({ path: join(shots, 'acting.png'), fullPage: true });
  await visitor.press('Take access back');
  await visitor.sees('The app can act for you no more.');
  await visitor.sees('No app acts for you.');
});

test('whoever is somebody else signs out and comes back to the question', { skip }, async () => {
  await visitor.goto(app.url);
  await visitor.press('Sign out and come back here');
  assert.equal(visitor.path(), '/login');
  await visitor.signIn(OPERATOR);
  await visitor.sees('Let Tape Deck act for you?');
});

test('nothing broke the content security policy on the way', { skip }, () => {
  assert.deepEqual(Visitor.complaints, []);
});

test('people of another identity provider cross the bridge', { skip }, async () => {
  const { stdout } = await promisify(execFile)(python, ['-W', 'ignore', script('oidc_bridge.py'), server.url, operator]);
  assert.match(stdout, /^ok$/m);
});
