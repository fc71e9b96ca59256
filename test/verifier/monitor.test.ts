import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type Charge, parseCharge } from '../../core/court/charge.ts';
import { chargedLogOf, verifyCharge } from '../../core/court/judgement.ts';
import { decodeEntry, encodeEntry } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { bytesOf, MemoryMap } from '../log/memory-log.ts';
import { digestOf, ISSUER, StoryLog } from '../verify/story.ts';
import { FakeMember } from './fake-member.ts';
import { hasTrouble, logView, type Served, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
let member: FakeMember;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
  member = new FakeMember(world);
});
afterEach(() => world.end());

/** Two entries: a licence and one file. */
function issue(...names: string[]): void {
  for (const name of names) world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] });
}

/** A map of the log's entries but some. */
function mapWithout(...left: number[]): MemoryMap {
  const map = new MemoryMap();
  const rows = log.rows.filter((_, i) => !left.includes(i));
  map.insert(...rows.map(({ slot, bytes }) => ({ slot, leafHash: leafHashOf(bytes) })));
  return map;
}

/** Signs and anchors the log's tree beside this map, which the node then proves from. */
function anchorWith(map: MemoryMap): string {
  const { checkpoint } = parseNote(world.publish());
  const note = world.sign({ ...checkpoint, mapRoot: map.root });
  world.issuer.map = map;
  world.issuer.note = note;
  world.mineNote(note);
  return note;
}

/** The only charge, from its file, once there is one; it convicts by what the chain says. */
async function chargeOf(monitor: Served): Promise<Charge> {
  const view = await until('a charge is kept', async () => {
    const found = await logView(monitor, log);
    return found.charges.length > 0 && found;
  });
  expect(view).to.include({ trouble: 'FORKED_LOG' });
  expect(view.charges).to.have.length(1);
  const name = `charge-${encodeHex(log.logId)}.json`;
  expect(await readdir(join(monitor.dataDir, 'findings'))).to.include(name);
  const charge = parseCharge(await readFile(join(monitor.dataDir, 'findings', name)));
  const anchors = world.chain.anchorsOf(log.logId).map(({ sequence, size, issuedAt, rootHash, mapRoot, block }) => ({
    by: 'anchor' as const,
    checkpoint: { origin: log.origin, size, issuedAt, rootHash, mapRoot },
    sequence,
    anchoredAt: block.at,
  }));
  const facts = { ...world.story.facts, block: world.chain.head };
  expect(verifyCharge(charge, chargedLogOf(facts, log.logId, anchors))).to.deep.equal({
    fromSize: view.charges[0]!.fromSize,
    takesEffect: true,
  });
  return charge;
}

/** A monitor that stands on what is anchored. */
async function startedOn(...names: string[]): Promise<Served> {
  issue(...names);
  world.anchor();
  const monitor = await world.startMonitor();
  await standsOn(monitor, log, log.rows.length);
  return monitor;
}

const lookUps = (): number => world.issuer.paths.filter((path) => path === '/v1/lookup').length;

