import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { LogClass } from '../../core/authority/registry-event.ts';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { decodeEntry, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { proveHistory, verifyHistory, type HistoryItem, type HistoryProof } from '../../core/log/history.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { decodeSlotProof, proveSlot } from '../../core/log/slot-proof.ts';
import { asHistorySecret, slotAt, type HistorySecret } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import { expectRefusal, readVectors } from './mangling.ts';
import { bytesOf, FIRST_AT, MemoryLog, secretOf } from './memory-log.ts';

const [ours, theirs] = [secretOf('ours'), secretOf('theirs')];

/** Two histories of four entries each, interleaved, among entries that belong to neither. */
function sampleLog(): MemoryLog {
  const log = new MemoryLog();
  const kinds = [KINDS.issue, KINDS.suspend, KINDS.resume, KINDS.revoke];
  for (const [i, kind] of kinds.entries()) {
    log.say(secretOf(`other ${i}`), 0, KINDS.issue);
    log.say(ours, i, kind);
    log.say(theirs, i, kind);
  }
  log.say(secretOf('last'), 0, KINDS.issue);
  return log;
}

const log = sampleLog();
const checkpoint = log.checkpoint();
const whole = proveHistory(ours, checkpoint, log);
const absenceAt = (i: number): HistoryProof['absence'] => proveSlot(checkpoint.mapRoot, slotAt(ours, i), log.map);

const verify = (proof: HistoryProof, change: { h?: HistorySecret; checkpoint?: Checkpoint; logClass?: LogClass } = {}): unknown =>
  verifyHistory({ h: ours, checkpoint, logClass: 'licence', ...change }, proof);
const refuse = (proof: HistoryProof, change = {}): void => expectRefusal('UNVERIFIED', () => verify(proof, change));

describe('a history', () => {
  test('has all the entries in their order, with index and leaf hash', () => {
    expect(
      verifyHistory({ h: ours, checkpoint, logClass: 'licence' }, whole).map(({ entry, entryIndex }) => [entry.kind, entryIndex]),
    ).to.deep.equal([
      [KINDS.issue, 1],
      [KINDS.suspend, 4],
      [KINDS.resume, 7],
      [KINDS.revoke, 10],
    ]);
  });

  test('of nothing is the absence of slot 0', () => {
    const nobody = secretOf('nobody');
    const proof = proveHistory(nobody, checkpoint, log);
    expect(proof.items).to.deep.equal([]);
    expect(verify(proof, { h: nobody })).to.deep.equal([]);
    const empty = new MemoryLog();
    expect(verify(proveHistory(ours, empty.checkpoint(), empty), { checkpoint: empty.checkpoint() })).to.deep.equal([]);
  });

  test('holds at every size of a growing log', () => {
    const grown = new MemoryLog();
    for (let i = 0; i < 40; i++) {
      grown.say(secretOf(`thing ${i % 7}`), Math.floor(i / 7), KINDS.issue);
      for (let thing = 0; thing < 7; thing++) {
        const h = secretOf(`thing ${thing}`);
        const proof = proveHistory(h, grown.checkpoint(), grown);
        expect(verifyHistory({ h, checkpoint: grown.checkpoint(), logClass: 'licence' }, proof).length).to.equal(
          Math.floor((i + 7 - thing) / 7),
        );
      }
    }
  });

  test('is refused when it is cut short', () => {
    for (let n = 0; n < 4; n++) {
      const items = whole.items.slice(0, n);
      refuse({ items, absence: whole.absence });
      // The slot that was cut off is shown as what it is: taken.
      refuse({ items, absence: absenceAt(n) });
    }
  });

  test('is refused when a slot is skipped', () => {
    for (let i = 0; i < 4; i++) {
      const items = whole.items.toSpliced(i, 1);
      for (const absence of [whole.absence, absenceAt(3)]) refuse({ items, absence });
    }
  });

  test('is refused when entries change places or come twice', () => {
    const [first, second, third, fourth] = whole.items as [HistoryItem, HistoryItem, HistoryItem, HistoryItem];
    for (const items of [
      [second, first, third, fourth],
      [fourth, third, second, first],
      [first, first, second, third],
      [first, second, third, third],
    ]) {
      refuse({ ...whole, items });
    }
    refuse({ items: [...whole.items, fourth], absence: absenceAt(5) });
  });

  test('is refused when another history is mixed in', () => {
    const foreign = proveHistory(theirs, checkpoint, log);
    refuse(foreign);
    for (let i = 0; i < 4; i++) refuse({ ...whole, items: whole.items.with(i, foreign.items[i]!) });
    refuse({ items: [...whole.items, ...foreign.items], absence: absenceAt(8) });
    refuse(whole, { h: theirs });
  });

  test('is refused when an item is not what the log holds', () => {
    for (const [i, item] of whole.items.entries()) {
      const replace = (change: Partial<HistoryItem>): void =>
        refuse({ ...whole, items: whole.items.with(i, { ...item, ...change }) });
      const entry = decodeEntry(item.entryBytes);
      replace({ entryBytes: encodeEntry({ ...entry, kind: KINDS.reinstate }) });
      replace({ entryBytes: encodeEntry({ ...entry, recordedAt: entry.recordedAt + 1 }) });
      replace({ entryIndex: item.entryIndex + 1 });
      replace({ inclusionProof: item.inclusionProof.slice(1) });
      replace({ inclusionProof: [...item.inclusionProof, bytesOf('other')] });
      replace({ slotProof: absenceAt(4) });
      replace({ slotProof: { ...item.slotProof, end: { ...item.slotProof.end!, leafHash: bytesOf('other') } } });
      expectRefusal('MALFORMED', () =>
        verify({ ...whole, items: whole.items.with(i, { ...item, entryBytes: item.entryBytes.slice(1) }) }),
      );
    }
  });

  test('is refused at another checkpoint', () => {
    refuse(whole, { checkpoint: { ...checkpoint, size: checkpoint.size - 1 } });
    refuse(whole, { checkpoint: { ...checkpoint, rootHash: bytesOf('other') } });
    refuse(whole, { checkpoint: { ...checkpoint, mapRoot: bytesOf('other') } });
    refuse(whole, { checkpoint: { ...checkpoint, issuedAt: FIRST_AT } });
  });

  test('is refused when the tree holds one entry and the map another at its slot', () => {
    const lying = sampleLog();
    const h = secretOf('replaced');
    const entry = { kind: KINDS.issue, recordedAt: FIRST_AT, slot: slotAt(h, 0), commitment: bytesOf('shown') };
    lying.entries.push(encodeEntry(entry));
    lying.tree.append(leafHashOf(encodeEntry(entry)));
    lying.map.insert({ slot: entry.slot, leafHash: leafHashOf(encodeEntry({ ...entry, commitment: bytesOf('hidden') })) });
    refuse(proveHistory(h, lying.checkpoint(), lying), { h, checkpoint: lying.checkpoint() });
  });

  test('is refused when the map points to an entry that bears another slot', () => {
    const lying = sampleLog();
    const h = secretOf('misplaced');
    lying.map.insert({ slot: slotAt(h, 0), leafHash: leafHashOf(lying.entries[3]!) });
    const at = lying.checkpoint();
    const item = {
      ...lying.entryAt(decodeEntry(lying.entries[3]!).slot),
      inclusionProof: proveInclusion(3, at.size, lying.tree),
    };
    const items = [{ ...item, slotProof: proveSlot(at.mapRoot, slotAt(h, 0), lying.map) }];
    refuse({ items, absence: proveSlot(at.mapRoot, slotAt(h, 1), lying.map) }, { h, checkpoint: at });
  });
});

describe('the order of a history', () => {
  /** Appends entries number `order` of one history, recorded at the seconds given. */
  function logOf(order: readonly number[], seconds: readonly number[]): { checkpoint: Checkpoint; proof: HistoryProof } {
    const made = new MemoryLog();
    for (const [i, place] of order.entries()) made.say(ours, place, KINDS.access, FIRST_AT + 1000 * seconds[i]!);
    return { checkpoint: made.checkpoint(), proof: proveHistory(ours, made.checkpoint(), made) };
  }

  for (const { rule, order, seconds, holdsIn } of [
    {
      rule: 'indexes and times that increase hold everywhere',
      order: [0, 1, 2],
      seconds: [0, 1, 2],
      holdsIn: ['licence', 'access', 'seals'],
    },
    { rule: 'equal times hold everywhere', order: [0, 1, 2], seconds: [1, 1, 1], holdsIn: ['licence', 'access', 'seals'] },
    {
      rule: 'a smaller index holds where a quantum is sorted by slot',
      order: [2, 0, 1],
      seconds: [1, 1, 1],
      holdsIn: ['access', 'seals'],
    },
    { rule: 'times that decrease hold nowhere', order: [0, 1, 2], seconds: [0, 2, 1], holdsIn: [] },
    { rule: 'times that decrease hold nowhere, with indexes that do too', order: [1, 0], seconds: [0, 1], holdsIn: [] },
    { rule: 'a time later than the checkpoint holds nowhere', order: [0, 1, 2], seconds: [0, 1, 4], holdsIn: [] },
  ] as const) {
    for (const logClass of ['licence', 'access', 'seals'] as const) {
      test(`${rule}: ${logClass}`, () => {
        const made = logOf(order, seconds);
        if (!(holdsIn as readonly string[]).includes(logClass))
          return refuse(made.proof, { checkpoint: made.checkpoint, logClass });
        verify(made.proof, { checkpoint: made.checkpoint, logClass });
      });
    }
  }
});

interface HistoryCase {
  readonly h: string;
  readonly logClass: LogClass;
  readonly checkpoint: { origin: string; size: number; rootHash: string; mapRoot: string; issuedAt: number };
  readonly items: readonly { entry: string; index: number; inclusionProof: readonly string[]; slotProof: string }[];
  readonly absence: string;
  readonly indexes?: readonly number[];
}

describe('the vectors of histories', () => {
  for (const vector of readVectors<HistoryCase>('log-history.json')) {
    test(vector.desc, () => {
      const { origin, rootHash, mapRoot, ...rest } = vector.checkpoint;
      const at = { ...rest, origin: parseOrigin(origin), rootHash: hashFromHex(rootHash), mapRoot: hashFromHex(mapRoot) };
      const run = (): number[] => {
        const items = vector.items.map(({ entry, index, inclusionProof, slotProof }) => ({
          entryBytes: decodeHex(entry),
          entryIndex: index,
          inclusionProof: inclusionProof.map(hashFromHex),
          slotProof: decodeSlotProof(decodeHex(slotProof)),
        }));
        const proof = { items, absence: decodeSlotProof(decodeHex(vector.absence)) };
        const claim = { h: asHistorySecret(decodeHex(vector.h)), checkpoint: at, logClass: vector.logClass };
        return verifyHistory(claim, proof).map(({ entryIndex }) => entryIndex);
      };
      if (vector.want !== 'ok') return expectRefusal(vector.want, run);
      expect(run()).to.deep.equal(vector.indexes);
    });
  }
});
