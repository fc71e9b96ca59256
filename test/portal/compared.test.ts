/** What only the accessor's copy shows: an access that the custodian did not record, or under another number, is told loudly, with the paper. */
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { judgeLog, type LogJudgement } from '../../core/access/answer-check.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { judgeCopy } from '../../core/citizen/compared.ts';
import { type AccessCopies, parseCopies } from '../../core/citizen/copies.ts';
import { OTHER, PERSON, POLICE, SERVICE } from './access-log.ts';
import { standingIn } from './honest-verifier.ts';
import { sampleStory } from './sample-story.ts';
import type { AccessStory, Reading } from './story.ts';
import { again, Desk, standingOf, violationsOf } from './visitor.ts';

const desk = new Desk({ custodianTimeoutMs: 800 });
const says = async (page: Page): Promise<string> => page.locator(`[data-custodian="${POLICE}"]`).innerText();
const accessor = (page: Page) => page.locator(`[data-accessor="${SERVICE}"]`);
const found = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-copy]').evaluateAll((all) => all.map((one) => one.getAttribute('data-code')));

/** The sample, and one more reading whose promise is due by the newest checkpoint. */
function storyWith(reading: Reading): AccessStory {
  const story = sampleStory();
  story.read(POLICE, PERSON, reading);
  story.tick(5_000);
  story.anchorAll();
  return story;
}

async function visit(story: AccessStory, run: (page: Page) => Promise<void>, width = 1200): Promise<void> {
  desk.world.story = story;
  await desk.visit(run, { width });
}

function judgedBy(story: AccessStory): LogJudgement {
  const log = story.facts.logs.find((one) => one.class === 'access' && one.authority === POLICE)!;
  const standing = standingIn(story, log.logId, null);
  return judgeLog({ world: story.world(), log, number: PERSON, standing, answer: story.answer(POLICE, PERSON) });
}

describe('an accessor’s copies', () => {
  test('that agree make k of n, and are listed with the accessor', () =>
    visit(sampleStory(), async (page) => {
      expect(await says(page))
        .to.include('恰有 10 条记录')
        .and.include('10 条中已比对 6 条');
      expect(await accessor(page).getAttribute('data-standing')).to.equal('compared');
      expect(await accessor(page).innerText()).to.include('出示回执 6 份，其中 6 份与您的记录一致');
      expect(await page.locator(`[data-log="sample/${POLICE}/access"]`).innerText()).to.include('与查询机关的记录比对：6 / 10');
      const compared = await page
        .locator('[data-row]')
        .evaluateAll((all) => all.map((one) => `${one.getAttribute('data-kind')} ${one.getAttribute('data-compared')}`));
      expect(new Set(compared)).to.deep.equal(new Set(['access true', 'erasure false']));
      await page.locator('.how summary').first().click();
      await page.locator('.how .facts').first().waitFor();
      expect(await page.locator('.how').first().innerText()).to.include('已出示，与这一条一致');
      expect(await found(page)).to.deep.equal([]);
      expect(await page.locator('[data-found]').count()).to.equal(0);
    }));

  for (const [what, reading] of [
    ['was recorded nowhere', { isHidden: true }],
    ['was recorded under another number', { underNumber: OTHER }],
  ] as const satisfies readonly (readonly [string, Reading])[]) {
    test(`of an access that ${what} is told loudly, with a paper that anybody can check`, () => {
      const story = storyWith(reading);
      return visit(story, async (page) => {
        expect(await standingOf(page, `sample/${POLICE}/access`)).to.equal('complete');
        expect(await found(page)).to.deep.equal(['NOT_IN_HISTORY']);
        expect(await page.locator('[data-copy]').innerText())
          .to.include('样例市公安局没有如实登记')
          .and.include('样例市政务服务局持有样例市公安局签名的回执')
          .and.include('没有登记，或者登记在别的号码名下');
        expect(await page.locator('[data-found]').innerText()).to.include('有 1 次查询没有如实登记');
        const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=save-paper]')]);
        const paper = parseCopies(parseJson(await readFile(await download.path(), 'utf8')));
        const histories = { facts: story.facts, number: PERSON, judgements: [judgedBy(story)] };
        const [copy] = paper.copies;
        expect(judgeCopy(histories, paper.accessor, copy!)).to.include({ standing: 'missing', code: 'NOT_IN_HISTORY' });
        expect(await page.locator('[data-row]').count()).to.equal(7);
      });
    });
  }

  test('with a finding are clean by axe-core at 360 px, and in English without a Chinese sentence', () =>
    visit(
      storyWith({ isHidden: true }),
      async (page) => {
        expect(await violationsOf(page)).to.deep.equal([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.be.at.most(360);
        await page.locator('header button.link').click();
        const words = await page.locator('section[aria-labelledby=compared] p').allInnerTexts();
        expect(words.join(' ')).to.include('holds a receipt signed by');
        expect(words.join(' ').replaceAll(/样例市[\u4e00-\u9fff]+局/g, '')).not.to.match(/[\u4e00-\u9fff]/);
      },
      360,
    ));

  for (const [what, change] of [
    ['is down', () => (desk.world.service.mode = 'cut')],
    ['does not answer in time', () => (desk.world.service.mode = 'silent')],
    ['answers for another authority', () => (desk.world.service.copyLie = (told) => ({ ...told, accessor: POLICE as never }))],
  ] as const) {
    test(`of an accessor that ${what} are not compared: neither agreement nor difference`, () =>
      visit(storyWith({ isHidden: true }), async (page) => {
        change();
        await again(page);
        expect(await accessor(page).getAttribute('data-standing')).to.equal('silent');
        expect(await accessor(page).innerText())
          .to.include('没有比对')
          .and.include('这既不说明一致，也不说明不一致');
        expect(await says(page)).to.include('10 条中已比对 0 条');
        expect(await found(page)).to.deep.equal([]);
      }));
  }

  test('that were made up convict nobody, and are said to show nothing', () =>
    visit(sampleStory(), async (page) => {
      const made = (told: AccessCopies): AccessCopies => ({
        ...told,
        copies: told.copies.map((copy, i) => (i === 0 ? { ...copy, body: Uint8Array.from([...copy.body, 32]) } : copy)),
      });
      desk.world.service.copyLie = made;
      await again(page);
      expect(await found(page)).to.deep.equal([]);
      expect(await accessor(page).innerText())
        .to.include('其中 5 份与您的记录一致')
        .and.include('1 份不成立，说明不了任何问题');
      expect(await says(page)).to.include('10 条中已比对 5 条');
    }));

  test('decide nothing while a custodian’s history is not known to be complete', () =>
    visit(storyWith({ isHidden: true }), async (page) => {
      desk.world.police.mode = 'cut';
      await again(page);
      expect(await found(page)).to.deep.equal([]);
      expect(await accessor(page).innerText()).to.include('7 份目前无法判断');
    }));
});
