/** An officer with a real browser before the auditor's desk, as the real portal serves it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildDeskPages } from '../../web/build.ts';
import { openBrowser } from '../system/page.ts';
import { DeskWorld } from './desk-world.ts';

export const CASE_PASSPHRASE = 'passphrase of the case';

/** Pages, browser and world of one test file; made before its tests and removed after them. */
export class DeskVisits {
  pages = '';
  browser!: Browser;
  world!: DeskWorld;

  constructor(prepare: (world: DeskWorld) => Promise<void> = async () => {}) {
    let opened: Promise<void> | undefined;
    before(() => (opened = this.#open(prepare)));
    after(() => opened?.then(() => this.#close()));
  }

  async #open(prepare: (world: DeskWorld) => Promise<void>): Promise<void> {
    this.pages = await mkdtemp(join(tmpdir(), 'veritrail-desk-'));
    await buildDeskPages(this.pages);
    this.browser = await openBrowser();
    this.world = await DeskWorld.start(this.pages);
    await prepare(this.world);
  }

  async #close(): Promise<void> {
    await this.browser.close();
    await this.world.stop();
    await rm(this.pages, { recursive: true });
  }

  /** One browser that remembers nothing. Whatever the page says in the console, or fails at, fails the test. */
  async visit(
    run: (page: Page, context: BrowserContext) => Promise<void>,
    { query = '', width = 1200 }: { readonly query?: string; readonly width?: number } = {},
  ): Promise<void> {
    const context = await this.browser.newContext({ viewport: { width, height: 740 }, acceptDownloads: true });
    const page = await context.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(error.message));
    page.on('console', (message) => {
      if (!/Failed to load resource|net::ERR/.test(message.text())) said.push(message.text());
    });
    try {
      await page.goto(`${this.world.url}/desk/${query}`);
      await run(page, context);
      expect(said).to.deep.equal([]);
    } finally {
      await context.close();
    }
  }
}

/** Until the page has done what it was told. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main:not([data-busy])', { timeout: 60_000 });
}

export const formOf = (page: Page, action: string) => page.locator('form', { has: page.locator(`[data-action=${action}]`) });

export async function giveKey(page: Page, action: string, keyFile: string, passphrase: string): Promise<void> {
  const form = formOf(page, action);
  await form.locator('[name=keyFile]').setInputFiles(keyFile);
  await form.locator('[name=keyPassphrase]').fill(passphrase);
}

/** What the page saves when this is pressed. */
export async function saved(page: Page, action: string): Promise<Buffer> {
  const download = page.waitForEvent('download', { timeout: 60_000 });
  await page.click(`[data-action=${action}]`);
  const bytes = await readFile(await (await download).path());
  await settled(page);
  return bytes;
}

export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}
