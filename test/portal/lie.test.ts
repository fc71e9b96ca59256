/** What the page says when a custodian does not answer, answers late, or lies: caught is named, unknown is unknown, and neither is "nobody looked". */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { AccessAnswer, AnsweredItem } from '../../core/access/answer.ts';
import type { Lie } from './custodian.ts';
import { DAY, INSURANCE, OTHER, PERSON, POLICE } from './access-log.ts';
import { sampleStory } from './sample-story.ts';
import { again, Desk, standingOf, statesOf } from './visitor.ts';

const desk = new Desk({ custodianTimeoutMs: 800 });
const origin = (code: string): string => `sample/${code}/access`;

const says = async (page: Page, code = POLICE): Promise<string> => page.locator(`[data-custodian="${code}"]`).innerText();

function withItems(
  { checkpoint, epochs }: AccessAnswer,
  change: (items: readonly AnsweredItem[]) => readonly AnsweredItem[],
): AccessAnswer {
  return { checkpoint, epochs: epochs.map((epoch) => ({ ...epoch, items: change(epoch.items) })) };
}

/** Runs the visit with a custodian that lies. */
async function lied(lie: Lie, run: (page: Page) => Promise<void>): Promise<void> {
  await desk.visit(async (page) => {
    desk.world.police.lie = lie;
    await again(page);
    await run(page);
  });
}

const LIES: readonly (readonly [string, Lie, string])[] = [
  ['leaves out the last entry', (answer) => withItems(answer, (items) => items.slice(0, -1)), 'unknown BAD_PROOF'],
  [
    'leaves out an entry in the middle',
    (answer) => withItems(answer, (items) => items.filter((_, i) => i !== 3)),
    'unknown BAD_PROOF',
  ],
  ['says that nobody looked', (answer) => withItems(answer, () => []), 'unknown BAD_PROOF'],
  ['shows another person’s history', () => desk.world.story.answer(POLICE, OTHER), 'unknown BAD_PROOF'],
  [
    'gives a VRF proof by another key',
    (answer) => {
      const other = desk.world.story.answer(INSURANCE, PERSON).epochs[0]!.proof;
      return { ...answer, epochs: answer.epochs.map((epoch) => ({ ...epoch, proof: other })) };
    },
    'unknown BAD_PROOF',
  ],
  ['says nothing under one of its keys', (answer) => ({ ...answer, epochs: [] }), 'unknown NOT_SHOWN'],
];

