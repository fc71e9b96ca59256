/** The auditor's desk in a real browser, before the real portal and the real routes of a custodian's node. */
import { describe, test } from 'node:test';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ACCESSOR, residentNumber } from '../custodian/custodian.ts';
import { ORIGIN } from '../custodian/fixture.ts';
import { CASE_PASSPHRASE, DeskVisits, formOf, giveKey, saved, settled, violationsOf } from './officer.ts';

const LEAKED = [3, 8, 14, 21, 27, 33];
const PASSPHRASE = 'a long passphrase';

const desk = new DeskVisits(async ({ department }) => {
  const lines: string[] = [];
  for (let i = 0; i < 24; i++) lines.push(JSON.stringify(await department.read(`NR-00${i % 4}`, 2 * i, 2 * i + 1)));
  lines.push(JSON.stringify(await department.read('NR-0666', ...LEAKED)));
  // Once: each anchor moves the department's clock ahead of the browser's.
  await department.anchor();
  await writeFile(department.path('records.ndjson'), lines.slice(1).join('\n'));
  await writeFile(department.path('list.csv'), ['号码', ...LEAKED.map(residentNumber), 'no number'].join('\n'));
  await department.openCase();
  await department.trace(['sample', department.path('list.csv'), '--from', '2026-01-01']);
});

const path = (name: string): string => desk.world.department.path(name);

async function found(page: Page): Promise<void> {
  const form = formOf(page, 'found');
  await form.locator('[name=number]').fill('审〔2026〕7号');
  await form.locator('[name=legalBasis]').fill('审计法 第三十四条');
  await form.locator('[name=reason]').fill('核查一份外泄名单');
  await form.locator('[name=newPassphrase]').fill(CASE_PASSPHRASE);
  await giveKey(page, 'found', path('one.key.json'), PASSPHRASE);
  await form.locator('[data-action=found]').click();
  await page.waitForSelector('main[data-step=inside]', { timeout: 30_000 });
  await settled(page);
}

async function openCase(page: Page, caseFile: string, key = 'one.key.json', passphrase = PASSPHRASE): Promise<void> {
  const form = formOf(page, 'open');
  await form.locator('[name=caseFile]').setInputFiles(caseFile);
  await form.locator('[name=casePassphrase]').fill(passphrase);
  await giveKey(page, 'open', path(key), PASSPHRASE);
  await form.locator('[data-action=open]').click();
  await page.waitForTimeout(50);
  await settled(page);
}

async function searchPerson(page: Page, number: string): Promise<void> {
  const form = formOf(page, 'search');
  await form.locator('[name=number]').fill(number);
  await form.locator('[data-action=search]').click();
  await page.waitForSelector('[data-done=search], [data-trouble]', { timeout: 30_000 });
}

