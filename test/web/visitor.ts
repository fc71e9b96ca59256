/** A visitor with a real browser, before the built pages as a sample verifier serves them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { after, before } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { JsonValue } from '../../core/bytes/json.ts';
import { findBrowser } from '../../scripts/browser.ts';
import { buildPages } from '../../web/build.ts';
import type { Story } from '../verify/story.ts';
import { type SampleFile, SampleVerifier } from './fixture.ts';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

export interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** What the verdict element says of itself. */
export interface Seen {
  readonly verdict: string | null;
  readonly reason: string | null;
  readonly mode: string | null;
}

export const upload = ({ name, mimeType, buffer }: SampleFile): Upload => ({ name, mimeType, buffer });
export const jsonFile = (name: string, text: string): Upload => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(text),
});
export const online = (verdict: string, reason = ''): Seen => ({ verdict, reason, mode: 'online' });

/** Pages, browser and verifier of one test file; made before its tests and removed after them. */
export class Counter {
  pages = '';
  browser!: Browser;
  verifier!: SampleVerifier;
  #story!: Story;

  constructor() {
    let opened: Promise<void> | undefined;
    before(() => (opened = this.#open()));
    // A run without any of the file's tests comes here before it has opened.
    after(() => opened?.then(() => this.#close()));
  }

  async #open(): Promise<void> {
    this.pages = await mkdtemp(join(tmpdir(), 'veritrail-pages-'));
    await buildPages(this.pages);
    this.browser = await chromium.launch({ executablePath: findBrowser() ?? '', args: ARGS });
    this.verifier = new SampleVerifier(this.pages);
    this.#story = this.verifier.story;
    await this.verifier.listen();
  }

  async #close(): Promise<void> {
    await this.browser.close();
    await this.verifier.close();
    await rm(this.pages, { recursive: true });
  }

  /** One visitor, whose browser remembers nothing. Whatever a page says in the console, or fails at, fails the test. */
  async visit(run: (page: Page, context: BrowserContext) => Promise<void>, query = '', width = 1200): Promise<void> {
    const untouched = { mode: 'up', polledMsAgo: 100, trustChanges: {}, alter: (_: string, value: JsonValue) => value };
    Object.assign(this.verifier, untouched, { story: this.#story });
    const context = await this.browser.newContext({ viewport: { width, height: 740 }, acceptDownloads: true });
    const page = await context.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(error.message));
    page.on('console', (message) => {
      // A server that hangs up is reported by the browser itself.
      if (!/Failed to load resource|net::ERR/.test(message.text())) said.push(message.text());
    });
    try {
      await page.goto(`${this.verifier.url}/${query}`);
      await page.waitForSelector('[data-trust-version]');
      await run(page, context);
      expect(said).to.deep.equal([]);
    } finally {
      await context.close();
    }
  }
}

/** The next verdict. */
export async function seen(page: Page): Promise<Seen> {
  const panel = page.locator('[data-verdict]:not([data-old])');
  await panel.waitFor();
  const read = (name: string): Promise<string | null> => panel.getAttribute(name);
  const [verdict, reason, mode] = await Promise.all([read('data-verdict'), read('data-reason'), read('data-mode')]);
  return { verdict, reason, mode };
}

/** So that the next verdict is not mistaken for the present one. */
export async function forget(page: Page): Promise<void> {
  await page.evaluate(() => document.querySelector('[data-verdict]')?.setAttribute('data-old', ''));
}

export async function give(page: Page, ...files: readonly Upload[]): Promise<Seen> {
  await forget(page);
  await page.setInputFiles('input[type=file]', [...files]);
  return seen(page);
}

export async function again(page: Page): Promise<Seen> {
  await forget(page);
  await page.click('[data-action=again]');
  return seen(page);
}

/** The evidence file that the page offers for the file at hand. */
export async function savedEvidence(page: Page): Promise<Upload> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=save-evidence]')]);
  return { name: download.suggestedFilename(), mimeType: 'application/json', buffer: await readFile(await download.path()) };
}
