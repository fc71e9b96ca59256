/** Whose data was read: the running sample as a person sees it, who signs in and has her own browser check every custodian. */
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { concatBytes, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { TEST_PERSONS } from '../../samples/persons.ts';
import { Citizen, type Seen } from '../system/citizen.ts';
import { type County, LeakSearch, type Place } from '../system/leaks.ts';
import { openBrowser } from '../system/page.ts';
import { chainOf, filesOf, indexesOf, metricsOf, tilesOf } from '../system/places.ts';
import { System, until } from '../system/system.ts';

const [FIRST, SECOND, THIRD, ENTERPRISE] = TEST_PERSONS as [
  (typeof TEST_PERSONS)[number],
  (typeof TEST_PERSONS)[number],
  (typeof TEST_PERSONS)[number],
  (typeof TEST_PERSONS)[number],
];

let system: System;
let browser: Browser;

before(async () => {
  system = await System.start(await System.newData());
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await system?.remove();
});

/** What the page shows a person who signs in, once every custodian has answered or has had its time. */
async function visit(account: string): Promise<Seen> {
  const citizen = await Citizen.signIn(browser, system.ready.portal, account);
  try {
    return await citizen.seen();
  } finally {
    await citizen.close();
  }
}

const codeOf = (id: string): string => sample.authorities.find((one) => one.id === id)!.code;
const CIVIL = 'sample/11999900MB00000063/access';
const HOUSING = 'sample/11999900MB00000076/access';
const HEALTH = 'sample/11999900MB0000009C/access';
/** The sample's persons are all from these two, which are assigned to no region: who may sign in, and the five hundred of the bulk read. */
const COUNTIES: readonly County[] = [
  { code: '999900', births: ['1985', '1990', '1992'], most: 99 },
  {
    code: '999999',
    births: Array.from({ length: 12 }, (_, month) => `1990${String(month + 1).padStart(2, '0')}01`),
    most: 900,
  },
];
const WITH_METRICS = [
  'verifier',
  'witness',
  'portal',
  'node-civil',
  'node-housing',
  'gateway-civil',
  'agent-service',
  'agent-police',
];
const accessLogIds = (): Hash[] =>
  system.ready.nodes.filter(({ origin }) => origin.endsWith('/access')).map(({ logId }) => hashFromHex(logId));
const POLICE = codeOf('police');
const GRANTED = { state: 'proven', result: 'granted' };

/** Until what was promised this morning is anchored and witnessed. */
function visitUntil(account: string, isSo: (seen: Seen) => boolean): Promise<Seen> {
  return until(120, () => visit(account), isSo);
}
const areComplete = ({ logs }: Seen): boolean => logs[CIVIL] === 'complete' && logs[HOUSING] === 'complete';
/** By how far each is shown, and what came of it. */
const briefly = ({ rows }: Seen): { state: string; result: string }[] => rows.map(({ state, result }) => ({ state, result }));
const ONE_UNDER_SEAL = '未解封 1 件';

describe('a person asks who read her data', () => {
  test('and sees each access of the morning, proven, and which custodian is not connected', async () => {
    const seen = await visitUntil(
      FIRST.account,
      (one) => areComplete(one) && one.rows.every(({ state }) => state === 'proven') && one.text.includes(ONE_UNDER_SEAL),
    );
    expect(briefly(seen)).to.deep.equal([GRANTED, GRANTED, GRANTED]);
    expect(Object.keys(seen.logs).sort()).to.deep.equal([CIVIL, HOUSING, HEALTH].sort());
    expect(seen.logs[HEALTH]).not.to.equal('complete');
    for (const words of [
      '尚未接入',
      '紧急查询',
      '样例市政务服务中心',
      'S-0017',
      '恰有 2 条记录',
      '没有一条被删除或者改动',
      ONE_UNDER_SEAL,
    ]) {
      expect(seen.text).to.contain(words);
    }
  });

  test('has each access compared with the receipts of those who read, but for what is under seal', async () => {
    const isCompared = ({ text }: Seen): boolean => text.includes('2 条中已比对 2 条');
    const seen = await visitUntil(FIRST.account, (one) => areComplete(one) && isCompared(one));
    expect(seen.text).to.contain('1 条中已比对 1 条').and.contain('出示回执 3 份，其中 3 份与您的记录一致');
    // The police keep the receipt of the sealed access, and do not show it.
    const sealed = await visitUntil(SECOND.account, (one) => areComplete(one) && isCompared(one));
    const unseen = await visitUntil(ENTERPRISE.account, areComplete);
    expect(sealed.accessors[POLICE]).to.contain('出示回执 0 份').and.to.equal(unseen.accessors[POLICE]);
    expect(sealed.text).not.to.contain('没有如实登记');
  });

  test('is told of each first access and each broken glass, and of nothing under seal', async () => {
    // Four persons at a first place each, five hundred in the bulk read, and the glass once.
    const waiting = async (): Promise<string | undefined> =>
      /^waiting_notices\S* (\d+)$/m.exec(await (await fetch(`${system.ready.portal}/metrics`)).text())?.[1];
    expect(await until(60, waiting, (count) => Number(count) >= 505)).to.equal('505');
  });

  test('sees a refused access too, and not the one that is under seal', async () => {
    const seen = await visitUntil(SECOND.account, areComplete);
    expect(seen.rows.map(({ result }) => result).sort()).to.deep.equal(['granted', 'refused']);
    expect(seen.entries).not.to.contain('样例市公安局');
    expect(seen.text).to.contain(ONE_UNDER_SEAL);
  });

  test('sees her own access and nothing of the five hundred others in a bulk read', async () => {
    const seen = await visitUntil(THIRD.account, areComplete);
    expect(briefly(seen)).to.deep.equal([GRANTED]);
    expect(seen.text).to.contain('恰有 1 条记录');
  });

  test('is shown by proofs that nobody looked, where nobody did', async () => {
    const seen = await visitUntil(ENTERPRISE.account, areComplete);
    expect(seen.rows).to.deep.equal([]);
    expect(seen.text).to.contain('恰有 0 条记录');
  });
});

describe('nothing of a person stands where it should not', () => {
  const search = (): LeakSearch => (made ??= new LeakSearch(COUNTIES, accessLogIds()));
  let made: LeakSearch | undefined;

  test('in files, program logs, metrics, chain, tiles or addresses, though somebody tries out a whole county', async () => {
    const seen = await visitUntil(FIRST.account, areComplete);
    const addresses = seen.sent.split('\n').filter((line) => /^https?:/.test(line));
    const [files, metrics] = [await filesOf(system.data), await metricsOf(system)];
    expect(files.length).to.be.greaterThan(100);
    expect(metrics.map(({ path }) => path.slice('metrics of '.length))).to.include.members(WITH_METRICS);
    const places = [
      ...files,
      ...metrics,
      ...(await chainOf(system)),
      ...(await tilesOf(system)),
      { path: 'program logs', bytes: encodeUtf8(system.logged) },
      { path: 'addresses', bytes: encodeUtf8(addresses.join('\n')) },
    ];
    expect(search().numbers).to.be.greaterThan(100_000);
    expect(search().hits(places)).to.deep.equal([]);
    // The same bytes with one digest among them: what was not found would have been.
    const [tiles] = places.filter(({ path }) => path.startsWith('tiles of ') && path.endsWith('/access')) as [Place];
    for (const { id } of TEST_PERSONS.filter((one) => one.class === 1)) {
      const leaking = concatBytes(tiles.bytes, sm3(encodeUtf8(id)), tiles.bytes);
      expect(search().hits([{ path: 'copy', bytes: leaking }])).to.have.length(1);
    }
  });

  test('in the indexes of the programs, read as they read them', async () => {
    expect(await system.stop()).to.equal(0);
    const indexes = await indexesOf(system.data);
    expect(indexes.map(({ path }) => path).filter((path) => path.includes('verifier'))).to.not.deep.equal([]);
    expect(search().hits(indexes)).to.deep.equal([]);
  });
});

describe('after a restart', () => {
  test('everything is there as it was, and the morning is not spent again', async () => {
    system = await System.start(system.data);
    const seen = await visitUntil(FIRST.account, areComplete);
    expect(briefly(seen)).to.deep.equal([GRANTED, GRANTED, GRANTED]);
  });
});
