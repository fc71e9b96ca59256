import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import type { z } from 'zod';
import { encodeEntry, type Entry, KINDS } from '../../core/log/entry.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { sealSlotAfter } from '../../core/access/seal.ts';
import { SEALS, STATUS } from '../../verifier/api/shape.ts';
import { hasTrouble, type Served, standsOn, until } from '../verifier/world.ts';
import { CustodyWorld, DAY, entryAt, QuantumLog } from './quantum-log.ts';

let custody: CustodyWorld;
let seals: QuantumLog;
beforeEach(async () => {
  custody = await CustodyWorld.create();
  seals = custody.seals;
});
afterEach(() => custody.end());

/** Grows the seals log by what is made for the day that is over, and anchors it. */
function anchorDay(...make: ((recordedAt: number) => Entry)[]): Entry[] {
  const recordedAt = custody.nextQuantum(DAY) - DAY;
  const entries = make.map((one) => one(recordedAt));
  seals.grow(...entries);
  custody.world.anchor(seals);
  return entries;
}

const seal =
  (name: string) =>
  (recordedAt: number): Entry =>
    entryAt(recordedAt, name, { kind: KINDS.seal });

const after =
  (before: Entry, kind: 'seal-release' | 'seal-renewal') =>
  (recordedAt: number): Entry =>
    entryAt(recordedAt, `${kind} ${recordedAt}`, { kind: KINDS[kind], slot: sealSlotAfter(leafHashOf(encodeEntry(before))) });

async function read(verifier: Served): Promise<z.infer<typeof SEALS>> {
  const { status, json } = await verifier.get('/v1/seals');
  expect(status).to.equal(200);
  return SEALS.parse(json);
}

const metric = async (verifier: Served, name: string): Promise<string[]> =>
  (await verifier.get('/metrics')).text.split('\n').filter((line) => line.startsWith(name));

describe('seals', () => {
  test('are counted by anyone: sealed, released, renewed, overdue, with the checkpoint that the count stands on', async () => {
    const verifier = await custody.start('verifier', { request: null });
    const [a, b] = anchorDay(seal('a'), seal('b'), seal('c'));
    anchorDay(after(a!, 'seal-release'), after(b!, 'seal-renewal'), seal('d'), seal('stray'));
    await standsOn(verifier, seals, 7);
    const count = { sealed: 5, released: 1, unreleased: 4, renewed: 1, overdue: 0, stray: 0 };
    const { logs, total } = await read(verifier);
    expect(total).to.deep.equal(count);
    expect(logs).to.have.length(1);
    expect(logs[0]).to.deep.include({ origin: seals.origin, term: 30 * DAY, trouble: null, count });
    expect(logs[0]!.checkpoint).to.equal(custody.sealsNode.note);
    expect(STATUS.parse((await verifier.get('/v1/status')).json).seals).to.deep.equal(count);
    expect(await metric(verifier, 'sealed_accesses{')).to.have.length(2);
  });

  test('grow overdue by the time of the checkpoint, without a new entry', async () => {
    const verifier = await custody.start('verifier', { request: null });
    const [a] = anchorDay(seal('a'), seal('b'));
    anchorDay(after(a!, 'seal-renewal'));
    await standsOn(verifier, seals, 3);
    expect((await read(verifier)).total).to.include({ unreleased: 2, overdue: 0 });
    custody.world.story.tick(28.5 * DAY);
    const note = custody.world.anchor(seals);
    await until('it stands on that', async () => (await read(verifier)).logs[0]!.checkpoint === note);
    // b's term has passed; a was renewed a day later.
    expect((await read(verifier)).total).to.include({ unreleased: 2, overdue: 1 });
    expect((await metric(verifier, 'sealed_accesses{')).sort()).to.deep.equal([
      'sealed_accesses{state="overdue",program="verifier"} 1',
      'sealed_accesses{state="unreleased",program="verifier"} 2',
    ]);
  });

  test('have no total while one log of those that the registry lists is not counted', async () => {
    const verifier = await custody.start('verifier', { request: null });
    anchorDay(seal('a'));
    await standsOn(verifier, seals, 1);
    expect((await read(verifier)).total).to.include({ sealed: 1 });
    const other = new QuantumLog(custody.access.authority, 'seals', DAY);
    const { logId, origin, authority: owner } = other;
    const terms = { quantum: DAY, beat: 60_000, promiseSpan: 2 * DAY, term: 30 * DAY };
    custody.world.story.happen({ kind: 'log-registered', logId, owner, origin, class: 'seals', ...terms });
    await until('the registry is read', async () => (await read(verifier)).logs.length === 2);
    const { logs, total } = await read(verifier);
    expect([total, logs[1]!.count, logs[1]!.checkpoint]).to.deep.equal([null, null, null]);
    expect(STATUS.parse((await verifier.get('/v1/status')).json).seals).to.equal(null);
    expect(await metric(verifier, 'sealed_accesses{')).to.deep.equal([]);
  });

  test('of a log that has lied are shown with what speaks against it', async () => {
    const verifier = await custody.start('verifier', { request: null });
    anchorDay(seal('a'));
    await standsOn(verifier, seals, 1);
    anchorDay((recordedAt) => entryAt(recordedAt, 'an access'));
    await hasTrouble(verifier, seals, 'FORKED_LOG');
    expect((await read(verifier)).logs[0]).to.deep.include({ trouble: 'FORKED_LOG' });
  });
});
