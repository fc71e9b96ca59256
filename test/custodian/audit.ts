/** Checks a whole access log from its stored bytes, with core/ alone: nothing of node/ but the names of its key spaces is believed. */
import { expect } from 'chai';
import { ByteReader, compareBytes, decodeUtf8, encodeHex } from '../../core/bytes/bytes.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { parseNote, verifyNote } from '../../core/log/note.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import type { Store } from '../../service/store.ts';
import { MemoryMap, MemoryTree } from '../log/memory-log.ts';
import { LOG_KEY } from '../node/fixture.ts';
import { ORIGIN, QUANTUM } from './fixture.ts';

export interface Audit {
  readonly size: number;
  /** In hex, in order. */
  readonly leafHashes: readonly string[];
  /** Of entries that are promised and not in the tree. */
  readonly pending: readonly string[];
  readonly checkpoints: readonly { readonly size: number; readonly issuedAt: number }[];
}

async function all(store: Store, space: string): Promise<(readonly [Uint8Array, Uint8Array])[]> {
  const rows: (readonly [Uint8Array, Uint8Array])[] = [];
  for await (const row of store.space(space).iterate()) rows.push(row);
  return rows;
}

/** Both roots of every checkpoint; entries sorted; no quantum split by a checkpoint, none that is not over in one. */
export async function auditLog(store: Store, registered: string | null): Promise<Audit> {
  const entries = (await all(store, 'entry')).map(([, value]) => value);
  const [tree, map] = [new MemoryTree(), new MemoryMap()];
  const mapRoots = [map.root];
  for (const [i, entryBytes] of entries.entries()) {
    const { slot, recordedAt } = decodeEntry(entryBytes);
    expect(recordedAt % QUANTUM).to.equal(0);
    const before = i > 0 ? decodeEntry(entries[i - 1]!) : null;
    if (before !== null) {
      const isAfter = before.recordedAt < recordedAt || (before.recordedAt === recordedAt && compareBytes(before.slot, slot) < 0);
      expect(isAfter, 'entries are sorted by (time, slot)').to.equal(true);
    }
    tree.append(leafHashOf(entryBytes));
    map.insert({ slot, leafHash: leafHashOf(entryBytes) });
    mapRoots.push(map.root);
  }
  const notes = (await all(store, 'checkpoint')).map(([, value]) => decodeUtf8(value));
  const checkpoints = notes.map((text) => {
    const note = parseNote(text);
    verifyNote(note, LOG_KEY);
    const { origin, size, rootHash, mapRoot, issuedAt } = note.checkpoint;
    expect(origin).to.equal(ORIGIN);
    expect(encodeHex(rootHash)).to.equal(encodeHex(rootAt(size, tree)));
    expect(encodeHex(mapRoot)).to.equal(encodeHex(mapRoots[size]!));
    const quantum = issuedAt - (issuedAt % QUANTUM);
    if (size > 0) expect(decodeEntry(entries[size - 1]!).recordedAt, 'its quantum is over').to.be.below(quantum);
    if (size < entries.length) expect(decodeEntry(entries[size]!).recordedAt, 'no quantum is split').to.be.at.least(quantum);
    return { size, issuedAt };
  });
  expect(registered, 'the register holds the newest note').to.equal(notes.at(-1) ?? null);
  expect(checkpoints.at(-1)?.size ?? 0, 'all that is in the tree is published').to.equal(entries.length);
  const pending = (await all(store, 'pending')).map(([, value]) => encodeHex(leafHashOf(new ByteReader(value).bytes(74))));
  const leafHashes = entries.map((entryBytes) => encodeHex(leafHashOf(entryBytes)));
  expect(new Set([...leafHashes, ...pending]).size).to.equal(leafHashes.length + pending.length);
  return { size: entries.length, leafHashes, pending, checkpoints };
}
