/** The auditor's desk on the running sample, in a browser, as two officers would use it. */
import { after, before, describe, test } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { sampleNumber } from '../../samples/data-service.ts';
import { TEST_PERSONS } from '../../samples/persons.ts';
import { formOf, giveKey, saved, settled, violationsOf } from '../portal/officer.ts';
import { openBrowser, recordRequests } from '../system/page.ts';
import { System, until, veritrail } from '../system/system.ts';

const SERVICE = '11999900MB00000089';
const LEAKED = Array.from({ length: 12 }, (_, i) => sampleNumber(100 + i));
const PASSPHRASE = 'passphrase of the case';

let system: System;
let browser: Browser;
let page: Page;
let keyPassphrase: string;
let sent: () => string;

const at = (name: string): string => join(system.data, name);
const keyOf = (officer: number): string => at(`keys/officer-${officer}.key.json`);

before(async () => {
  system = await System.start(await System.newData());
  browser = await openBrowser();

  keyPassphrase = (await readFile(at('keys/passphrase'), 'utf8')).trim();
  await writeFile(at('leaked.csv'), `number\n${LEAKED.join('\n')}\n`);
  const context = await browser.newContext({ locale: 'zh-CN', acceptDownloads: true, viewport: { width: 360, height: 740 } });
  page = await context.newPage();
  sent = recordRequests(page).sent;
});
after(async () => {
  await browser?.close();
  await system?.remove();
});

async function checkLooks(): Promise<void> {
  expect(await violationsOf(page)).to.deep.equal([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.be.at.most(360);
}

describe('two officers at the desk of the sample', () => {
  test('open a case, on a page that says first that every look-up is recorded', async () => {
    await page.goto(system.ready.deskPage);
    await settled(page);
    expect(await page.locator('[data-recorded]').innerText()).to.contain('都会被登记');
    const form = formOf(page, 'found');
    await form.locator('[name=number]').fill('审〔2026〕9号');
    await form.locator('[name=legalBasis]').fill('样例条例 第三十六条');
    await form.locator('[name=reason]').fill('核查一份外泄名单');
    await form.locator('[name=newPassphrase]').fill(PASSPHRASE);
    await giveKey(page, 'found', keyOf(1), keyPassphrase);
    await checkLooks();
    await form.locator('[data-action=found]').click();
    await page.waitForSelector('main[data-step=inside]', { timeout: 30_000 });
    await settled(page);
    expect(await page.locator('[data-officer]').getAttribute('data-officer')).to.equal('A-01');
  });

  test('trace a leaked list: the one reader with her numbers, and no finding where chance explains it', async () => {
    const form = formOf(page, 'sample');
    await until(
      180,
      async () => {
        await form.locator('[name=sample]').setInputFiles(at('leaked.csv'));
        await form.locator('[name=from]').fill('2026-01-01');
        await form.locator('[data-action=sample]').click();
        await page.waitForSelector('[data-done=sample]', { timeout: 180_000 });
        await settled(page);
        expect(await page.locator('[data-silent]').count()).to.equal(0);
        // The morning may not be confirmed to its end yet: then that is said.
        return page.locator('[data-unproven]').count();
      },
      (notYet) => notYet === 0,
    );
    expect(await page.locator('[data-finding]').getAttribute('data-finding')).to.equal('none');
    const reader = page.locator(`[data-reader="${SERVICE} S-0033"]`);
    expect(await reader.innerText())
      .to.contain('共查询 500 人')
      .and.to.contain(`${LEAKED.length} 人里的 ${LEAKED.length} 人`);
    expect(await reader.getAttribute('data-stands-out')).to.equal('false');
    const text = await page.locator('body').innerText();
    for (const number of LEAKED) expect(text).not.to.contain(number);
  });

  test('look up a person, whose history then holds their own look-up', async () => {
    const form = formOf(page, 'search');
    await until(
      120,
      async () => {
        await form.locator('[name=number]').fill(TEST_PERSONS[0]!.id);
        await form.locator('[data-action=search]').click();
        await page.waitForSelector('main[data-busy]', { timeout: 2_000 }).catch(() => undefined);
        await settled(page);
        return page.locator('[data-entry] h3').allInnerTexts();
      },
      (titles) => titles.some((title) => title.includes('A-01')) && titles.filter((title) => title.includes('S-0017')).length > 0,
    );
    await checkLooks();
  });

  test('have a person named only when the second one agrees, with her own key', async () => {
    const person = page.locator('[data-entry]', { hasText: 'S-0017' }).locator('[data-pseudonym]').first();
    const pseudonym = await person.getAttribute('data-pseudonym');
    await person.locator('input').click();
    await page.click('[data-action=propose]');
    await page.waitForSelector('[data-done=propose]', { timeout: 30_000 });
    expect(await page.locator('[data-action=approve]').count()).to.equal(0);
    await page.click('summary');
    await giveKey(page, 'change-officer', keyOf(2), keyPassphrase);
    await page.click('[data-action=change-officer]');
    await page.waitForSelector('[data-officer="A-02"]', { timeout: 30_000 });
    // One for each custodian that showed her.
    for (let left = await page.locator('[data-waiting]').count(); left > 0; left--) {
      await page.locator('[data-action=approve]').first().click();
      await page.waitForFunction((count) => document.querySelectorAll('[data-waiting]').length < count, left, {
        timeout: 60_000,
      });
      await settled(page);
    }
    const named = await page.locator(`[data-pseudonym="${pseudonym}"][data-named=true]`).first().innerText();
    expect(named).to.contain(TEST_PERSONS[0]!.id);
  });

  test('take a package along that verifies without a network, and a case that the command line opens', async () => {
    await writeFile(at('desk.zip'), await saved(page, 'pack'));
    await writeFile(at('desk.case'), await saved(page, 'save'), { mode: 0o600 });
    const args = ['verify', at('desk.zip'), '--trust', system.ready.trust, '--data', at('other-reader'), '--json'];
    const { stdout } = await veritrail(args, { withoutNetwork: true });
    const verdict = JSON.parse(stdout) as { verdict: string; findings: unknown[] };
    expect([verdict.verdict, verdict.findings]).to.deep.equal(['valid', []]);
    await writeFile(at('case-passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
    const common = ['--case', at('desk.case'), '--case-passphrase-file', at('case-passphrase'), '--desk', system.ready.desk];
    const shown = await veritrail(['trace', 'show', ...common, '--data', at('reader'), '--json']);
    expect([shown.code, (JSON.parse(shown.stdout) as { number: string }).number]).to.deep.equal([0, '审〔2026〕9号']);
  });

  test('left no number in an address or in what the programs log, and no key or passphrase in what was sent', () => {
    const addresses = sent()
      .split('\n')
      .filter((line) => /^https?:/.test(line))
      .join('\n');
    for (const number of [TEST_PERSONS[0]!.id, ...LEAKED]) {
      expect(addresses).not.to.contain(number);
      expect(system.logged).not.to.contain(number);
    }
    expect(sent()).not.to.contain(PASSPHRASE).and.not.to.contain(keyPassphrase);
  });
});
