/** Checks a whole log from its stored bytes, with core/ alone: nothing of node/ but the names of its key spaces is believed. */
import { expect } from 'chai';
import { ByteReader, decodeUtf8, encodeHex, equalBytes, u64, u8, concatBytes } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { decodeMapNode, isMapLeaf, mapHashOf, type MapReader } from '../../core/log/map.ts';
import { parseNote, verifyNote } from '../../core/log/note.ts';
import { verifyPromise } from '../../core/log/promise.ts';
import { lookUpSlot } from '../../core/log/slot-proof.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { Store } from '../../service/store.ts';
import { MemoryMap, MemoryTree } from '../log/memory-log.ts';
import { LOG_KEY, ORIGIN, readAnswer, TERMS } from './fixture.ts';

async function all(store: Store, space: string): Promise<(readonly [Uint8Array, Uint8Array])[]> {
  const rows: (readonly [Uint8Array, Uint8Array])[] = [];
  for await (const row of store.space(space).iterate()) rows.push(row);
  return rows;
}

export interface Audit {
  readonly size: number;
  /** Leaf hashes in hex, in order. */
  readonly leafHashes: readonly string[];
  /** Sizes of the published checkpoints, in order. */
  readonly sizes: readonly number[];
}

/** Every entry is published, and every checkpoint ever published is of this log. `registered` is what the register holds. */
export async function auditLog(
  store: Store,
  registered: string | null,
  logKey = LOG_KEY,
  quantum = TERMS.quantum,
): Promise<Audit> {
  const entries = (await all(store, 'entry')).map(([key, value]) => ({ index: new ByteReader(key).u64(), value }));
  const [tree, map] = [new MemoryTree(), new MemoryMap()];
  const leafHashes: string[] = [];
  const mapRoots = [map.root];
  let lastAt = 0;
  for (const [i, { index, value }] of entries.entries()) {
    expect(index, 'no index is left out').to.equal(i);
    const { slot, recordedAt } = decodeEntry(value);
    const leafHash = leafHashOf(value);
    expect(recordedAt % quantum).to.equal(0);
    expect(recordedAt).to.be.at.least(lastAt);
    lastAt = recordedAt;
    tree.append(leafHash);
    map.insert({ slot, leafHash });
    mapRoots.push(map.root);
    leafHashes.push(encodeHex(leafHash));
    expect(store.space('slot').getSync(slot)).to.deep.equal(u64(i));
    expect(store.space('opening').getSync(leafHash), 'each entry has its opening').to.be.instanceOf(Uint8Array);
  }
  for (const [key, value] of await all(store, 'node')) {
    const reader = new ByteReader(key);
    const [level, nodeIndex] = [reader.u8(), reader.u64()];
    expect(encodeHex(value)).to.equal(encodeHex(tree.node(level, nodeIndex)));
  }
  const mapReader: MapReader = { get: (mapHash) => decodeMapNode(store.space('map').getSync(mapHash)!) };
  for (const [key, value] of await all(store, 'map')) {
    const node = decodeMapNode(value);
    expect(encodeHex(mapHashOf(node))).to.equal(encodeHex(key));
    if (isMapLeaf(node)) expect(leafHashes).to.include(encodeHex(node.leafHash));
  }
  const notes = (await all(store, 'checkpoint')).map(([, value]) => decodeUtf8(value));
  let previousAt = 0;
  for (const text of notes) {
    const note = parseNote(text);
    verifyNote(note, logKey);
    const { origin, size, rootHash, mapRoot, issuedAt } = note.checkpoint;
    expect(origin).to.equal(ORIGIN);
    expect(issuedAt).to.be.greaterThan(previousAt);
    previousAt = issuedAt;
    expect(encodeHex(rootHash)).to.equal(encodeHex(rootAt(size, tree)));
    expect(encodeHex(mapRoot)).to.equal(encodeHex(mapRoots[size]!));
    if (size > 0) expect(decodeEntry(entries[size - 1]!.value).recordedAt).to.be.at.most(issuedAt);
    for (const { value } of entries.slice(0, size)) {
      const { slot } = decodeEntry(value);
      expect(equalBytes(lookUpSlot(mapRoot, slot, mapReader)!, leafHashOf(value))).to.equal(true);
    }
  }
  const sizes = notes.map((text) => parseNote(text).checkpoint.size);
  expect(registered, 'the register holds the newest note').to.equal(notes.at(-1) ?? null);
  expect(sizes.at(-1) ?? 0, 'every entry is published').to.equal(entries.length);
  for (const [level, nodeIndex] of completeNodes(entries.length)) {
    expect(store.space('node').getSync(concatBytes(u8(level), u64(nodeIndex))), `node ${level}/${nodeIndex}`).to.be.instanceOf(
      Uint8Array,
    );
  }
  return { size: entries.length, leafHashes, sizes };
}

function* completeNodes(size: number): Generator<readonly [level: number, nodeIndex: number]> {
  for (let level = 0; 2 ** level <= size; level++) {
    for (let nodeIndex = 0; (nodeIndex + 1) * 2 ** level <= size; nodeIndex++) yield [level, nodeIndex];
  }
}

/** Every promise of the answer holds, and is kept by the log as it stands. Returns the indexes. */
export function verifyAnswer(answer: Uint8Array, { leafHashes }: Audit, logKey = LOG_KEY, span = TERMS.promiseSpan): number[] {
  return readAnswer(answer).entries.map(({ leafHash, index, promise }) => {
    expect(promise.leafHash).to.equal(leafHash);
    expect(leafHashes[index]).to.equal(leafHash);
    const { issuedAt, deadline: deadlineAt } = promise;
    const [logId, slot] = [hashFromHex(promise.logId), hashFromHex(promise.slot)];
    const said = { logId, slot, leafHash: asHash(decodeHex(leafHash)), issuedAt, deadlineAt };
    verifyPromise(said, span, logKey, parseSignature(decodeHex(promise.signature)));
    return index;
  });
}
