/** What a person reads when a custodian is down, erases, or changes the key of its handles; and what others are told then. */
import { after, before, describe, test } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { TEST_PERSONS } from '../../samples/persons.ts';
import { Citizen, type Seen, type SeenRow } from '../system/citizen.ts';
import { Custodian, filesHolding } from '../system/custodian.ts';
import { openBrowser } from '../system/page.ts';
import { System, veritrail } from '../system/system.ts';

const PERSON = TEST_PERSONS[0]!;
const ENTERPRISE = TEST_PERSONS.find(({ account }) => account === 'p4')!;
const LAW = '个人信息保护法 第四十七条；某区人民法院判决';

let system: System;
let browser: Browser;
let citizen: Citizen;
let [civil, housing]: Custodian[] = [];

before(async () => {
  system = await System.start(await System.newData());
  [civil, housing] = [new Custodian(system, 'civil'), new Custodian(system, 'housing')];
  browser = await openBrowser();
  citizen = await Citizen.signIn(browser, system.ready.portal, PERSON.account);
  await citizen.until((seen) => isSettled(seen) && seen.rows.length === 3);
});
after(async () => {
  await browser?.close();
  await system?.remove();
});

const areComplete = ({ logs }: Seen): boolean => [civil, housing].every((one) => logs[one!.origin] === 'complete');
/** And nothing of it is only promised. */
const isSettled = (seen: Seen): boolean => areComplete(seen) && seen.rows.every(({ state }) => state !== 'provisional');
const rowsAt = ({ rows }: Seen, { name }: Custodian): SeenRow[] => rows.filter(({ text }) => text.includes(name));
const sentenceOf = ({ sentences }: Seen, { code }: Custodian): string => sentences[code] ?? '';

describe('while a custodian is down', () => {
  test('a person reads that it does not answer, which says nothing, and how to ask again; the others stay complete', async () => {
    const seen = await housing!.whileStopped(() => citizen.again());
    expect([seen.logs[civil!.origin], seen.logs[housing!.origin]]).to.deep.equal(['complete', 'unknown']);
    expect(sentenceOf(seen, civil!)).to.contain('恰有 2 条记录');
    const said = sentenceOf(seen, housing!);
    for (const words of ['数据机关目前没有答复', '既不说明有查询，也不说明没有查询', '重新核验', '不必重新登录']) {
      expect(said).to.contain(words);
    }
    expect(seen.text).not.to.contain('恰有 0 条记录');
    expect(seen.rows).to.have.length(2);
  });

  test('is asked again, once it is back, by the page’s button alone', async () => {
    const seen = await citizen.until(areComplete);
    expect(sentenceOf(seen, housing!)).to.contain('恰有 1 条记录');
    expect(seen.rows).to.have.length(3);
  });

  test('and one that died is started again, and answers for the same', async () => {
    process.kill(await system.pidOf('node-housing'), 'SIGKILL');
    const seen = await citizen.until(areComplete);
    expect(sentenceOf(seen, housing!)).to.contain('恰有 1 条记录');
  });
});

