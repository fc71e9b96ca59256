/** What the page says of what is not anchored, of earlier epochs, of accesses without a duty, and when nobody can say. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { DAY, PERSON, POLICE } from './access-log.ts';
import { sampleStory } from './sample-story.ts';
import { AccessStory } from './story.ts';
import { again, Desk, standingOf, statesOf, told } from './visitor.ts';

const desk = new Desk();
const origin = (code: string): string => `sample/${code}/access`;

const says = async (page: Page, code = POLICE): Promise<string> => page.locator(`[data-custodian="${code}"]`).innerText();

describe('what is', () => {
  test('not anchored yet is provisional: neither complete nor proven', async () => {
    const story = new AccessStory(Date.now() - DAY);
    story.anchorAll();
    story.read(POLICE, PERSON);
    story.anchor(story.log(POLICE), { anchored: false });
    desk.world.story = story;
    await desk.visit(async (page) => {
      desk.world.police.lie = (_, person) => story.answer(POLICE, person, { anchoredOnly: false });
      await again(page);
      expect(await standingOf(page, origin(POLICE))).to.equal('unknown PROVISIONAL');
      expect(await statesOf(page)).to.deep.equal(['access provisional']);
      expect(await page.locator('[data-row]').innerText()).to.include('待锚定');
      expect(await says(page))
        .to.include('下面仍列出已经证明在册的 1 条')
        .and.not.include('恰有');
    });
  });

  test('under an earlier epoch is asked for too: leaving that epoch out is no completeness', async () => {
    const story = new AccessStory(Date.now() - DAY);
    story.anchorAll();
    const first = story.read(POLICE, PERSON);
    story.anchorAll();
    story.rotate(POLICE);
    story.read(POLICE, PERSON);
    story.anchorAll();
    desk.world.story = story;
    await desk.visit(async (page) => {
      expect(await standingOf(page, origin(POLICE))).to.equal('complete');
      expect(await page.locator(`[data-row="${encodeHex(first)}"]`).count()).to.equal(1);
      expect(await page.locator(`[data-log="${origin(POLICE)}"]`).innerText()).to.include(
        '先后用过 2 把，每一把名下的记录都已查全',
      );
      desk.world.police.lie = (answer) => ({ ...answer, epochs: answer.epochs.slice(1) });
      await again(page);
      expect(await standingOf(page, origin(POLICE))).to.equal('unknown NOT_SHOWN');
      expect(await page.locator(`[data-log="${origin(POLICE)}"]`).innerText()).to.include('未能证明');
      expect(await statesOf(page)).to.deep.equal(['access proven']);
    });
  });

  test('granted without a duty in the registry is proven, and loud', async () => {
    const story = new AccessStory(Date.now() - DAY);
    story.anchorAll();
    story.read(POLICE, PERSON, { request: { purpose: 'audit.trace' } });
    story.anchorAll();
    desk.world.story = story;
    await desk.visit(async (page) => {
      expect(await statesOf(page)).to.deep.equal(['access proven']);
      expect(await page.locator('[data-row]').innerText())
        .to.include('无登记职责')
        .and.include('您可以提出异议');
    });
  });

  test('unknown because the verifier does not answer is said for all, and nothing is listed as nothing', async () => {
    desk.world.story = sampleStory();
    await desk.visit(async (page) => {
      desk.world.verifierMode = 'cut';
      await page.click('[data-action=again]');
      await page.locator('[data-trouble=no-answer]').waitFor();
      expect(await page.locator('[data-trouble]').innerText()).to.include('这不说明没有查询记录');
      expect(await page.locator('[data-custodian]').count()).to.equal(0);
      desk.world.verifierMode = 'up';
      await again(page);
      await told(page);
      expect(await statesOf(page)).to.have.length(7);
    });
  });

  test('under seal is counted from all of a seals log or not at all', async () => {
    const honest = desk.world.sealsAnswer;
    desk.world.sealsAnswer = (story) => {
      const answer = honest(story) as { checkpoint: string; entries: string };
      return { ...answer, entries: Buffer.from(answer.entries, 'base64').subarray(74).toString('base64') };
    };
    try {
      await desk.visit(async (page) => {
        expect(await standingOf(page, origin(POLICE))).to.equal('complete');
        expect(await says(page))
          .to.include('目前未能取得')
          .and.not.include('未解封');
      });
    } finally {
      desk.world.sealsAnswer = honest;
    }
  });

  test('a leaf hash in the page names the entry as the log has it', async () => {
    const { story } = desk.world;
    const known = new Set(story.log(POLICE).rows.map(({ bytes }) => encodeHex(leafHashOf(bytes))));
    await desk.visit(async (page) => {
      const named = await page.locator('[data-row]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-row')!));
      expect(named.every((one) => known.has(one))).to.equal(true);
    });
  });
});
