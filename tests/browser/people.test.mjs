// Signing up, an organisation, an invitation, a key, and leaving again, as people live it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { shotsOf, startServer } from './server.mjs';
import { Visitor, launch } from './visitor.mjs';

const OPERATOR = { name: 'Marta Kowalczyk', email: 'marta@example.org', password: 'seven quiet printers' };
const ADA = { name: 'Ada Größe', email: 'ada@example.org', password: 'twelve brass cogwheels' };
const BEA = { name: 'Bea Lindqvist', email: 'bea@example.org', password: 'nine paper lanterns' };
const HOUSE = 'Haus der Töne & Söhne';

const shots = shotsOf('people');
let server;
let browser;
let operator;
let ada;
let bea;
const made = {};

before(async () => {
  server = await startServer({ COLOPHON_LIMITS__SIGN_IN_PER_MINUTE: '1000' });
  browser = await launch();
  [operator, ada, bea] = await Promise.all([1, 2, 3].map(() => enter()));
  await operator.goto(server.setupLink);
  await operator.fill({ 'Your name': OPERATOR.name, 'E-mail': OPERATOR.email, Password: OPERATOR.password });
  await operator.press('Make the account');
  await operator.sees('Your account is made');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const enter = (options) => Visitor.enter(browser, server.url, options);
const shoot = ({ page }, name) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });

/** The newest link that a letter of this subject brought to an address, as the operator sees it. */
async function mailed({ email }, subject) {
  const letter = operator.page.locator('article', { has: operator.page.getByText(`To ${email}`) })
    .filter({ has: operator.page.getByRole('heading', { name: subject, exact: true }) });
  for (let tries = 0; tries < 100; tries += 1) {
    await operator.goto('/console/outbox');
    if (await letter.count() > (made[`${email} ${subject}`] ?? 0)) break;
    await operator.page.waitForTimeout(100);
  }
  made[`${email} ${subject}`] = await letter.count();
  return letter.first().getByRole('link').first().getAttribute('href');
}

async function signUp(visitor, { name, email, password }) {
  await visitor.fill({ Name: name, 'E-mail': email, Password: password });
  await visitor.field('I accept the terms of use.').check();
  await visitor.field('I am 18 or older.').check();
  await visitor.press('Make the account');
}

test('somebody signs up, shows that the address is theirs, and signs in', async () => {
  await ada.goto('/account');
  assert.equal(ada.path(), '/login');
  await ada.follow('Make an account');
  await ada.fill({ Name: ADA.name, 'E-mail': ADA.email, Password: 'too short' });
  await ada.sendUnchecked('Make the account');
  await ada.sees('Must have 12 to 128 characters.');
  assert.equal(await ada.field('E-mail').inputValue(), ADA.email);
  assert.equal(await ada.field('Password').inputValue(), '');
  await shoot(ada, 'signup-refused');
  await signUp(ada, ADA);
  await ada.sees('We have sent a letter to your address.');

  const link = await mailed(ADA, 'Confirm your e-mail address');
  for (const _ of ['a mail scanner', 'another', 'the person']) await ada.goto(link);
  await shoot(ada, 'verify-email');
  await ada.press('This address is mine');
  await ada.sees('Your e-mail address is confirmed.');
  await ada.signIn({ ...ADA, password: 'twelve brass cogwheelz' });
  await ada.sees('The e-mail address or the password is wrong.');
  await ada.signIn(ADA);
  await ada.page.waitForURL('**/account');

  await ada.goto(link);
  await ada.press('This address is mine');
  await ada.sees('This link was used or has expired.');
});

test('an address that has an account is told, and whoever tries is not', async () => {
  const stranger = await enter();
  await stranger.goto('/signup');
  await signUp(stranger, { ...ADA, name: 'Not Ada' });
  await stranger.sees('We have sent a letter to your address.');
  await mailed(ADA, 'You have an account already');
  await stranger.leave();
});