describe('erasing', () => {
  let leaf: string;
  /** The file of keys before. */
  let secrets: Buffer;
  const erase = (...terms: readonly string[]) => civil!.officer('erase', leaf, '--legal-basis', LAW, ...terms);

  before(async () => {
    leaf = rowsAt(await citizen.seen(), civil!).at(-1)!.name;
    secrets = await readFile(civil!.secrets);
  });

  test('is refused while the law has it kept, with until when, and what would shorten that', async () => {
    const { code, stderr } = await erase();
    expect(code).to.equal(1);
    expect(stderr).to.contain('法定保存期限未满，不得删除').and.contain('FORBIDDEN KEPT_BY_LAW');
    expect(stderr).to.match(/须保存至 \d{4}年.*只有法院或者监管部门的命令/);
  });

  test('is refused under legal hold, whatever is ordered', async () => {
    await writeFile(join(system.data, 'why'), '某案证据\n');
    expect((await civil!.officer('hold', leaf, '--reason-file', join(system.data, 'why'))).code).to.equal(0);
    const { code, stderr } = await erase('--ordered-by', 'court');
    expect([code, stderr.includes('已被依法保全')]).to.deep.equal([1, true]);
    expect((await civil!.officer('hold', leaf, '--lift')).code).to.equal(0);
    expect(rowsAt(await citizen.again(), civil!).at(-1)!.state).to.equal('proven');
  });

  test('on a court’s order leaves the entry proven, and says that it was erased, under which law, and when', async () => {
    const { code, stdout } = await erase('--ordered-by', 'court');
    expect([code, stdout.trim()]).to.deep.equal([0, '已删除 1 条记录的内容，并已登记']);
    const seen = await citizen.until((one) => isSettled(one) && rowsAt(one, civil!).length === 3);
    const erased = seen.rows.find(({ name }) => name === leaf)!;
    expect([erased.kind, erased.state]).to.deep.equal(['access', 'erased']);
    expect(erased.text).to.contain('内容已删除').and.contain('确实在册，没有少').and.contain(LAW);
    expect(erased.text).to.match(/于 \d{4}年.* 删除 1 条记录的内容/);
    expect(erased.text).not.to.match(/S-00\d\d|提出异议/);
    const erasure = rowsAt(seen, civil!).find(({ kind }) => kind === 'erasure')!;
    expect([erasure.state, erasure.text.includes(LAW)]).to.deep.equal(['proven', true]);
    expect(sentenceOf(seen, civil!)).to.contain('恰有 3 条记录').and.contain('没有一条被删除或者改动');
  });

  test('destroys the key: its bytes are in no file any more', async () => {
    const erased = await civil!.erasedSince(secrets);
    expect(erased).to.have.length(1);
    const [destroyed] = erased;
    expect(secrets.includes(destroyed!.key)).to.equal(true);
    expect(await filesHolding(system.data, destroyed!.key)).to.deep.equal([]);
    expect(await filesHolding(system.data, destroyed!.nonce)).to.deep.equal([]);
  });

  test('is what an auditor is told too, of a history that is still complete', async () => {
    const at = (name: string): string => join(system.data, name);
    await writeFile(at('number'), `${PERSON.id}\n`);
    const common = ['--case', at('case'), '--case-passphrase-file', at('keys/passphrase'), '--desk', system.ready.desk];
    const trace = (...args: readonly string[]) => veritrail(['trace', ...args, ...common, '--data', at('reader')]);
    const officers = [1, 2].flatMap((i) => ['--officer', `A-0${i}:审计员=${at(`keys/officer-${i}.key.json`)}`]);
    const why = ['--reason', '核查删除', '--legal-basis', '样例条例 第三十六条', '--number', '审 1'];
    expect((await trace('open', '--authority', sample.witness, ...why, ...officers)).stderr).to.equal('');
    const by = ['--officer', 'A-01', '--officer-key', at('keys/officer-1.key.json')];
    const asked = ['person', '--number-file', at('number'), ...by, '--officer-passphrase-file', at('keys/passphrase')];
    const { stdout } = await trace(...asked);
    expect(stdout).to.match(new RegExp(`${civil!.origin}: [3-9] 条记录，记录完整`));
    const line = stdout.split('\n').find((one) => one.includes(leaf.slice(0, 16)))!;
    expect(line).to.contain('内容已删除').and.contain(`法律依据：${LAW}`);
    const { entries } = JSON.parse((await trace(...asked, '--json')).stdout) as { entries: Record<string, unknown>[] };
    const erased = entries.find(({ leafHash }) => leafHash === leaf)!;
    expect([erased['content'], (erased['erasure'] as { legalBasis: string }).legalBasis]).to.deep.equal(['erased', LAW]);
  });
});

describe('another key for the handles of an access log', () => {
  let earlier: Seen;

  test('leaves a history complete that spans both, and says so', async () => {
    // The auditor's look-ups above stand in it.
    earlier = await citizen.until(isSettled);
    await civil!.rotate();
    await civil!.isAskedFor(PERSON.id, 'S-0044');
    const seen = await citizen.until((one) => isSettled(one) && one.rows.some(isNew));
    expect(seen.rows.map(({ name }) => name)).to.include.members(earlier.rows.map(({ name }) => name));
    expect(sentenceOf(seen, civil!)).to.contain(`恰有 ${rowsAt(seen, civil!).length} 条记录`);
    expect(seen.text).to.contain('号码密钥：先后用过 2 把，每一把名下的记录都已查全');
  });

  const isNew = ({ text, state }: SeenRow): boolean => state === 'proven' && text.includes('S-0044');

  test('proves absence under both to whom nobody asked about', async () => {
    const nobody = await Citizen.signIn(browser, system.ready.portal, ENTERPRISE.account);
    const seen = await nobody.until(areComplete);
    await nobody.close();
    expect([seen.logs[civil!.origin], seen.rows]).to.deep.equal(['complete', []]);
    expect(sentenceOf(seen, civil!)).to.contain('恰有 0 条记录').and.contain('这是一项证明，不是空白');
  });

  test('is there after a restart, with both', async () => {
    const { data } = system;
    expect(await system.stop()).to.equal(0);
    system = await System.start(data);
    const again = await Citizen.signIn(browser, system.ready.portal, PERSON.account);
    const seen = await again.until((one) => areComplete(one) && one.rows.some(isNew));
    expect(seen.text).to.contain('先后用过 2 把，每一把名下的记录都已查全');
  });
});