describe('the desk', () => {
  test('says before anything else that each look-up is itself recorded', () =>
    desk.visit(async (page) => {
      await settled(page);
      expect(await page.locator('[data-recorded]').innerText()).to.contain('您的每一次查询本身都会被登记');
      expect(await page.locator('input[name=officer]').count()).to.equal(2);
    }));

  test('ranks whose reading fits a leaked list, names a person by two officers, and makes a package', () =>
    desk.visit(async (page) => {
      await found(page);
      await formOf(page, 'sample').locator('[name=sample]').setInputFiles(path('list.csv'));
      await page.click('[data-action=sample]');
      await page.waitForSelector('[data-done=sample]', { timeout: 60_000 });
      expect(await page.locator('[data-unreadable]').innerText()).to.contain('8');
      expect(await page.locator('[data-finding]').getAttribute('data-finding')).to.equal('one');
      const [first] = await page.locator('[data-reader]').allInnerTexts();
      expect(first).to.contain('NR-0666').and.to.contain('6 人里的 6 人');
      const text = await page.locator('body').innerText();
      for (const i of LEAKED) expect(text).not.to.contain(residentNumber(i));
      expect(await page.locator('[data-look-up]').count()).to.equal(LEAKED.length + 1);
      expect(await page.locator('[data-standing=silent]').count()).to.equal(0);

      await page.locator('[data-pseudonym] input').first().click();
      await page.click('[data-action=propose]');
      await page.waitForSelector('[data-done=propose]');
      // Her own proposal she cannot approve.
      expect(await page.locator('[data-action=approve]').count()).to.equal(0);
      await page.click('summary');
      await giveKey(page, 'change-officer', path('two.key.json'), PASSPHRASE);
      await page.click('[data-action=change-officer]');
      await page.waitForSelector('[data-officer="A-02"]');
      await page.click('[data-action=approve]');
      await page.waitForSelector('[data-done=approve]');
      expect(await page.locator('[data-named=true]').first().innerText()).to.match(/[0-9]{17}[0-9X]/);

      await writeFile(path('page.zip'), await saved(page, 'pack'));
      await saved(page, 'save');
      expect(await page.locator('[data-unsaved]').count()).to.equal(0);
      const { department } = desk.world;
      const verified = await department.run(['verify', path('page.zip'), '--trust', path('trust.json'), '--json']);
      expect([verified.code, verified.json['verdict']]).to.deep.equal([0, 'valid']);
    }));

  test('finds by accessor, operator, purpose and time', () =>
    desk.visit(async (page) => {
      await openCase(page, path('leak.case'));
      const form = formOf(page, 'search');
      await form.locator('[name=kind]').selectOption('operator');
      await form.locator('[name=accessor]').fill(ACCESSOR);
      await form.locator('[name=operator]').fill('NR-0666');
      await form.locator('[data-action=search]').click();
      await page.waitForSelector('[data-done=search], [data-trouble]');
      const text = await page.locator('.entries').last().innerText();
      expect(text).to.contain('NR-0666');
    }));

  test('compares an accessor’s own record, and says what one side lacks', () =>
    desk.visit(async (page) => {
      await openCase(page, path('leak.case'));
      const form = formOf(page, 'reconcile');
      await form.locator('[name=records]').setInputFiles(path('records.ndjson'));
      const accessor = JSON.parse((await readFile(path('records.ndjson'), 'utf8')).split('\n')[0]!) as {
        request: { payload: string };
      };
      const { accessor: code } = JSON.parse(Buffer.from(accessor.request.payload, 'base64').toString()) as { accessor: string };
      await form.locator('[name=accessor]').fill(code);
      await form.locator('[data-action=reconcile]').click();
      await page.waitForSelector('[data-done=reconcile]', { timeout: 30_000 });
      expect(await page.locator('[data-reconciled=matched]').getAttribute('data-count')).to.equal('24');
      expect(await page.locator('[data-difference=custodian-only]').count()).to.equal(1);
    }));
});

describe('the desk says in words', () => {
  test('that a passphrase is wrong, or a key no officer’s', () =>
    desk.visit(async (page) => {
      await openCase(page, path('leak.case'), 'one.key.json', 'another passphrase');
      expect(await page.locator('[data-trouble=open]').getAttribute('data-code')).to.equal('FORBIDDEN');
      await openCase(page, path('leak.case'), 'request.key.json');
      expect(await page.locator('[data-trouble=open]').innerText()).to.contain('不属于本案的办案人员');
    }));

  test('that a custodian did not answer, and never that nothing was found', () =>
    desk.visit(async (page) => {
      await openCase(page, path('leak.case'));
      await page.route('**/desk/v1/ask', (route) =>
        route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"code":"UNAVAILABLE"}' }),
      );
      await searchPerson(page, residentNumber(5));
      expect(await page.locator(`[data-silent="${ORIGIN}"]`).innerText()).to.contain('这不等于“没有记录”');
      expect(await page.locator('[data-standing=silent]').count()).to.equal(1);
      expect(await page.locator('[data-unsaved]').count()).to.equal(1);
    }));

  test('that a number is none, and asks nobody', () =>
    desk.visit(async (page) => {
      await openCase(page, path('leak.case'));
      const before = await page.locator('[data-look-up]').count();
      await searchPerson(page, '12345');
      expect(await page.locator('[data-trouble=search]').getAttribute('data-code')).to.equal('MALFORMED');
      expect(await page.locator('[data-look-up]').count()).to.equal(before);
    }));
});