test('a profile is told, refused where it is wrong, and kept', async () => {
  await ada.goto('/account');
  await ada.field('About you').fill('Makes\nmachines sing.');
  await ada.field('Link 2: what it leads to').fill('website');
  await ada.field('Link 2: address').fill('javascript:alert(1)');
  await ada.sendUnchecked('Save the profile');
  await ada.sees('Must begin with https:// or http://.');
  assert.equal(await ada.field('Link 1: address').inputValue(), 'javascript:alert(1)', 'the gap is closed');
  await ada.field('Link 1: address').fill('https://ada.example');
  await ada.press('Save the profile');
  await ada.sees('Your profile is saved.');
  assert.equal(await ada.field('About you').inputValue(), 'Makes\nmachines sing.');
  await ada.field('New handle').fill('admin');
  await ada.press('Set the handle');
  await ada.sees('Is reserved.');
  await ada.field('New handle').fill('ada');
  await ada.press('Set the handle');
  await ada.sees('Yours is @ada.');
});

test('a picture is cropped, shown and removed; what is none is refused', async () => {
  const choose = (name, mimeType, buffer) => ada.page.locator('#picture-file').setInputFiles({ name, mimeType, buffer });
  await choose('not.png', 'image/png', Buffer.from('not a picture'));
  await ada.press('Upload');
  await ada.page.locator('#picture-file-error').waitFor();
  await choose('me.png', 'image/png', await ada.page.screenshot());
  await ada.press('Upload');
  await ada.sees('Your picture is set.');
  const picture = ada.page.getByAltText('Your picture');
  assert.deepEqual(await picture.evaluate((image) => [image.naturalWidth, image.naturalHeight]), [512, 512]);
  await shoot(ada, 'account');
  await ada.press('Remove the picture');
  await ada.sees('Your picture is removed.');
  assert.equal(await picture.count(), 0);
});

test('an organisation is made, with a location, and somebody is invited', async () => {
  await ada.goto('/account/organisations');
  await ada.unfold('New organisation');
  await ada.field('Name').fill(HOUSE);
  await ada.press('Make the organisation');
  await ada.sees('The organisation is made.');
  made.house = ada.path();
  assert.equal(await ada.page.locator('h1').textContent(), HOUSE);
  await ada.sees('You are its only owner.');

  await ada.follow('Locations');
  await ada.fill({ Name: 'Halle 3', 'Code (optional)': 'H 3' });
  await ada.press('Add the location');
  await ada.page.locator('#location-code-error').waitFor();
  await ada.field('Code (optional)').fill('H3');
  await ada.press('Add the location');
  await ada.sees('The location is added.');

  await ada.follow('Invitations');
  await ada.field('E-mail').fill(BEA.email);
  await ada.field('Role').selectOption('manager');
  await ada.press('Invite');
  await ada.sees('Is required: manager is for one location.');
  await shoot(ada, 'invitation-refused');
  await ada.field('Role').selectOption('developer');
  await ada.press('Invite');
  await ada.sees('The invitation is on its way.');
  made.invitation = await mailed(BEA, `${HOUSE} invites you`);
  await ada.press('Send again');
  await ada.sees('A letter went to this address less than a minute ago');
});

test('the invited person signs up on the way, comes back and joins', async () => {
  const link = made.invitation;
  await ada.goto(link);
  await ada.sees(`You are signed in as ${ADA.email}`);

  await bea.goto(link);
  await bea.sees(`${ADA.name} invites you to join as Developer.`);
  await shoot(bea, 'invitation-stranger');
  await bea.follow('Make an account');
  assert.equal(await bea.field('E-mail').inputValue(), BEA.email);
  await signUp(bea, BEA);
  await bea.goto(await mailed(BEA, 'Confirm your e-mail address'));
  await bea.press('This address is mine');
  await bea.signIn(BEA);
  await bea.page.waitForURL('**/invitation?token=*');
  await shoot(bea, 'invitation');
  await bea.press('Accept');
  await bea.sees('Welcome: you belong to the organisation now.');
  assert.equal(bea.path(), made.house);
  await bea.goto(link);
  await bea.sees('This invitation is accepted.');
});

test('a member sees what they may do, and nothing else is done for them', async () => {
  await bea.goto(made.house);
  const pages = await bea.page.getByRole('navigation', { name: 'Organisation' }).getByRole('link').allTextContents();
  assert.deepEqual(pages, ['Overview', 'Members', 'Invitations', 'Locations', 'API keys']);
  assert.equal(await bea.page.getByRole('button', { name: 'Save' }).count(), 0);
  assert.equal((await bea.goto(`${made.house}/audit`)).status(), 403);
  await bea.goto(`${made.house}/members`);
  await bea.follow(ADA.name);
  assert.equal(await bea.page.locator('main .button:not(.sign-out *)').count(), 0, 'no button that would be refused');

  const csrf = await bea.page.locator('input[name="csrf"]').first().inputValue();
  const forged = await bea.context.request.post(`${made.house}/locations`, { form: { csrf, name: 'Halle 4' } });
  assert.equal(forged.status(), 403);
  const stranger = await operator.context.request.get(made.house);
  assert.equal(stranger.status(), 404, 'whoever does not belong does not learn that it is there');
});

