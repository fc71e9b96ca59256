import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { FILES } from './fixture.ts';
import { Counter, give, online, seen, upload } from './visitor.ts';

const MAX_PAGE_BYTES = 150_000;
const counter = new Counter();

describe('the page', () => {
  test('says that it takes its first trust file on sight, once, and that a sample has no independent party', () =>
    counter.visit(async (page) => {
      expect(await page.locator('.sample').innerText()).to.match(/样例.*一台机器.*没有独立的第三方/s);
      expect(await page.locator('[data-first-sight]').count()).to.equal(1);
      await page.goto(`${counter.verifier.url}/?lang=en`);
      await page.waitForSelector('[data-trust-version]');
      expect(await page.locator('.sample').innerText()).to.match(/Sample.*One machine, no independent party/s);
      expect(await page.locator('[data-first-sight]').count()).to.equal(0);
    }));

  test('speaks Chinese by default and English by switch, which it remembers', () =>
    counter.visit(async (page) => {
      const lang = (): Promise<string> => page.evaluate(() => document.documentElement.lang);
      await give(page, upload(FILES.valid));
      expect(await lang()).to.equal('zh-CN');
      await page.click('header button');
      expect([await lang(), await page.locator('.verdict-word').innerText()]).to.deep.equal(['en', 'Valid']);
      const words = await page.locator('.checks').innerText();
      expect(words).not.to.match(/[\u4e00-\u9fff]/);
      await page.reload();
      await page.locator('h1', { hasText: 'Check an electronic licence' }).waitFor();
      expect(await lang()).to.equal('en');
    }));

  test('works with the keyboard alone', () =>
    counter.visit(async (page) => {
      const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80) ?? '');
      const tabTo = async (wanted: string): Promise<void> => {
        for (let i = 0; i < 12 && !(await focused()).includes(wanted); i++) await page.keyboard.press('Tab');
        expect(await focused()).to.include(wanted);
      };
      const chooser = page.waitForEvent('filechooser');
      await tabTo('type="file"');
      const ring = await page.evaluate(() => getComputedStyle(document.activeElement!.parentElement!).outlineStyle);
      expect(ring).to.equal('solid');
      await page.keyboard.press('Enter');
      await (await chooser).setFiles([upload(FILES.valid)]);
      expect((await seen(page)).verdict).to.equal('valid');
      expect(await focused()).to.include('verdict-word');
      await tabTo('<summary>');
      await page.keyboard.press('Enter');
      await page.locator('.proof dl').first().waitFor();
    }));

  for (const [lang, file] of [
    ['', FILES.valid],
    ['?lang=en', FILES.revoked],
    ['?lang=en', FILES.unknown],
    ['', FILES.unknown],
  ] as const) {
    test(`is clean by axe-core and fits a phone 360 px wide (${file.name} ${lang})`, () =>
      counter.visit(
        async (page) => {
          const axe = await readFile(join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');
          await page.evaluate(axe);
          const isClean = async (): Promise<void> => {
            const violations = await page.evaluate(async () => {
              const { axe: tool } = window as unknown as {
                axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
              };
              return (await tool.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
            });
            expect(violations).to.deep.equal([]);
            const { width, clipped, small } = await page.evaluate(() => ({
              width: document.documentElement.scrollWidth,
              clipped: [...document.querySelectorAll('.verdict-word, .verdict-head')].filter(
                (one) => one.scrollWidth > one.clientWidth,
              ).length,
              small: [...document.querySelectorAll('button, label.button, summary')]
                .filter((one) => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44)
                .map((one) => one.outerHTML),
            }));
            expect([width, clipped, small]).to.deep.equal([360, 0, []]);
          };
          await isClean();
          await give(page, upload(file));
          for (const summary of await page.locator('summary').all()) await summary.click();
          await isClean();
        },
        lang,
        360,
      ));
  }

  test('takes a file that is dropped anywhere on it', () =>
    counter.visit(async (page) => {
      const { name, buffer } = FILES.valid;
      await page.evaluate(
        ([text, fileName]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))], fileName));
          document.querySelector('footer')!.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
        },
        [buffer.toString('base64'), name] as const,
      );
      expect(await seen(page)).to.deep.equal(online('valid'));
    }));

  test('reads a large file piece by piece and shows how far it is', () =>
    counter.visit(async (page) => {
      const large = { name: '大文件.ofd', mimeType: 'application/ofd', buffer: Buffer.alloc(12 << 20, 7) };
      await page.setInputFiles('input[type=file]', [large]);
      await page.locator('progress[max]').waitFor();
      expect(await seen(page)).to.deep.equal(online('undetermined', 'NOT_RECORDED'));
    }));

  test('runs without the methods that browsers of 2020 lack', async () => {
    const context = await counter.browser.newContext();
    try {
      await context.addInitScript(() => {
        for (const name of ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed'])
          Reflect.deleteProperty(Array.prototype, name);
        for (const name of ['replaceAll', 'isWellFormed']) Reflect.deleteProperty(String.prototype, name);
        Reflect.deleteProperty(Object, 'hasOwn');
      });
      const page = await context.newPage();
      await page.goto(counter.verifier.url);
      expect(await give(page, upload(FILES.valid))).to.deep.equal(online('valid'));
    } finally {
      await context.close();
    }
  });
});

describe('the built pages', () => {
  const builtFiles = async (): Promise<Map<string, Buffer>> => {
    const names = await readdir(counter.pages, { recursive: true, withFileTypes: true });
    const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
  };

  test(`are at most ${MAX_PAGE_BYTES / 1000} kB gzipped`, async () => {
    const sizes = [...(await builtFiles()).values()].map((bytes) => gzipSync(bytes, { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.below(MAX_PAGE_BYTES);
  });

  test('need nothing inline and nothing from elsewhere', async () => {
    const files = await builtFiles();
    const html = files.get(join(counter.pages, 'index.html'))!.toString();
    expect(html).not.to.match(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const [name, bytes] of files) {
      const text = bytes.toString().replaceAll('http://www.w3.org/', '');
      expect(text, name).not.to.match(/https?:\/\/|\bdata:[a-z]+\/|\beval\(|new Function/);
    }
  });
});
