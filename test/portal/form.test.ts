/** How the page is made: for whom it works, how large it is, and what it leaves behind. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { PERSON, POLICE } from './access-log.ts';
import { again, Desk, signIn, statesOf, violationsOf } from './visitor.ts';

const MAX_PAGE_BYTES = 80_000;
const desk = new Desk();

describe('the citizen’s page', () => {
  test('stores nothing of the person, and puts nothing of her into an address', () =>
    desk.visit(async (page, context) => {
      const urls: string[] = [];
      page.on('request', (request) => urls.push(request.url()));
      await again(page);
      const kept = await page.evaluate(() => ({
        local: Object.keys(localStorage).map((name) => name.replace(/[0-9a-f]{64}/, '')),
        session: sessionStorage.length,
        cookie: document.cookie,
      }));
      expect(kept).to.deep.equal({ local: ['veritrail.trust.'], session: 0, cookie: '' });
      const leaves = desk.world.story.log(POLICE).contents.keys();
      for (const secret of [PERSON.id, ...leaves]) expect(urls.join(' ')).not.to.include(secret);
      expect(await page.content()).not.to.include(PERSON.id);
      const cookies = await context.cookies(desk.world.url);
      expect(
        cookies.filter(({ name }) => name.startsWith('veritrail')).map(({ httpOnly, sameSite }) => [httpOnly, sameSite]),
      ).to.deep.equal([[true, 'Lax']]);
    }));

  test('works with the keyboard alone', () =>
    desk.visit(async (page) => {
      const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120) ?? '');
      const tabTo = async (wanted: string): Promise<void> => {
        for (let i = 0; i < 40 && !(await focused()).includes(wanted); i++) await page.keyboard.press('Tab');
        expect(await focused()).to.include(wanted);
      };
      await tabTo('筛选');
      await page.keyboard.press('Enter');
      await tabTo('break-glass');
      await page.keyboard.press('Space');
      expect(await page.locator('[data-row]').count()).to.equal(1);
      await tabTo('data-action="object"');
      await page.keyboard.press('Enter');
      await tabTo('textarea');
      expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).to.equal('solid');
    }));

  for (const [query, width] of [
    ['', 360],
    ['?lang=en', 360],
    ['', 1200],
  ] as const) {
    test(`is clean by axe-core and fits ${width} px (${query})`, () =>
      desk.visit(
        async (page) => {
          const check = async (): Promise<void> => {
            expect(await violationsOf(page)).to.deep.equal([]);
            expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.be.at.most(width);
          };
          await check();
          await signIn(page, 'p1');
          for (const summary of await page.locator('summary').all()) await summary.click();
          await page.locator('[data-action=object]').first().click();
          await check();
        },
        { account: null, query, width },
      ));
  }

  test('runs on browsers of 2020, which lack newer methods', () =>
    desk.visit(async (page) => void expect(await statesOf(page)).to.have.length(7), {
      prepare: async (context) => {
        await context.addInitScript(() => {
          for (const name of ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed'])
            Reflect.deleteProperty(Array.prototype, name);
          for (const name of ['replaceAll', 'isWellFormed']) Reflect.deleteProperty(String.prototype, name);
          Reflect.deleteProperty(Object, 'hasOwn');
        });
      },
    }));
});

describe('the built citizen’s page', () => {
  const builtFiles = async (): Promise<Map<string, Buffer>> => {
    const names = await readdir(desk.pages, { recursive: true, withFileTypes: true });
    const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
  };

  test(`is at most ${MAX_PAGE_BYTES / 1000} kB gzipped`, async () => {
    const sizes = [...(await builtFiles()).values()].map((bytes) => gzipSync(bytes, { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.below(MAX_PAGE_BYTES);
  });

  test('needs nothing inline and nothing from elsewhere', async () => {
    const files = await builtFiles();
    const html = files.get(join(desk.pages, 'index.html'))!.toString();
    expect(html).not.to.match(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const [name, bytes] of files) {
      const text = bytes.toString().replaceAll('http://www.w3.org/', '').replaceAll('https://w3id.org/dpv', '');
      expect(text, name).not.to.match(/https?:\/\/|\bdata:[a-z]+\/|\beval\(|new Function/);
    }
  });
});
