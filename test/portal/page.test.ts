import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { HOUSING, INSURANCE, PERSON, POLICE } from './access-log.ts';
import { Desk, signIn, standingOf, statesOf } from './visitor.ts';

const desk = new Desk();
const origin = (code: string): string => `sample/${code}/access`;

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).innerText()).replaceAll(/\s+/g, ' ');
}

describe('the citizen’s page', () => {
  test('says before the sign-in what it will do, and asks nobody', () =>
    desk.visit(
      async (page) => {
        expect(await textOf(page, 'h1')).to.equal('谁查询了我的数据');
        expect(await page.locator('a[href="/portal/sign-in"]').innerText()).to.equal('登录查看');
        expect(await page.locator('[data-row], [data-log]').count()).to.equal(0);
      },
      { account: null },
    ));

  test('says that nobody was signed in when a sign-in fails', () =>
    desk.visit(
      async (page) => {
        await page.locator('[data-trouble=failed]').waitFor();
        expect(await page.locator('[data-trouble]').innerText()).to.include('没有人被登录');
      },
      { account: null, query: '?sign-in=failed' },
    ));

  test('gathers all custodians, newest first, each entry with what it is worth', () =>
    desk.visit(async (page) => {
      expect(await statesOf(page)).to.deep.equal([
        'access proven',
        'access proven',
        'access proven',
        'erasure proven',
        'access erased',
        'access proven',
        'access proven',
      ]);
      const times = await page.locator('[data-row] time').evaluateAll((all) => all.map((one) => one.getAttribute('datetime')!));
      expect(times).to.deep.equal(times.toSorted().toReversed());
      const entry = await page.locator('[data-row]').last().innerText();
      for (const part of [
        '样例市政务服务局',
        '综合窗口受理岗',
        '一体化政务服务平台',
        '办理您申请的事项',
        '户籍地址',
        '姓名',
        '已提供',
        '样例市公安局',
        '不动产登记暂行条例',
      ])
        expect(entry).to.include(part);
    }));

  test('says the one sentence that is true, word for word, with the real numbers', () =>
    desk.visit(async (page) => {
      const held = desk.world.story.log(POLICE).held.at(-1)!;
      const said = await textOf(page, `[data-custodian="${POLICE}"]`);
      expect(said).to.match(
        new RegExp(
          `截至检查点 ${origin(POLICE)} · ${held.checkpoint.size}（锚定于 .*），登记簿为样例市公安局列出的查询日志中，您的号码名下恰有 10 条记录；自首次锚定以来，没有一条被删除或者改动。`,
        ),
      );
      expect(said).to.include('未涵盖：样例市公安局没有登记的查询，以及登记在其他号码名下的查询');
      // Six readings, and the accessor’s copy of each; of objections and erasures nobody has copies.
      expect(said).to.include('10 条中已比对 6 条');
      expect(said).to.include('封存期内的查询（全部数据机关、全部人员合计：未解封 3 件，其中逾期 1 件）');
    }));

  test('shows that nobody looked as a proof, and a custodian that is not connected as neither', () =>
    desk.visit(async (page) => {
      const none = await textOf(page, `[data-custodian="${INSURANCE}"]`);
      expect(none).to.include('恰有 0 条记录').and.include('这是一项证明，不是空白');
      expect(await standingOf(page, origin(INSURANCE))).to.equal('complete');
      expect(await standingOf(page, origin(HOUSING))).to.equal('apart NOT_CONNECTED');
      const apart = await textOf(page, `[data-custodian="${HOUSING}"]`);
      expect(apart).to.include('尚未接入').and.include('这不说明它没有被查询过');
      expect(await textOf(page, '.overview')).to.include('3 个数据机关中，2 个已证明完整；1 个尚未接入');
    }));

  test('tells break-glass, a refusal and an erasure apart, and says why', () =>
    desk.visit(async (page) => {
      const [verify, glass, refused, erasure, erased] = await page.locator('[data-row]').allInnerTexts();
      expect(verify).to.include('核验（只答是否）');
      expect(glass).to.include('紧急查询').and.include('急诊抢救').and.include('敏感');
      expect(refused).to.include('已拒绝').and.include('未提供任何信息').and.include('登记簿中没有查询机关为此目的查询的职责');
      expect(erasure).to.include('删除了一条记录的内容').and.include('个人信息保护法 第四十七条');
      expect(erased).to.include('内容已经删除');
    }));

  test('shows objections with their answers, and which are overdue', () =>
    desk.visit(async (page) => {
      const standings = await page
        .locator('[data-objection]')
        .evaluateAll((all) => all.map((one) => one.getAttribute('data-objection')));
      expect(standings).to.deep.equal(['overdue', 'answered']);
      const [overdue, answered] = await page.locator('[data-objection]').allInnerTexts();
      expect(overdue).to.include('已逾期，未见答复');
      expect(answered).to.include('予以更正').and.include('同名申请人误录');
    }));

  test('lets each check of an entry be looked at, with times that anchors prove', () =>
    desk.visit(async (page) => {
      await page.locator('.how summary').first().click();
      const how = page.locator('.how').first();
      await how.locator('[data-check]').first().waitFor();
      const outcomes = await how.locator('[data-check]').evaluateAll((all) => all.map((one) => one.getAttribute('data-outcome')));
      expect(outcomes.filter((one) => one === 'pass')).to.have.length(11);
      expect(await how.innerText()).to.match(/经证明的时间\s+\d{4}年.*至 .*之间/);
      expect(await how.innerText()).to.include(origin(POLICE));
    }));

  test('filters by time, who read, result and break-glass, and counts what is shown', () =>
    desk.visit(async (page) => {
      const shown = (): Promise<number> => page.locator('[data-row]').count();
      await page.locator('.filters summary').click();
      await page.check('input[name=break-glass]');
      expect(await shown()).to.equal(1);
      await page.click('[data-action=clear-filter]');
      expect(await shown()).to.equal(7);
      await page.selectOption('select[name=result]', 'refused');
      expect(await shown()).to.equal(1);
      expect(await textOf(page, '.card-head .small')).to.equal('显示 1 条，共 7 条');
      await page.click('[data-action=clear-filter]');
      await page.fill('input[name=from]', new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10));
      expect(await shown()).to.equal(3);
    }));

  test('draws the months, and says the same in a table', () =>
    desk.visit(async (page) => {
      const bars = (await page.locator('.bar-value').allTextContents()).map(Number);
      await page.locator('summary', { hasText: '以表格查看' }).click();
      const cells = (await page.locator('table td').allTextContents()).map(Number);
      const sums = cells.flatMap((one, i) => (i % 2 === 0 ? one + cells[i + 1]! : []));
      expect(sums.filter((one) => one > 0)).to.deep.equal(bars);
      expect(sums.reduce((a, b) => a + b, 0)).to.equal(6);
    }));

  test('exports JSON and CSV, made in the browser, without handles', () =>
    desk.visit(async (page) => {
      const saved = async (action: string): Promise<string> => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.click(`[data-action=${action}]`)]);
        return readFile(await download.path(), 'utf8');
      };
      const before = desk.world.logged;
      const json = JSON.parse(await saved('save-json')) as { sources: { complete: boolean }[]; entries: { state: string }[] };
      expect(json.sources.map(({ complete }) => complete)).to.deep.equal([true, true, false]);
      expect(json.entries).to.have.length(7);
      expect(JSON.stringify(json)).not.to.include(PERSON.id).and.not.include('proof');
      const csv = await saved('save-csv');
      expect(csv.trim().split('\r\n')).to.have.length(8);
      expect(csv.charCodeAt(0)).to.equal(0xfeff);
      expect(desk.world.logged).to.equal(before);
    }));

  test('takes an objection, and shows it once it is in the log', () =>
    desk.visit(async (page) => {
      await page.locator('[data-row]').first().locator('[data-action=object]').click();
      await page.click('[data-action=send-objection]');
      expect(await page.locator('.objection-form .trouble').innerText()).to.include('请填写内容');
      await page.fill('.objection-form textarea', '我没有申领社会保障卡。\n请说明。');
      await page.click('[data-action=send-objection]');
      const made = page.locator('[data-row]').first().locator('[data-objection=waiting]');
      await made.waitFor();
      expect(await made.innerText())
        .to.include('我没有申领社会保障卡。 请说明。')
        .and.include('前答复');
    }));

  test('speaks English by switch, throughout, and remembers it over the sign-in', () =>
    desk.visit(
      async (page) => {
        await signIn(page, 'p1');
        expect(await page.evaluate(() => document.documentElement.lang)).to.equal('en');
        const said = await textOf(page, `[data-custodian="${INSURANCE}"]`);
        expect(said).to.match(
          /Up to checkpoint .*, anchored at .*, the access logs that the registry lists for .* hold exactly 0 entries under your number; none has been removed or changed since it was first anchored\./,
        );
        const words = await page.locator('.overview, .filters, footer').allInnerTexts();
        expect(words.join(' ')).not.to.match(/[\u4e00-\u9fff]/);
      },
      { account: null, query: '?lang=en' },
    ));

  test('signs out, and shows nothing any more', () =>
    desk.visit(async (page) => {
      await page.click('[data-action=sign-out]');
      await page.waitForURL((url) => url.pathname.endsWith('/session/end'));
      expect(page.url()).not.to.contain('id_token_hint');
      await page.goto(desk.world.url);
      await page.locator('a[href="/portal/sign-in"]').waitFor();
      expect(await page.locator('[data-row]').count()).to.equal(0);
    }));
});