describe('a custodian that', () => {
  for (const [what, lie, want] of LIES) {
    test(`${what} is shown as not confirmed, and never as complete or as “nobody looked”`, () =>
      lied(lie, async (page) => {
        expect(await standingOf(page, origin(POLICE))).to.equal(want);
        const said = await says(page);
        expect(said).to.include('目前无法确认记录是否完整').and.include('也不说明没有查询');
        expect(said).not.to.include('恰有');
        expect(await statesOf(page)).to.deep.equal([]);
        expect(await page.locator('.empty').innerText()).to.include('是否完整，以上面');
        expect(await standingOf(page, origin(INSURANCE))).to.equal('complete');
      }));
  }

  test('shows other content than was recorded is contradicted, entry by entry', () =>
    lied(
      (answer) =>
        withItems(answer, (items) => {
          const [first, ...rest] = items;
          const other = rest.find(({ content }) => content?.state === 'opened')!.content;
          return [{ ...first!, content: other }, ...rest];
        }),
      async (page) => {
        expect(await standingOf(page, origin(POLICE))).to.equal('complete');
        expect((await statesOf(page)).at(-1)).to.equal('access contradicted');
        const entry = page.locator('[data-row]').last();
        expect(await entry.innerText())
          .to.include('内容与登记不符')
          .and.include('不是当时登记的内容');
        expect(await entry.innerText()).not.to.include('样例市政务服务局');
        await entry.locator('.how summary').click();
        expect(await entry.locator('[data-check=commitment]').getAttribute('data-outcome')).to.equal('fail');
      },
    ));

  test('withholds a content, refuses it under a law, or says that it lost it, still has to show that the entry is there', () =>
    lied(
      (answer) =>
        withItems(answer, (items) => items.map((item, i) => (i === 0 ? { ...item, content: null } : i === 2 ? item : item))),
      async (page) => {
        expect((await statesOf(page)).at(-1)).to.equal('access withheld');
        expect(await page.locator('[data-row]').last().innerText()).to.include('没有出示其内容，也没有登记在案的理由');
        desk.world.police.lie = (answer) =>
          withItems(answer, (items) =>
            items.map((item, i) =>
              i === 0 ? { ...item, content: { state: 'refused', legalBasis: '刑事诉讼法 第五十四条' } } : item,
            ),
          );
        await again(page);
        expect((await statesOf(page)).at(-1)).to.equal('access refused');
        expect(await page.locator('[data-row]').last().innerText())
          .to.include('内容未公开')
          .and.include('刑事诉讼法 第五十四条');
        desk.world.police.lie = (answer) =>
          withItems(answer, (items) => items.map((item, i) => (i === 0 ? { ...item, content: { state: 'lost' } } : item)));
        await again(page);
        expect((await statesOf(page)).at(-1)).to.equal('access lost');
        const lost = page.locator('[data-row]').last();
        expect(await lost.innerText())
          .to.include('但数据机关说，它保存的具体内容已经丢失')
          .and.include('确实在册');
        // Nobody could reply to an objection.
        expect(await lost.locator('[data-action=object]').count()).to.equal(0);
      },
    ));

  test('answers for an old checkpoint is complete up to there, and that there is a newer one is said', () =>
    lied(
      () => desk.world.story.answer(POLICE, PERSON, { issuedBefore: Date.now() - DAY }),
      async (page) => {
        expect(await standingOf(page, origin(POLICE))).to.equal('complete');
        expect(await page.locator(`[data-log="${origin(POLICE)}"] [data-newer]`).innerText()).to.include('更新的检查点');
      },
    ));

  for (const [what, mode, code, words] of [
    ['is down', 'cut', 'NODE_UNREACHABLE', '数据机关目前没有答复'],
    ['does not answer in time', 'silent', 'NODE_UNREACHABLE', '数据机关目前没有答复'],
    ['was asked too often', 'tired', 'TOO_OFTEN', '问得太频繁'],
  ] as const) {
    test(`${what} could not be asked: said so, and the others are not held up`, () =>
      desk.visit(async (page) => {
        desk.world.police.mode = mode;
        await again(page);
        expect(await standingOf(page, origin(POLICE))).to.equal(`unknown ${code}`);
        expect(await says(page))
          .to.include(words)
          .and.include('也不说明没有查询')
          .and.include('请稍后点上方的“重新核验”再问一次');
        expect(await standingOf(page, origin(INSURANCE))).to.equal('complete');
        expect(await page.locator('.overview').innerText()).to.include('1 个目前无法确认是否完整');
      }));
  }

  test('recorded an access under another number is not caught by its own log alone: the sentence says so', async () => {
    const story = sampleStory();
    story.read(POLICE, PERSON, { underNumber: OTHER });
    story.anchorAll();
    desk.world.story = story;
    await desk.visit(async (page) => {
      desk.world.service.mode = 'cut';
      await again(page);
      expect(await standingOf(page, origin(POLICE))).to.equal('complete');
      expect(await says(page))
        .to.include('登记在其他号码名下的查询')
        .and.include('恰有 10 条记录')
        .and.include('10 条中已比对 0 条');
      expect(await page.locator('[data-copy]').count()).to.equal(0);
    });
    // The other person sees it, and that it is not about her.
    await desk.visit(
      async (page) => {
        expect(await statesOf(page)).to.include('access contradicted');
        await page.locator('[data-state=contradicted] .how summary').click();
        expect(await page.locator('[data-state=contradicted] [data-check=subject]').getAttribute('data-code')).to.equal(
          'OTHER_SUBJECT',
        );
      },
      { account: 'p2' },
    );
  });
});
