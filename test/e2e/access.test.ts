/** Whose data was read: the running sample as a person sees it, who signs in and has her own browser check every custodian. */
import { after, before, describe, test } from 'node:test';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { TEST_PERSONS } from '../../samples/persons.ts';
import { Citizen, type Seen } from './citizen.ts';
import { openBrowser } from './page.ts';
import { System, until } from './system.ts';

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

const CIVIL = 'sample/11999900MB00000063/access';
const HOUSING = 'sample/11999900MB00000076/access';
const HEALTH = 'sample/11999900MB0000009C/access';
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

  test('sees a refused access too, and not the one that is under seal', async () => {
    const seen = await visitUntil(SECOND.account, areComplete);
    expect(seen.rows.map(({ result }) => result).sort()).to.deep.equal(['granted', 'refused']);
    expect(seen.text).not.to.contain('样例市公安局');
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
  /** Every file of the data directory with its bytes. */
  async function filesOf(directory: string): Promise<{ path: string; bytes: Buffer }[]> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path) })));
  }

  /** The number, and the plain digests by which somebody might have hidden it badly. */
  function tracesOf(id: string): { what: string; bytes: Buffer }[] {
    const text = encodeUtf8(id);
    const digests = [sm3(text), createHash('sha256').update(text).digest(), createHash('md5').update(text).digest()];
    return [
      { what: 'number', bytes: Buffer.from(text) },
      ...digests.flatMap((digest) => [
        { what: 'digest', bytes: Buffer.from(digest) },
        { what: 'digest in hex', bytes: Buffer.from(Buffer.from(digest).toString('hex')) },
      ]),
    ];
  }

  test('in files, program logs, metrics, chain or addresses', async () => {
    const seen = await visitUntil(FIRST.account, areComplete);
    const addresses = seen.sent.split('\n').filter((line) => /^https?:/.test(line));
    const metrics = await Promise.all(
      [system.ready.verifier, ...system.ready.nodes.map(({ url }) => url)].map(async (url) =>
        (await fetch(`${url}/metrics`)).text(),
      ),
    );
    const files = await filesOf(system.data);
    expect(files.length).to.be.greaterThan(100);
    const places = [
      ...files,
      { path: 'program logs', bytes: Buffer.from(system.logged) },
      { path: 'metrics', bytes: Buffer.from(metrics.join('\n')) },
      { path: 'addresses', bytes: Buffer.from(addresses.join('\n')) },
    ];
    const hits = TEST_PERSONS.filter(({ class: numberClass }) => numberClass === 1).flatMap(({ id }) =>
      tracesOf(id).flatMap(({ what, bytes }) =>
        places.filter((place) => place.bytes.includes(bytes)).map(({ path }) => `${what} in ${path}`),
      ),
    );
    expect(hits).to.deep.equal([]);
  });
});

describe('after a restart', () => {
  test('everything is there as it was, and the morning is not spent again', async () => {
    const { data } = system;
    expect(await system.stop()).to.equal(0);
    system = await System.start(data);
    const seen = await visitUntil(FIRST.account, areComplete);
    expect(briefly(seen)).to.deep.equal([GRANTED, GRANTED, GRANTED]);
  });
});
