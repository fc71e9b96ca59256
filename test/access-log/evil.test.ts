import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type Charge, parseCharge } from '../../core/court/charge.ts';
import { type Entry, KINDS } from '../../core/log/entry.ts';
import { type Finding, parseFinding } from '../../verifier/follow/finding.ts';
import { AUDIT } from '../verify/story.ts';
import { FakeMember } from '../verifier/fake-member.ts';
import { hasTrouble, logView, type Served, standsOn, until } from '../verifier/world.ts';
import { bySlot, CustodyWorld, entryAt, MINUTE, type QuantumLog } from './quantum-log.ts';

let custody: CustodyWorld;
let log: QuantumLog;
beforeEach(async () => {
  custody = await CustodyWorld.create();
  log = custody.access;
});
afterEach(() => custody.end());

const findingFile = (program: Served): string => join(program.dataDir, 'findings', `bad-${encodeHex(log.logId)}.json`);

/** The conviction, from its file; the program is then as far as it was. */
async function convicted(program: Served, anchoredSize: number): Promise<Finding> {
  expect(await hasTrouble(program, log, 'FORKED_LOG')).to.include({ anchoredSize });
  return parseFinding(await readFile(findingFile(program)));
}

/** `count` entries of one quantum, sorted as an honest log has them. */
function sorted(recordedAt: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => entryAt(recordedAt, `sorted ${i}`)).sort(bySlot);
}

interface Lie {
  /** Told after a checkpoint of two entries of the quantum before; the time is the beginning of a quantum. Returns the bad note. */
  readonly tell: (now: number) => string;
  readonly why: string;
  readonly entryIndex: number;
}

const grown = (...entries: Entry[]): string => {
  log.append(...entries);
  return custody.world.anchor(log);
};

const LIES: Record<string, Lie> = {
  'entries of a quantum that are not sorted by slot': {
    tell: (now) => grown(...sorted(now - MINUTE, 3).toReversed()),
    why: 'entry-order',
    entryIndex: 3,
  },
  'an entry of a quantum before the one before': {
    tell: (now) => grown(entryAt(now - MINUTE, 'c'), entryAt(now - 2 * MINUTE, 'd')),
    why: 'entry-time',
    entryIndex: 3,
  },
  'an entry off the quantum': { tell: (now) => grown(entryAt(now - MINUTE + 1000, 'c')), why: 'entry-time', entryIndex: 2 },
  'an entry of a quantum that is not over': { tell: (now) => grown(entryAt(now, 'c')), why: 'quantum', entryIndex: 2 },
  'an entry of a quantum to come': { tell: (now) => grown(entryAt(now + 60 * MINUTE, 'c')), why: 'entry-time', entryIndex: 2 },
  'a licence': { tell: (now) => grown(entryAt(now - MINUTE, 'c', { kind: KINDS.issue })), why: 'entry-kind', entryIndex: 2 },
  'a seal': { tell: (now) => grown(entryAt(now - MINUTE, 'c', { kind: KINDS.seal })), why: 'entry-kind', entryIndex: 2 },
  'a slot that was taken': {
    tell: (now) => grown(entryAt(now - MINUTE, 'a')),
    why: 'slot-twice',
    entryIndex: 2,
  },
  'a slot twice in one quantum': {
    tell: (now) => grown(entryAt(now - MINUTE, 'c'), entryAt(now - MINUTE, 'c', { kind: KINDS.objection })),
    why: 'slot-twice',
    entryIndex: 3,
  },
};