describe('the desk’s page', () => {
  for (const [query, width] of [
    ['', 360],
    ['?lang=en', 360],
    ['', 1200],
  ] as const) {
    test(`is clean by axe-core and fits ${width} px (${query})`, () =>
      desk.visit(
        async (page) => {
          await settled(page);
          const check = async (): Promise<void> => {
            expect(await violationsOf(page)).to.deep.equal([]);
            expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.be.at.most(width);
          };
          await check();
          await openCase(page, path('leak.case'));
          await page.click('summary');
          await page.locator('[data-pseudonym] input').first().click();
          await check();
          const shots = process.env['VERITRAIL_SHOTS'];
          if (shots !== undefined)
            await page.screenshot({ path: `${shots}/desk-${width}${query.slice(-2)}.png`, fullPage: true });
        },
        { query, width },
      ));
  }

  test('is worked with the keyboard alone, and shows where the focus is', () =>
    desk.visit(async (page) => {
      await settled(page);
      const tabTo = async (mark: string): Promise<void> => {
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press('Tab');
          const html = await page.evaluate(() => document.activeElement?.outerHTML ?? '');
          if (html.split('>')[0]!.includes(mark)) return;
        }
        throw new Error(`the keyboard does not reach ${mark}`);
      };
      const form = formOf(page, 'open');
      await form.locator('[name=caseFile]').setInputFiles(path('leak.case'));
      await form.locator('[name=keyFile]').setInputFiles(path('one.key.json'));
      await tabTo('name="caseFile"');
      await tabTo('name="casePassphrase"');
      await page.keyboard.type(PASSPHRASE);
      await tabTo('name="keyPassphrase"');
      await page.keyboard.type(PASSPHRASE);
      await tabTo('data-action="open"');
      expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).to.equal('solid');
      await page.keyboard.press('Enter');
      await page.waitForSelector('main[data-step=inside]', { timeout: 30_000 });
      await settled(page);
      await tabTo('name="number"');
      await page.keyboard.type(residentNumber(21));
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-done=search]', { timeout: 30_000 });
      await tabTo('type="checkbox"');
      await page.keyboard.press('Space');
      // The button stands before the entries.
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-done=propose]', { timeout: 30_000 });
    }));

  test('runs on browsers of 2020, which lack newer methods', () =>
    desk.visit(async (page, context) => {
      await context.addInitScript(() => {
        for (const name of ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed'])
          Reflect.deleteProperty(Array.prototype, name);
        for (const name of ['replaceAll', 'isWellFormed']) Reflect.deleteProperty(String.prototype, name);
        Reflect.deleteProperty(Object, 'hasOwn');
        Reflect.deleteProperty(Map, 'groupBy');
      });
      await page.reload();
      await settled(page);
      await openCase(page, path('leak.case'));
      expect(await page.locator('[data-finding]').getAttribute('data-finding')).to.equal('one');
    }));

  test('warns whoever leaves with look-ups that are not saved, and nobody else', () =>
    desk.visit(async (page) => {
      const asked: string[] = [];
      page.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      await openCase(page, path('leak.case'));
      await page.reload();
      expect(asked).to.deep.equal([]);
      await settled(page);
      await openCase(page, path('leak.case'));
      await searchPerson(page, residentNumber(5));
      await page.reload();
      expect(asked).to.deep.equal(['beforeunload']);
    }));

  test('takes nothing from elsewhere, sends no key, and says nothing of a person in an address', () =>
    desk.visit(async (page) => {
      const sent: string[] = [];
      page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
      await openCase(page, path('leak.case'));
      await searchPerson(page, residentNumber(7));
      expect(sent.length).to.be.greaterThan(2);
      for (const one of sent) expect(one.startsWith(desk.world.url), one.slice(0, 80)).to.equal(true);
      expect(sent.join('\n')).not.to.contain(PASSPHRASE).and.not.to.contain(CASE_PASSPHRASE);
      for (const one of sent) expect(one.split(' ')[0]).not.to.contain(residentNumber(7));
      expect(desk.world.logged).not.to.contain(residentNumber(7));
    }));
});

describe('the built desk', () => {
  test('needs nothing inline and nothing from elsewhere, and is at most 90 kB gzipped', async () => {
    const names = await readdir(desk.pages, { recursive: true, withFileTypes: true });
    const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    let size = 0;
    for (const file of files) {
      const bytes = await readFile(file);
      size += gzipSync(bytes, { level: 9 }).length;
      const text = bytes.toString().replaceAll('http://www.w3.org/', '').replaceAll('https://w3id.org/dpv', '');
      // Packages hold a report, which is a document of its own.
      expect(text, file).not.to.match(/https?:\/\/|\bdata:[a-z]+\/|\beval\(|new Function/);
    }
    const html = await readFile(join(desk.pages, 'index.html'), 'utf8');
    expect(html).not.to.match(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    expect(size).to.be.below(90_000);
  });
});