test('a key is shown once, calls, is rotated and revoked', async () => {
  const call = (key) => fetch(`${server.url}/api/customer/v1/organization`, { headers: { 'x-api-key': key } });
  const make = async (kind) => {
    await bea.field('Kind').selectOption(kind);
    await bea.press('Make the key');
    return bea.page.locator('.secret code').textContent();
  };
  await bea.goto('/api-keys');
  assert.match(bea.path(), /^\/account\/organisations\/org_\w+\/keys$/);
  await bea.goto(`${made.house}/keys`);
  await bea.field('Name (optional)').fill('Till in the foyer');
  const key = await make('atlas');
  const answer = await call(key);
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).organization.name, HOUSE);
  await shoot(bea, 'key-new');
  await bea.goto(`${made.house}/keys`);
  assert.ok(!(await bea.page.content()).includes(key), 'shown once');

  await bea.unfold('New API key');
  assert.equal((await call(await make('certivu'))).status, 401, 'a key opens one contract only');

  const row = bea.page.getByRole('row', { name: /Till in the foyer/ });
  await row.getByText('Rotate…').click();
  await row.getByRole('button', { name: 'Rotate the key' }).click();
  await bea.sees('The key’s successor');
  const next = await bea.page.locator('.secret code').textContent();
  assert.deepEqual([(await call(key)).status, (await call(next)).status], [200, 200], 'both work for a day');
  await shoot(bea, 'key-rotated');
  const old = row.filter({ hasText: 'until' });
  await old.getByText('Revoke…').click();
  await old.getByRole('button', { name: 'Revoke the key' }).click();
  await bea.sees('The API key is revoked.');
  assert.deepEqual([(await call(key)).status, (await call(next)).status], [401, 200]);
});

test('roles are given and taken, members kept out and let in, and the house handed over', async () => {
  await ada.goto(`${made.house}/members`);
  await ada.follow(BEA.name);
  await ada.unfold('Give a role');
  await ada.field('Role').selectOption('manager');
  await ada.field('Location').selectOption({ label: 'Halle 3' });
  await ada.press('Give the role');
  await ada.sees('Location manager at Halle 3');
  await shoot(ada, 'member');
  await ada.page.locator('.rows li', { hasText: 'Developer' }).getByRole('button').click();
  await ada.sees('The role is taken.');
  assert.equal((await bea.goto(`${made.house}/keys`)).status(), 403);

  await ada.unfold('Suspend…');
  await ada.press('Suspend');
  await ada.sees('The member is suspended');
  assert.equal((await bea.goto(made.house)).status(), 404);
  await ada.press('Let in again');
  await ada.sees('The member is let in again.');
  assert.equal((await bea.goto(made.house)).status(), 200);

  await ada.unfold('Make owner…');
  await ada.press('Hand the organisation over');
  await ada.sees('The organisation has a new owner');
  assert.equal(await ada.page.getByText('Make owner…').count(), 0);
  await bea.goto(`${made.house}/audit`);
  await bea.sees('Organization transferred');
  await bea.follow('Check the chain');
  await bea.sees('The chain is whole');
  await shoot(bea, 'audit');
  const download = bea.page.waitForEvent('download');
  await bea.follow('Download as CSV');
  assert.match((await download).suggestedFilename(), /\.csv$/);
});

test('a device is signed out from another', async () => {
  const phone = await enter();
  await phone.goto('/login?next=/account/sessions');
  await phone.signIn(ADA);
  await phone.sees('This one');
  await shoot(phone, 'sessions');
  const other = phone.page.getByRole('row').filter({ hasNotText: 'This one' }).filter({ hasText: 'Sign out' });
  await other.getByRole('button').click();
  await phone.sees('The device is signed out.');
  await ada.goto('/account');
  assert.equal(ada.path(), '/login', 'the session has ended');
  await ada.signIn(ADA);
  await phone.leave();
});