describe('a log that grows by quanta is convicted', () => {
  for (const [what, { tell, why, entryIndex }] of Object.entries(LIES)) {
    test(`by ${what}: no witness signs it, and nobody follows it`, async () => {
      const witness = await custody.startWitness();
      const verifier = await custody.startedOn('a', 'b');
      const bad = tell(custody.nextQuantum());
      for (const program of [witness, verifier]) {
        const finding = await convicted(program, 2);
        expect(finding).to.deep.include({ kind: 'bad', why, entryIndex, checkpoint: bad, lacks: null });
      }
      expect(await sizeSigned(witness)).to.equal(2);
    });
  }

  test('by growing twice in one quantum, both times anchored: the first checkpoint lacks what the second holds', async () => {
    const verifier = await custody.startedOn('a', 'b');
    const now = custody.nextQuantum();
    const [first, ...others] = sorted(now - MINUTE, 3);
    const lacks = grown(first!);
    await standsOn(verifier, log, 3);
    const checkpoint = grown(...others);
    const finding = await convicted(verifier, 3);
    expect(finding).to.deep.include({ why: 'quantum', entryIndex: 3, checkpoint, lacks });
  });

  test('by the same in a replay from the beginning, up to the checkpoint before', async () => {
    custody.anchorNext(log, 'a', 'b');
    const now = custody.nextQuantum();
    const [first, ...others] = sorted(now - MINUTE, 3);
    const lacks = grown(first!);
    const checkpoint = grown(...others);
    custody.anchorNext(log, 'later');
    const verifier = await custody.start('verifier');
    await standsOn(verifier, log, 3);
    expect(await convicted(verifier, 3)).to.deep.include({ why: 'quantum', entryIndex: 3, checkpoint, lacks });
  });

  test('by growing twice in one quantum when the first time was published alone', async () => {
    const verifier = await custody.startedOn('a', 'b');
    const [first, ...others] = sorted(custody.nextQuantum() - MINUTE, 3);
    log.append(first!);
    const lacks = custody.world.publish(log);
    await until('it is replayed', async () => (await logView(verifier, log)).size === 3);
    log.append(...others);
    const checkpoint = custody.world.publish(log);
    expect(await convicted(verifier, 2)).to.deep.include({ why: 'quantum', entryIndex: 3, checkpoint, lacks });
  });

  for (const isAnchored of [true, false]) {
    test(`by dating back: a checkpoint that repeated the roots ${isAnchored ? 'on the chain' : 'in public'} had no such entry`, async () => {
      const verifier = await custody.startedOn('a', 'b');
      const now = custody.nextQuantum();
      const lacks = isAnchored ? custody.world.anchor(log) : custody.world.publish(log);
      const before = custody.accessNode.paths.length;
      await until('it was seen', () => custody.accessNode.paths.length > before + 3);
      custody.nextQuantum();
      const checkpoint = grown(entryAt(now - MINUTE, 'c'));
      expect(await convicted(verifier, 2)).to.deep.include({ why: 'quantum', entryIndex: 2, checkpoint, lacks });
    });
  }

  test('and stays so after a restart', async () => {
    let verifier = await custody.startedOn('a', 'b');
    grown(entryAt(custody.nextQuantum(), 'c'));
    await convicted(verifier, 2);
    await verifier.close();
    verifier = await custody.start('verifier');
    await convicted(verifier, 2);
  });
});

describe('a seals log is convicted', () => {
  test('by an access', async () => {
    log = custody.seals;
    const verifier = await custody.start('verifier');
    custody.anchorNext(log, 'an access');
    expect(await hasTrouble(verifier, log, 'FORKED_LOG')).to.include({ anchoredSize: null });
  });
});

describe('a monitor charges an access log', () => {
  test('with a slot that it gave away twice; the node is asked for proofs by signed calls', async () => {
    const { world } = custody;
    const request = await world.writeKey('request', 'request key of the audit office');
    custody.anchorNext(log, 'a', 'b');
    const monitor = await world.start('monitor', { role: 'monitor', request }, { member: new FakeMember(world) });
    await standsOn(monitor, log, 2);
    grown(entryAt(custody.nextQuantum() - MINUTE, 'a'));
    const directory = join(monitor.dataDir, 'findings');
    const name = `charge-${encodeHex(log.logId)}.json`;
    await until('a charge is kept', async () => (await readdir(directory)).includes(name));
    const charge: Charge = parseCharge(await readFile(join(directory, name)));
    expect(charge).to.deep.include({ kind: 'unmapped', entryIndex: 2, origin: log.origin });
    expect(custody.admitted.filter(({ path }) => path === '/v1/lookup').map(({ status }) => status)).to.include(200);
  });

  test('with nothing for a quantum that it split: there is no such charge, the finding alone tells', async () => {
    const { world } = custody;
    const request = await world.writeKey('request', 'request key of the audit office');
    custody.anchorNext(log, 'a', 'b');
    const monitor = await world.start('monitor', { role: 'monitor', request }, { member: new FakeMember(world) });
    await standsOn(monitor, log, 2);
    grown(entryAt(custody.nextQuantum(), 'c'));
    await convicted(monitor, 2);
    const view = await logView(monitor, log);
    expect([view.charges, view.search]).to.deep.equal([[], null]);
  });
});

/** Of the newest checkpoint that the witness has cosigned. */
async function sizeSigned(witness: Served): Promise<number> {
  const { json } = await witness.get(`/seen/${encodeHex(log.logId)}`);
  expect(json['checkpoint']).to.contain(`sample/${AUDIT}/witness`);
  return Number((json['checkpoint'] as string).split('\n')[1]);
}