describe('a monitor charges', () => {
  test('a fork that the chain shows, with the anchor and the other note', async () => {
    const monitor = await startedOn('a');
    const { checkpoint } = parseNote(world.issuer.note!);
    const other = world.sign({ ...checkpoint, mapRoot: bytesOf('another map'), issuedAt: world.story.tick() });
    world.mineNote(other, log, 'forked');
    const charge = await chargeOf(monitor);
    if (charge.kind !== 'fork') throw new Error(charge.kind);
    expect([charge.a.by, charge.b.by]).to.deep.equal(['anchor', 'signature']);
  });

  test('a history that does not go on from the one anchored before, with the tree that the node shows', async () => {
    const monitor = await startedOn('a');
    const other = new StoryLog(ISSUER);
    for (const serial of ['X', 'Y', 'Z']) world.story.issue({ serial, files: [digestOf(serial)] }, other);
    world.issuer.log = other;
    world.issuer.note = world.story.anchor(other, { cosigned: false, anchored: false }).note;
    world.mineNote(world.issuer.note);
    const charge = await chargeOf(monitor);
    if (charge.kind !== 'split-view') throw new Error(charge.kind);
    expect([charge.earlier.checkpoint.size, charge.later.checkpoint.size]).to.deep.equal([2, 6]);
  });

  test('an entry that the map leaves out, and names it', async () => {
    const monitor = await startedOn('a', 'b');
    issue('c', 'd');
    anchorWith(mapWithout(6));
    const charge = await chargeOf(monitor);
    expect(charge).to.deep.include({ kind: 'unmapped', entryIndex: 6 });
    expect(await logView(monitor, log)).to.have.nested.property('finding.index', 6);
    expect(monitor.lines.join('')).to.contain('"index":6,"msg":"an entry of the tree is not in the map"');
  });

  test('a slot that an earlier map held: rolled back, from the last good checkpoint on', async () => {
    const monitor = await startedOn('a', 'b');
    issue('c');
    anchorWith(mapWithout(1));
    const charge = await chargeOf(monitor);
    if (charge.kind !== 'rolled-back') throw new Error(charge.kind);
    expect([charge.earlier.by, charge.earlier.checkpoint.size, charge.later.checkpoint.size]).to.deep.equal(['anchor', 4, 6]);
    expect(encodeHex(charge.slot)).to.equal(encodeHex(log.rows[1]!.slot));
    expect(await logView(monitor, log)).to.have.nested.property('finding.index', 1);
  });

  /** One entry more at the first entry's slot. */
  function repeatSlot(): void {
    const entry = { ...decodeEntry(log.rows[0]!.bytes), recordedAt: Math.floor(world.story.tick() / 1000) * 1000 };
    log.rows.push({ ...log.rows[0]!, bytes: encodeEntry(entry) });
    log.tree.append(leafHashOf(log.rows.at(-1)!.bytes));
  }

  test('a second entry at a slot, when the map keeps the first', async () => {
    const monitor = await startedOn('a', 'b');
    issue('c');
    repeatSlot();
    anchorWith(mapWithout(6));
    expect(await chargeOf(monitor)).to.deep.include({ kind: 'unmapped', entryIndex: 6 });
  });

  test('the first of two entries at a slot, when the map has the second', async () => {
    const monitor = await startedOn('a', 'b');
    repeatSlot();
    anchorWith(mapWithout(0));
    expect((await chargeOf(monitor)).kind).to.equal('rolled-back');
    expect(lookUps()).to.equal(1);
  });

  test('the first of two new entries at a slot as unmapped', async () => {
    issue('z');
    world.anchor();
    const monitor = await world.startMonitor();
    await standsOn(monitor, log, 2);
    issue('a');
    const entry = { ...decodeEntry(log.rows[2]!.bytes), recordedAt: Math.floor(world.story.tick() / 1000) * 1000 };
    log.rows.push({ ...log.rows[2]!, bytes: encodeEntry(entry) });
    log.tree.append(leafHashOf(log.rows.at(-1)!.bytes));
    anchorWith(mapWithout(2));
    expect(await chargeOf(monitor)).to.deep.include({ kind: 'unmapped', entryIndex: 2 });
  });

  test('two checkpoints of one size, when the node proves from another than it anchored', async () => {
    const monitor = await startedOn('a');
    issue('b');
    anchorWith(mapWithout(3));
    const { checkpoint } = parseNote(world.issuer.note!);
    world.issuer.map = null;
    world.issuer.note = world.sign({ ...checkpoint, mapRoot: log.map.root, issuedAt: world.story.tick() });
    expect((await chargeOf(monitor)).kind).to.equal('fork');
  });
});

