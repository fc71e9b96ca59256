/** A person with a real browser before the citizen's page, as the real portal serves it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.ts';
import { TEST_PASSWORD } from '../../scripts/test-provider/persons.ts';
import { buildCitizenPages } from '../../web/build.ts';
import { PortalWorld, type WorldOptions } from './world.ts';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

export interface VisitTerms {
  readonly query?: string;
  readonly width?: number;
  /** Null: nobody signs in. */
  readonly account?: string | null;
  /** Words that the console may hold, beyond what the browser itself says of requests that fail. */
  readonly prepare?: (context: BrowserContext) => Promise<void>;
}

/** Pages, browser and world of one test file; made before its tests and removed after them. */
export class Desk {
  pages = '';
  browser!: Browser;
  world!: PortalWorld;
  readonly #options: WorldOptions;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    let opened: Promise<void> | undefined;
    before(() => (opened = this.#open()));
    after(() => opened?.then(() => this.#close()));
  }

  async #open(): Promise<void> {
    this.pages = await mkdtemp(join(tmpdir(), 'veritrail-citizen-'));
    await buildCitizenPages(this.pages);
    this.browser = await chromium.launch({ executablePath: findBrowser() ?? '', args: ARGS });
    this.world = new PortalWorld({ ...this.#options, webDir: this.pages });
    await this.world.open();
  }

  async #close(): Promise<void> {
    await this.browser.close();
    await this.world.close();
    await rm(this.pages, { recursive: true });
  }

  /** One visitor, whose browser remembers nothing. Whatever a page says in the console, or fails at, fails the test. */
  async visit(run: (page: Page, context: BrowserContext) => Promise<void>, terms: VisitTerms = {}): Promise<void> {
    const { query = '', width = 1200, account = 'p1', prepare } = terms;
    const { police, insurance, service } = this.world;
    const honest = { mode: 'up', lie: (answer: unknown) => answer, copyLie: (told: unknown) => told };
    for (const party of [police, insurance, service]) Object.assign(party, honest);
    this.world.verifierMode = 'up';
    const context = await this.browser.newContext({ viewport: { width, height: 740 }, acceptDownloads: true, timezoneId: 'UTC' });
    await prepare?.(context);
    const page = await context.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(error.message));
    page.on('console', (message) => {
      if (!/Failed to load resource|net::ERR/.test(message.text())) said.push(message.text());
    });
    try {
      await page.goto(`${this.world.url}/${query}`);
      if (account !== null) await signIn(page, account);
      await run(page, context);
      expect(said).to.deep.equal([]);
    } finally {
      await context.close();
    }
  }
}

export async function signIn(page: Page, account: string): Promise<void> {
  await page.click('a[href="/portal/sign-in"]');
  await page.selectOption('select[name=account]', account);
  await page.fill('input[name=password]', TEST_PASSWORD);
  await page.click('button');
  await told(page);
}

/** Until everybody has answered or has not. */
export async function told(page: Page): Promise<void> {
  await page.waitForSelector('main[data-step=told]', { timeout: 20_000 });
}

export async function again(page: Page): Promise<void> {
  await page.click('[data-action=again]');
  await page.waitForFunction(() => document.querySelector('main')?.dataset['step'] === 'told');
}

/** What the page says of one custodian's log: standing and code. */
export async function standingOf(page: Page, origin: string): Promise<string> {
  const log = page.locator(`[data-log="${origin}"]`);
  const [standing, code] = await Promise.all([log.getAttribute('data-standing'), log.getAttribute('data-code')]);
  return [standing, code].filter((part) => part !== null).join(' ');
}

export async function statesOf(page: Page): Promise<string[]> {
  return page
    .locator('[data-row]')
    .evaluateAll((rows) => rows.map((row) => `${row.getAttribute('data-kind')} ${row.getAttribute('data-state')}`));
}
