/** A person at the citizen's page: signs in as a test person, and reads what her own browser made of every custodian's answer. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { recordRequests } from './page.ts';
import { until } from './system.ts';

export interface SeenRow {
  /** Leaf hash, hex. */
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly result: string;
  readonly text: string;
}

export interface Seen {
  readonly text: string;
  /** By origin: complete, unknown … */
  readonly logs: Readonly<Record<string, string>>;
  /** By the custodian's code: what the page says about it. */
  readonly sentences: Readonly<Record<string, string>>;
  /** Newest first. */
  readonly rows: readonly SeenRow[];
  /** What the rows say. */
  readonly entries: string;
  /** By authority: what the page says of its receipts. */
  readonly accessors: Readonly<Record<string, string>>;
  /** All that the browser sent, but to the identity provider. */
  readonly sent: string;
}

const PASSWORD = 'veritrail';
const PATIENCE_MS = 4_000;

export class Citizen {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #sent: () => string;

  private constructor(context: BrowserContext, page: Page, sent: () => string) {
    this.#context = context;
    this.page = page;
    this.#sent = sent;
  }

  static async signIn(browser: Browser, portal: string, account: string): Promise<Citizen> {
    const context = await browser.newContext({ locale: 'zh-CN' });
    try {
      const page = await context.newPage();
      const { sent } = recordRequests(page);
      await page.goto(portal);
      await page.locator('a, button').filter({ hasText: '登录' }).first().click();
      await page.locator('select').selectOption(account);
      await page.locator('input[type=password]').fill(PASSWORD);
      await page.locator('form button').click();
      return new Citizen(context, page, sent);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  /** What she is shown once every custodian has answered or has had its time. */
  async seen(): Promise<Seen> {
    await this.page.locator('main[data-step="told"]').waitFor({ timeout: 60_000 });
    const attributes = (selector: string, ...names: string[]): Promise<string[][]> =>
      this.page
        .locator(selector)
        .evaluateAll(
          (all, wanted) =>
            all.map((one) => [...wanted.map((name) => one.getAttribute(name) ?? ''), (one as HTMLElement).innerText]),
          names,
        );
    const logs = await attributes('[data-log]', 'data-log', 'data-standing');
    const sentences = await attributes('[data-custodian]', 'data-custodian');
    const accessors = await attributes('[data-accessor]', 'data-accessor');
    const rows = await attributes('[data-row]', 'data-row', 'data-kind', 'data-state', 'data-result');
    return {
      text: await this.page.locator('body').innerText(),
      logs: Object.fromEntries(logs) as Record<string, string>,
      sentences: Object.fromEntries(sentences) as Record<string, string>,
      accessors: Object.fromEntries(accessors) as Record<string, string>,
      entries: rows.map((row) => row.at(-1)).join('\n'),
      rows: rows.map(([name = '', kind = '', state = '', result = '', text = '']) => ({ name, kind, state, result, text })),
      sent: this.#sent(),
    };
  }

  /** Asks everybody again, by the page's own button, and without signing in. */
  async again(): Promise<Seen> {
    await this.page.locator('[data-action=again]').click();
    await this.page.locator('main[data-step="asking"]').waitFor({ timeout: 5_000 });
    return this.seen();
  }

  /** Asks again until it is so: what was promised is to be anchored and witnessed. No oftener than a custodian lets a person ask. */
  until(isSo: (seen: Seen) => boolean): Promise<Seen> {
    const ask = async (): Promise<Seen> => {
      await pause(PATIENCE_MS);
      return this.again();
    };
    return until(180, ask, isSo);
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}