test('a new password by mail ends every session', async () => {
  await ada.page.waitForURL('**/account');
  const forgetful = await enter();
  await forgetful.goto('/login');
  await forgetful.follow('Forgot the password?');
  await forgetful.field('E-mail').fill(ADA.email);
  await forgetful.press('Send the link');
  await forgetful.sees('If this address has an account');
  await forgetful.goto(await mailed(ADA, 'Choose a new password'));
  await forgetful.field('New password').fill('password1234');
  await forgetful.press('Set the password');
  await forgetful.page.locator('#reset-new_password-error').waitFor();
  const old = ADA.password;
  ADA.password = 'thirteen copper kettles';
  await forgetful.field('New password').fill(ADA.password);
  await forgetful.press('Set the password');
  await forgetful.sees('Your new password is set');
  await ada.goto('/account');
  assert.equal(ada.path(), '/login', 'the other session has ended');
  await ada.signIn({ ...ADA, password: old });
  await ada.sees('The e-mail address or the password is wrong.');
  await ada.signIn(ADA);
  await ada.page.waitForURL('**/account');
  await forgetful.leave();
});

test('a form that no page of this server sent changes nothing', async () => {
  const post = (visitor, url, options) => visitor.context.request.post(url, { maxRedirects: 0, ...options });
  await bea.goto('/account');
  const csrf = await bea.page.locator('input[name="csrf"]').first().inputValue();
  const forms = { '/account/profile': { display_name: 'Forged' }, '/account/delete': { confirm_email: BEA.email, confirm_delete: 'on' }, '/account/sessions/end': {} };
  for (const [url, form] of Object.entries(forms)) {
    for (const forged of [{}, { csrf: '' }, { csrf: '0'.repeat(csrf.length) }]) {
      assert.equal((await post(bea, url, { form: { ...form, ...forged } })).status(), 403, url);
    }
    const headers = { 'sec-fetch-site': 'cross-site' };
    assert.equal((await post(bea, url, { form: { ...form, csrf }, headers })).status(), 403, url);
  }
  const file = { name: 'me.png', mimeType: 'image/png', buffer: await bea.page.screenshot() };
  for (const multipart of [{ file }, { file, csrf }, { csrf: 'x', file }]) {
    assert.equal((await post(bea, '/account/picture', { multipart })).status(), 403, 'the token comes first');
  }
  const stranger = await enter();
  const login = { email: BEA.email, password: BEA.password, csrf: 'a'.repeat(64) };
  assert.equal((await post(stranger, '/login', { form: login })).status(), 403, 'a sign-in that the sign-in page did not send');
  await stranger.leave();
  await bea.goto('/account');
  assert.equal(await bea.page.locator('h1').textContent(), BEA.name);
});

test('everything can be done without scripts', async () => {
  const plain = await enter({ javaScriptEnabled: false });
  await plain.goto('/login');
  await plain.signIn(BEA);
  await plain.follow('Organisations');
  await plain.follow(HOUSE);
  await plain.follow('Locations');
  await plain.unfold('New location');
  await plain.field('Name').fill('Keller');
  await plain.press('Add the location');
  await plain.sees('The location is added.');
  await plain.page.getByRole('row', { name: /Keller/ }).getByRole('link').click();
  await plain.field('In use; an archived location is kept for what refers to it.').uncheck();
  await plain.press('Save');
  await plain.sees('Archived');
  await plain.leave();
});

test('signing in leads back, on this server only', async () => {
  const visitor = await enter();
  await visitor.goto(`${made.house}/members?after=`);
  assert.equal(visitor.page.url(), `${server.url}/login?next=${encodeURIComponent(`${made.house}/members?after=`).replaceAll('%2F', '/')}`);
  await visitor.goto('/login?next=//evil.example');
  await visitor.signIn(ADA);
  await visitor.page.waitForURL(`${server.url}/account`);
  for (const elsewhere of ['//evil.example', '/%5Cevil.example', 'https://evil.example', '/%09/evil.example']) {
    await visitor.goto(`/login?next=${elsewhere}`);
    assert.equal(visitor.page.url(), `${server.url}/account`, elsewhere);
  }
  await visitor.goto('/login?next=/account/organisations%3Fa%3Db');
  assert.equal(visitor.page.url(), `${server.url}/account/organisations?a=b`);
  await visitor.leave();
});

