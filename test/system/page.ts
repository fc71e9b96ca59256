/** The page in headless Chromium, driven as a clerk would. */
import { type Browser, chromium, type Page, type Request } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

export function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('no Chromium: install Debian’s package chromium, or set VERITRAIL_CHROMIUM');
  return chromium.launch({ executablePath, args: FLAGS });
}

export interface Shown {
  readonly verdict: string;
  readonly reasons: readonly string[];
}

/** Hands the files to the page and waits for its verdict. */
export async function dropFiles(page: Page, files: readonly string[]): Promise<Shown> {
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([...files]);
  return shownVerdict(page);
}

export async function shownVerdict(page: Page): Promise<Shown> {
  const element = page.locator('[data-verdict]').first();
  await element.waitFor({ timeout: 30_000 });
  const verdict = (await element.getAttribute('data-verdict')) ?? '';
  const reasons = ((await element.getAttribute('data-reason')) ?? '').split(' ').filter((code) => code !== '');
  return { verdict, reasons };
}

/** Everything the page sent: addresses, headers and bodies. */
export function recordRequests(page: Page): { sent: () => string } {
  const requests: Request[] = [];
  page.on('request', (request) => requests.push(request));
  const text = (request: Request): string => {
    const body = request.postDataBuffer();
    return `${request.url()}\n${JSON.stringify(request.headers())}\n${body === null ? '' : body.toString('latin1')}`;
  };
  return { sent: () => requests.map(text).join('\n') };
}
