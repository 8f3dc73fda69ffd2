// Somebody with a browser of their own: their cookies are nobody else's.
import { chromium } from 'playwright-core';

/** Starts the browser that everybody's windows belong to. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
}

export class Visitor {
  /** What browsers complained about: failed scripts, breaches of the content security policy. */
  static complaints = [];

  static async enter(browser, url, options = {}) {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(15_000);
    context.on('console', (message) => {
      // A refused request is for the test to judge; the browser reports each one here too.
      const refused = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
      if (message.type() === 'error' && !refused) Visitor.complaints.push(`${message.location().url}: ${message.text()}`);
    });
    context.on('weberror', (error) => Visitor.complaints.push(String(error.error())));
    return new Visitor(context, await context.newPage());
  }

  constructor(context, page) {
    Object.assign(this, { context, page });
  }

  goto(url) { return this.page.goto(url); }
  field(label) { return this.page.getByLabel(label, { exact: true }); }
  press(name) { return this.page.getByRole('button', { name, exact: true }).click(); }
  follow(name) { return this.page.getByRole('link', { name, exact: true }).click(); }
  unfold(summary) { return this.page.locator('summary', { hasText: summary }).first().click(); }
  sees(text) { return this.page.getByText(text).first().waitFor(); }
  path() { return new URL(this.page.url()).pathname; }

  async fill(fields) {
    for (const [label, text] of Object.entries(fields)) await this.field(label).fill(text);
  }

  /** The server must refuse what the browser would not have sent. */
  async sendUnchecked(name) {
    await this.page.locator('form').evaluateAll((forms) => forms.forEach((form) => { form.noValidate = true; }));
    await this.press(name);
  }

  async signIn({ email, password }) {
    await this.fill({ 'E-mail': email, Password: password });
    await this.press('Sign in');
  }

  leave() { return this.context.close(); }
}
