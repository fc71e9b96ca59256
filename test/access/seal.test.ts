import { describe, test } from 'node:test';
import { expect } from 'chai';
import { type SealProof, sealStatesOf, verifySealProof } from '../../core/access/seal-count.ts';
import { encodeSealBody, sealFor, sealSlotAfter } from '../../core/access/seal.ts';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { commitmentOf, encodeEntry, type Entry, KINDS, type KindName } from '../../core/log/entry.ts';
import type { HistoryItem } from '../../core/log/history.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { proveSlot } from '../../core/log/slot-proof.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import { expectRefusal } from '../log/mangling.ts';
import { MemoryMap, MemoryTree } from '../log/memory-log.ts';
import { bytesOf, CUSTODIAN } from './sample.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const TERM = 30 * DAY;

class SealsLog {
  readonly tree = new MemoryTree();
  readonly map = new MemoryMap();
  readonly entries: Entry[] = [];

  add(kind: KindName, slot: Hash, day: number): Hash {
    const name = `${this.entries.length}`;
    const entry = {
      kind: KINDS[kind],
      recordedAt: START + day * DAY,
      slot,
      commitment: commitmentOf(bytesOf(name), new Uint8Array()),
    };
    const leafHash = leafHashOf(encodeEntry(entry));
    this.entries.push(entry);
    this.tree.append(leafHash);
    this.map.insert({ slot, leafHash });
    return leafHash;
  }

  seal(day: number): Hash {
    return this.add('seal', bytesOf(`random ${this.entries.length}`), day);
  }

  renew(after: Hash, day: number): Hash {
    return this.add('seal-renewal', sealSlotAfter(after), day);
  }

  release(after: Hash, day: number): Hash {
    return this.add('seal-release', sealSlotAfter(after), day);
  }

  checkpoint(day: number): Checkpoint {
    const size = this.entries.length;
    const origin = parseOrigin(`sample/${CUSTODIAN}/seals`);
    return { origin, size, rootHash: rootAt(size, this.tree), mapRoot: this.map.root, issuedAt: START + day * DAY };
  }

  item(leafHash: Hash): HistoryItem {
    const entryIndex = this.entries.findIndex((entry) => equalBytes(leafHashOf(encodeEntry(entry)), leafHash));
    const entry = this.entries[entryIndex]!;
    const size = this.entries.length;
    const inclusionProof = proveInclusion(entryIndex, size, this.tree);
    return {
      entryBytes: encodeEntry(entry),
      entryIndex,
      inclusionProof,
      slotProof: proveSlot(this.map.root, entry.slot, this.map),
    };
  }

  proof(...story: readonly Hash[]): SealProof {
    const [seal, ...items] = story.map((leafHash) => this.item(leafHash)) as [HistoryItem, ...HistoryItem[]];
    return { seal, items, absence: proveSlot(this.map.root, sealSlotAfter(story.at(-1)!), this.map) };
  }
}

const count = (log: SealsLog, day: number) => sealStatesOf(log.entries, { term: TERM, asOf: START + day * DAY }).count;