describe('a monitor charges nobody', () => {
  /** Until it says that the node withholds. */
  const isWithheld = (monitor: Served): Promise<unknown> =>
    until('the node withholds', async () => (await logView(monitor, log)).search?.isWithheld);

  test('with a root that its node does not open, and charges once it does', async () => {
    const monitor = await startedOn('a');
    issue('b');
    world.issuer.tamper = (path, bytes) => (path === '/v1/lookup' ? null : bytes);
    anchorWith(mapWithout(3));
    await hasTrouble(monitor, log, 'FORKED_LOG');
    await isWithheld(monitor);
    expect((await logView(monitor, log)).charges).to.deep.equal([]);
    // Proofs from another map do not hold under the root that was signed.
    world.issuer.tamper = (path, bytes) => {
      if (path !== '/v1/lookup') return bytes;
      const answer = JSON.parse(Buffer.from(bytes).toString()) as { absent: { map: string }[] };
      for (const row of answer.absent) row.map = Buffer.from([0, 0, 0]).toString('base64');
      return Buffer.from(JSON.stringify(answer));
    };
    const before = lookUps();
    await until('it was asked again', () => lookUps() > before + 2);
    expect(await logView(monitor, log)).to.deep.include({ charges: [], trouble: 'FORKED_LOG' });
    world.issuer.tamper = (_path, bytes) => bytes;
    expect(await chargeOf(monitor)).to.deep.include({ kind: 'unmapped', entryIndex: 3 });
  });

  test('with a node that answers about another checkpoint, leaves out a proof, or hangs', async () => {
    const monitor = await startedOn('a');
    issue('b');
    const change: ((answer: { logs: { checkpoint: string }[]; absent: object[] }) => void)[] = [
      (answer) => void answer.absent.splice(1, 1),
      (answer) => void (answer.logs[0]!.checkpoint = world.sign({ ...parseNote(world.issuer.note!).checkpoint, size: 3 })),
      (answer) => void (answer.logs = []),
    ];
    let lie: (typeof change)[number] | undefined = change[0];
    world.issuer.tamper = (path, bytes) => {
      if (path !== '/v1/lookup') return bytes;
      const answer = JSON.parse(Buffer.from(bytes).toString()) as Parameters<(typeof change)[number]>[0];
      lie?.(answer);
      return Buffer.from(JSON.stringify(answer));
    };
    anchorWith(mapWithout(3));
    for (lie of change) {
      const before = lookUps();
      await until('it was asked again', () => lookUps() > before + 2);
      await isWithheld(monitor);
      expect((await logView(monitor, log)).charges).to.deep.equal([]);
    }
  });

  test('with a map that has all entries and one more', async () => {
    const monitor = await startedOn('a');
    issue('b');
    const map = mapWithout();
    map.insert({ slot: bytesOf('a slot'), leafHash: bytesOf('no entry') });
    anchorWith(map);
    await until('the search is over', async () => (await logView(monitor, log)).search?.isOver);
    expect(await logView(monitor, log)).to.deep.include({ charges: [], trouble: 'FORKED_LOG' });
    const asked = lookUps();
    const { polls } = world.chain;
    await until('the chain was polled some more', () => world.chain.polls > polls + 8);
    expect(lookUps()).to.equal(asked);
  });

  test('when it is a plain verifier: it asks the node nothing', async () => {
    issue('a');
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    issue('b');
    anchorWith(mapWithout(3));
    await hasTrouble(verifier, log, 'FORKED_LOG');
    expect(lookUps()).to.equal(0);
  });
});