test('the operator finds people, adds members, registers apps and identity providers', async () => {
  await operator.goto('/console/people');
  await operator.field('An e-mail address or a handle').fill('@ada');
  await operator.press('Look up');
  await operator.sees(ADA.email);
  await shoot(operator, 'console-person');
  await operator.follow(HOUSE);
  await operator.follow('Members');
  await operator.unfold('Add somebody');
  await operator.field('Person').fill('nobody@example.org');
  await operator.press('Add');
  await operator.sees('Has no account here.');
  await operator.field('Person').fill(OPERATOR.email);
  await operator.field('Role').selectOption('member');
  await operator.press('Add');
  await operator.sees('The person belongs to the organisation now.');
  await shoot(operator, 'console-members');

  await operator.goto('/console/apps');
  await operator.fill({ Name: 'Stage Door', 'Where answers may go': 'http://elsewhere.example/cb' });
  await operator.press('Register the app');
  await operator.page.locator('#app-redirect_uris-error').waitFor();
  await operator.field('Where answers may go').fill('https://stage.example/cb\nhttp://localhost:7000/cb');
  await operator.press('Register the app');
  const secret = await operator.page.locator('.secret code').textContent();
  await shoot(operator, 'console-apps');
  await operator.goto('/console/apps');
  assert.ok(!(await operator.page.content()).includes(secret), 'shown once');

  await operator.goto('/console/issuers');
  await operator.fill({ Name: 'Label', Issuer: 'https://id.label.example', Audience: 'colophon', 'Where its keys are': 'https://id.label.example/keys' });
  await operator.press('Register the provider');
  await operator.sees('The identity provider is registered');
});

test('every page holds its shape: light, dark, on a phone', async () => {
  const house = made.house;
  const own = {
    account: '/account', sessions: '/account/sessions', acting: '/account/apps', organisations: '/account/organisations', overview: house,
    members: `${house}/members`, invitations: `${house}/invitations`, locations: `${house}/locations`,
    keys: `${house}/keys`, audit: `${house}/audit?check`,
  };
  const console = { people: '/console/people?q=ada', apps: '/console/apps', issuers: '/console/issuers', outbox: '/console/outbox' };
  const open = { signup: '/signup', login: '/login', forgot: '/forgot-password', reset: '/reset-password?token=x', verify: '/verify-email?token=x' };
  const looks = {
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  };
  for (const [look, options] of Object.entries(looks)) {
    for (const [who, pages] of [[bea, own], [operator, console], [undefined, open]]) {
      const storageState = await who?.context.storageState();
      const { page, context } = await enter({ ...options, storageState });
      for (const [name, url] of Object.entries(pages)) {
        await page.goto(url, { waitUntil: 'networkidle' });
        const [wide, available] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= available, `${name} (${look}) is ${wide} px wide in ${available}`);
        await page.screenshot({ path: join(shots, `${name}-${look}.png`), fullPage: true });
      }
      await context.close();
    }
  }
});

test('everything held about somebody is theirs to take, and to have deleted', async () => {
  await ada.goto('/account');
  const download = ada.page.waitForEvent('download');
  await ada.follow('Download it');
  const file = await (await download).createReadStream();
  const held = JSON.parse(Buffer.concat(await file.toArray()).toString());
  assert.ok(JSON.stringify(held).includes(ADA.email));

  await ada.unfold('Delete…');
  await ada.field('Your e-mail address, once more').fill(BEA.email);
  await ada.field('Yes, delete my account for good.').check();
  await ada.press('Delete the account');
  await ada.sees('Is not the account\'s address.');
  await ada.field('Your e-mail address, once more').fill(ADA.email);
  await ada.field('Yes, delete my account for good.').check();
  await ada.press('Delete the account');
  await ada.sees('Your account is deleted.');
  const cookies = (await ada.context.cookies()).map(({ name }) => name);
  assert.ok(!cookies.includes('colophon_session'), cookies.join());
  await ada.signIn(ADA);
  await ada.sees('The e-mail address or the password is wrong.');
  await bea.goto(`${made.house}/members`);
  assert.equal(await bea.page.getByText(ADA.email).count(), 0);
});

test('the only owner of an organisation with others hands it over before leaving', async () => {
  await bea.goto('/account');
  await bea.unfold('Delete…');
  await bea.field('Your e-mail address, once more').fill(BEA.email);
  await bea.field('Yes, delete my account for good.').check();
  await bea.press('Delete the account');
  await bea.sees('You are the only owner of organisations that have other members.');
  await bea.sees(BEA.email);
});

test('no browser had anything to complain about', () => {
  assert.deepEqual(Visitor.complaints, []);
});