describe('seals are counted', () => {
  const log = new SealsLog();
  const open = log.seal(0);
  const renewed = log.seal(0);
  const released = log.seal(1);
  const renewal = log.renew(renewed, 20);
  const release = log.release(released, 25);
  const twice = log.renew(renewal, 45);

  test('by anyone, from the entries alone', () => {
    expect(count(log, 30)).to.deep.equal({ sealed: 3, released: 1, unreleased: 2, overdue: 0, renewed: 2, stray: 0 });
  });

  test('as overdue once the term has passed since the seal or its last renewal', () => {
    expect(count(log, 30).overdue).to.equal(0);
    expect(count(log, 31).overdue).to.equal(1);
    expect(count(log, 75).overdue).to.equal(1);
    expect(count(log, 76).overdue).to.equal(2);
  });

  test('one by one, with proofs, as in the whole', () => {
    const { states } = sealStatesOf(log.entries, { term: TERM, asOf: START + 50 * DAY });
    const checkpoint = log.checkpoint(50);
    const terms = { term: TERM, asOf: checkpoint.issuedAt };
    const proven = [[open], [renewed, renewal, twice], [released, release]].map((story) =>
      verifySealProof(checkpoint, log.proof(...story), terms),
    );
    expect(proven).to.deep.equal(states);
    expect(proven.map(({ isOverdue }) => isOverdue)).to.deep.equal([true, false, false]);
    expect(proven.map(({ releasedAt }) => releasedAt)).to.deep.equal([null, null, START + 25 * DAY]);
  });

  test('but not where a proof leaves something out, adds something, or is of something else', () => {
    const checkpoint = log.checkpoint(50);
    const terms = { term: TERM, asOf: checkpoint.issuedAt };
    const refuse = (proof: SealProof, at = checkpoint): void =>
      expectRefusal('UNVERIFIED', () => verifySealProof(at, proof, terms));
    const whole = log.proof(renewed, renewal, twice);
    refuse({ ...whole, absence: null });
    refuse({ ...whole, items: whole.items.slice(0, 1) });
    refuse({ ...whole, items: whole.items.slice(1) });
    refuse({ ...whole, items: whole.items.toReversed() });
    refuse({ ...log.proof(released), absence: log.proof(open).absence });
    refuse(log.proof(released));
    refuse({ ...log.proof(renewal, twice) });
    refuse({ ...log.proof(released, release), items: [log.item(release), log.item(twice)] });
    refuse(whole, { ...checkpoint, issuedAt: START + 44 * DAY });
    refuse(whole, { ...checkpoint, mapRoot: bytesOf('another') });
    refuse(whole, { ...checkpoint, rootHash: bytesOf('another') });
  });
});

describe('a seal', () => {
  test('is prolonged by no stray renewal, and lifted by no stray release', () => {
    const log = new SealsLog();
    const seal = log.seal(0);
    log.release(bytesOf('no seal'), 1);
    log.renew(bytesOf('no seal either'), 2);
    log.add('seal-release', bytesOf('random place'), 3);
    expect(count(log, 40)).to.deep.equal({ sealed: 1, released: 0, unreleased: 1, overdue: 1, renewed: 0, stray: 3 });
    expect(encodeHex(sealStatesOf(log.entries, { term: TERM, asOf: START }).states[0]!.seal)).to.equal(encodeHex(seal));
  });

  test('that another kind blocks stays under seal, and its absence cannot be shown', () => {
    const log = new SealsLog();
    const seal = log.seal(0);
    log.add('seal', sealSlotAfter(seal), 1);
    expect(count(log, 40)).to.deep.equal({ sealed: 2, released: 0, unreleased: 2, overdue: 2, renewed: 0, stray: 0 });
    const checkpoint = log.checkpoint(40);
    expectRefusal('UNVERIFIED', () => verifySealProof(checkpoint, log.proof(seal), { term: TERM, asOf: START }));
  });

  test('that is released is no more renewed', () => {
    const log = new SealsLog();
    const release = log.release(log.seal(0), 1);
    log.renew(release, 2);
    expect(count(log, 90)).to.deep.equal({ sealed: 1, released: 1, unreleased: 0, overdue: 0, renewed: 0, stray: 1 });
  });

  test('is for its own request only', () => {
    const [nonce, body] = [bytesOf('nonce'), encodeSealBody({ legalBasis: '刑事诉讼法', request: bytesOf('request') })];
    const entry = { kind: KINDS.seal, recordedAt: START, slot: bytesOf('slot'), commitment: commitmentOf(nonce, body) };
    expect(sealFor({ entry, nonce, body }, bytesOf('request'))).to.deep.equal(leafHashOf(encodeEntry(entry)));
    expect(sealFor({ entry, nonce, body }, bytesOf('another'))).to.equal(null);
    expect(sealFor({ entry, nonce: bytesOf('another'), body }, bytesOf('request'))).to.equal(null);
    expect(sealFor({ entry: { ...entry, kind: KINDS['seal-renewal'] }, nonce, body }, bytesOf('request'))).to.equal(null);
  });
});