describe('a search', () => {
  test('goes through a large log in steps, and on after a restart', async () => {
    for (let i = 0; i < 40; i++) issue(`early${i}`);
    world.anchor();
    let monitor = await world.startMonitor();
    await standsOn(monitor, log, 80);
    for (let i = 0; i < 1300; i++) issue(`n${i}`);
    const lost = 2_600;
    // Answers stop after 70 questions: more than one step.
    const before = lookUps();
    world.issuer.tamper = (path, bytes) => (path === '/v1/lookup' && lookUps() - before > 70 ? null : bytes);
    anchorWith(mapWithout(lost));
    await until('the node withholds', async () => (await logView(monitor, log)).search?.isWithheld);
    await monitor.close();
    const asked = lookUps();
    world.issuer.tamper = (_path, bytes) => bytes;
    monitor = await world.startMonitor();
    expect(await chargeOf(monitor)).to.deep.include({ kind: 'unmapped', entryIndex: lost });
    // 2,520 new entries to look at, 16 a question, the first 1,024 of them before the restart.
    expect(lookUps() - asked).to.be.within(90, 100);
  });

  test('is not led astray by what another replay left beyond the size held', async () => {
    const monitor = await startedOn('a');
    issue('b');
    world.issuer.tamper = (path, bytes) => (path === '/v1/lookup' ? null : bytes);
    const bad = anchorWith(mapWithout(2));
    await until('the node withholds', async () => (await logView(monitor, log)).search?.isWithheld);
    // A smaller checkpoint that the node anchors later is followed, over entries that are none of the log's.
    const { checkpoint } = parseNote(bad);
    const stray = world.sign({ ...checkpoint, size: 3, rootHash: bytesOf('no tree'), issuedAt: world.story.tick() });
    world.mineNote(stray);
    world.issuer.tamper = (path, bytes) => {
      if (path === '/v1/lookup') return null;
      return path === '/tile/entries/000.p/3' ? Buffer.from(bytes).fill(7, 2 * 76 + 20, 3 * 76) : bytes;
    };
    await until('the stray one was asked for', () => world.issuer.paths.filter((path) => path.endsWith('.p/3')).length > 3);
    world.issuer.tamper = (path, bytes) => (path === '/tile/entries/000.p/3' ? null : bytes);
    expect(await chargeOf(monitor)).to.deep.include({ kind: 'unmapped', entryIndex: 2 });
  });
});

describe('a charge', () => {
  test('is brought to the court by the member, once, and again only if the chain loses it', async () => {
    issue('a');
    world.anchor();
    const monitor = await world.startMonitor(member);
    await standsOn(monitor, log, 2);
    issue('b');
    anchorWith(mapWithout(3));
    await until('it is brought', async () => (await logView(monitor, log)).charges[0]?.state === 'brought');
    expect(member.names).to.deep.equal(['chargeUnmapped']);
    const { polls } = world.chain;
    await until('the chain was polled some more', () => world.chain.polls > polls + 8);
    expect(member.names).to.deep.equal(['chargeUnmapped']);
    world.chain.lose(1);
    world.chain.mine(world.story.tick());
    await until('it is brought again', () => member.calls.length > 1);
  });

  test('that somebody else brought is as good as brought, and is not made anew after a restart', async () => {
    member.refusal = 'KnownCharge';
    member.fromSize = null;
    issue('a');
    world.anchor();
    let monitor = await world.startMonitor(member);
    await standsOn(monitor, log, 2);
    issue('b');
    anchorWith(mapWithout(3));
    await until('it is brought', async () => (await logView(monitor, log)).charges[0]?.state === 'brought');
    await monitor.close();
    const asked = lookUps();
    monitor = await world.startMonitor(member);
    await until('it is brought', async () => (await logView(monitor, log)).charges[0]?.state === 'brought');
    expect(lookUps()).to.equal(asked);
  });

  test('waits while the chain is silent or the account is no member’s, later and later', async () => {
    member.isDown = true;
    const monitor = await world.startMonitor(member);
    issue('a');
    world.anchor();
    await standsOn(monitor, log, 2);
    issue('b');
    anchorWith(mapWithout(3));
    await until('it was tried', () => member.calls.length > 0);
    expect((await logView(monitor, log)).charges[0]).to.include({ state: 'waiting' });
    member.isDown = false;
    member.refusal = 'NotMember';
    const tried = member.calls.length;
    await until('it was tried again', () => member.calls.length > tried);
    expect((await logView(monitor, log)).charges[0]).to.include({ state: 'waiting' });
    member.refusal = null;
    await until('it is brought', async () => (await logView(monitor, log)).charges[0]?.state === 'brought');
  });
});
