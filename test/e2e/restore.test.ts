/**
 * A custodian's bodies, or the file of their keys, or both, are put back from an older copy, as docs/operations.md says: what a person then
 * reads of what was recorded since, and of what was erased since.
 */
import { after, before, describe, test } from 'node:test';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { TEST_PERSONS } from '../../samples/persons.ts';
import { Citizen, type Seen } from '../system/citizen.ts';
import { Custodian, filesHolding } from '../system/custodian.ts';
import { openBrowser } from '../system/page.ts';
import { System } from '../system/system.ts';

const PERSON = TEST_PERSONS[0]!;
const LAW = '个人信息保护法 第四十七条；某区人民法院判决';

let system: System;
let browser: Browser;
let citizen: Citizen;
let [civil, housing]: Custodian[] = [];

async function start(data: string): Promise<void> {
  system = await System.start(data);
  [civil, housing] = [new Custodian(system, 'civil'), new Custodian(system, 'housing')];
  citizen = await Citizen.signIn(browser, system.ready.portal, PERSON.account);
}

before(async () => {
  browser = await openBrowser();
  await start(await System.newData());
});
after(async () => {
  await browser?.close();
  await system?.remove();
});

const areComplete = ({ logs }: Seen): boolean => [civil, housing].every((one) => logs[one!.origin] === 'complete');

/** Of one custodian's log, kind and state of each entry, sorted: several may be of one quantum. */
function statesAt({ rows }: Seen, { name }: Custodian): string[] {
  const own = rows.filter(({ text }) => text.includes(name)).map(({ kind, state }) => `${kind} ${state}`);
  return own.toSorted();
}

const statesUntil = async (custodian: () => Custodian, states: readonly string[]): Promise<Seen> =>
  citizen.until((seen) => areComplete(seen) && statesAt(seen, custodian()).join() === states.toSorted().join());

const copyOf = (what: string): string => join(system.data, 'backup', what);

/** Bodies and keys of a node that stands still, as a snapshot of its disk would have them. */
async function backUp(custodian: Custodian): Promise<void> {
  await custodian.whileStopped(async () => {
    await mkdir(copyOf(custodian.role), { recursive: true });
    await cp(custodian.bodies, copyOf(`${custodian.role}/bodies`), { recursive: true });
    await cp(custodian.secrets, copyOf(`${custodian.role}/keys`));
  });
}

async function restoreBodies(custodian: Custodian): Promise<void> {
  await rm(custodian.bodies, { recursive: true });
  await cp(copyOf(`${custodian.role}/bodies`), custodian.bodies, { recursive: true });
}

async function restoreKeys(custodian: Custodian): Promise<void> {
  await cp(copyOf(`${custodian.role}/keys`), custodian.secrets);
}

async function restartAfter(change: () => Promise<void>): Promise<void> {
  await citizen.close();
  expect(await system.stop()).to.equal(0);
  await change();
  await start(system.data);
}

const isProven = ({ state }: { readonly state: string }): boolean => state === 'proven';

describe('an older copy', () => {
  /** What was erased after the copy was taken, as the copy has it. */
  let copied: Buffer;

  before(async () => {
    await citizen.until((seen) => areComplete(seen) && seen.rows.length === 3 && seen.rows.every(isProven));
    await backUp(civil!);
    await backUp(housing!);
    copied = await readFile(copyOf('civil/keys'));
    const [first] = (await citizen.seen()).rows.filter(({ text }) => text.includes(civil!.name)).toReversed();
    const erased = await civil!.officer('erase', first!.name, '--legal-basis', LAW, '--ordered-by', 'court');
    expect(erased.code).to.equal(0);
    for (const custodian of [civil!, housing!]) await custodian.isAskedFor(PERSON.id, 'S-0044');
    await statesUntil(() => civil!, ['access erased', 'access proven', 'erasure proven', 'access proven']);
    await statesUntil(() => housing!, ['access proven', 'access proven']);
  });

  test('of bodies and keys: what was recorded since is on record and its content lost; nothing is called missing or wrong', async () => {
    await restartAfter(async () => {
      await restoreBodies(civil!);
      await restoreKeys(civil!);
      await restoreKeys(housing!);
    });
    const seen = await statesUntil(() => civil!, ['access erased', 'access proven', 'erasure lost', 'access lost']);
    expect(seen.sentences[civil!.code]).to.contain('恰有 4 条记录').and.contain('没有一条被删除或者改动');
    const lost = seen.rows.find(({ kind, state, text }) => kind === 'access' && state === 'lost' && text.includes(civil!.name))!;
    for (const words of ['一次查询', '内容已丢失', '确实在册，没有少', '请直接向该数据机关询问'])
      expect(lost.text).to.contain(words);
    expect(lost.text).not.to.contain('提出异议');
    for (const words of ['内容与登记不符', '恰有 0 条记录', '没有说明理由']) expect(seen.text).not.to.contain(words);
  });

  test('of the keys alone is no different', async () => {
    const seen = await statesUntil(() => housing!, ['access proven', 'access lost']);
    expect(seen.sentences[housing!.code]).to.contain('恰有 2 条记录');
  });

  test('brings nothing back to life that was erased since', async () => {
    const erased = await civil!.erasedSince(copied);
    expect(erased).to.have.length(1);
    const holding = await filesHolding(system.data, erased[0]!.key);
    // The copy itself has it: erasing must reach copies too.
    expect(holding).to.deep.equal([copyOf('civil/keys')]);
    for (const line of [/"count":2,.*keys are lost/, /"count":1,.*keys were erased again/]) expect(system.logged).to.match(line);
  });

  test('keeps nothing from being recorded and shown after it', async () => {
    for (const custodian of [civil!, housing!]) await custodian.isAskedFor(PERSON.id, 'S-0055');
    await statesUntil(() => civil!, ['access erased', 'access proven', 'erasure lost', 'access lost', 'access proven']);
    const seen = await statesUntil(() => housing!, ['access proven', 'access lost', 'access proven']);
    expect(seen.rows.filter(({ text }) => text.includes('S-0055'))).to.have.length(2);
  });

  test('of the bodies alone: their keys open nothing, and the entries stand', async () => {
    await restartAfter(() => restoreBodies(housing!));
    await housing!.isAskedFor(PERSON.id, 'S-0066');
    const seen = await statesUntil(() => housing!, ['access proven', 'access lost', 'access lost', 'access proven']);
    expect(seen.sentences[housing!.code]).to.contain('恰有 4 条记录');
    expect(statesAt(seen, civil!)).to.include('access proven');
  });
});
