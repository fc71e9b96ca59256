/** A log in memory whose tree, map and times its owner makes as it likes: what a department's node would hold, and could lie about. */
import { randomBytes } from 'node:crypto';
import { equalBytes } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { commitmentOf, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { sealOpening } from '../../core/log/opening.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { type HistorySecret, slotAt } from '../../core/log/slot.ts';
import { encodeSlotProof, proveSlot } from '../../core/log/slot-proof.ts';
import { encodeEntryBundle, encodeHashTile, TILE_WIDTH, type TileId, tileWidthAt } from '../../core/log/tile.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import type { LookupAnswer, LookupQuestion } from '../../core/verify/lookup.ts';
import type { Draft, Histories, RecordedEntry, SaidEntry } from '../../node/log/batch.ts';
import { MemoryMap, MemoryTree } from '../log/memory-log.ts';

export interface Row extends RecordedEntry {
  readonly draft: Draft;
  readonly bytes: Uint8Array;
  readonly opening: Uint8Array;
}

/** What the node shows at a moment: a note over some entries, and the map that it proves from. */
export interface Face {
  readonly log: EvilLog;
  readonly map: MemoryMap;
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

const IV_LENGTH = 12;

export class EvilLog implements Histories {
  readonly origin: Origin;
  readonly logId: Hash;
  readonly tree = new MemoryTree();
  readonly rows: Row[] = [];

  constructor(origin: Origin) {
    this.origin = origin;
    this.logId = logIdOf(origin);
  }

  get size(): number {
    return this.rows.length;
  }

  /** As it was at a size: an old backup, or a second copy. */
  copyAt(size: number): EvilLog {
    const copy = new EvilLog(this.origin);
    for (const row of this.rows.slice(0, size)) copy.#push(row);
    return copy;
  }

  #push(row: Row): void {
    this.rows.push(row);
    this.tree.append(row.leafHash);
  }

  history(h: HistorySecret): SaidEntry[] {
    const rows = this.rows.filter(({ draft }) => equalBytes(draft.h, h));
    return rows.map(({ draft }) => ({ kind: draft.kind, open: () => draft }));
  }

  /** What the next entries would be. */
  recordOf(drafts: readonly Draft[], recordedAt: number): Row[] {
    const copy = this.copyAt(this.size);
    for (const draft of drafts) copy.#push(copy.#rowOf(draft, recordedAt));
    return copy.rows.slice(this.size);
  }

  append(rows: readonly Row[]): void {
    for (const row of rows) this.#push(row);
  }

  #rowOf(draft: Draft, recordedAt: number): Row {
    const { kind, h, nonce, body } = draft;
    const entry = {
      kind: KINDS[kind],
      recordedAt,
      slot: slotAt(h, this.history(h).length),
      commitment: commitmentOf(nonce, body),
    };
    const bytes = encodeEntry(entry);
    const opening = sealOpening({ h, logId: this.logId, entry }, { nonce, body }, randomBytes(IV_LENGTH));
    return { kind, entry, entryIndex: this.size, leafHash: leafHashOf(bytes), draft, bytes, opening };
  }

  /** The map of its entries, but for some. */
  mapWithout(...left: readonly number[]): MemoryMap {
    const map = new MemoryMap();
    const rows = this.rows.filter(({ entryIndex }) => !left.includes(entryIndex));
    if (rows.length > 0) map.insert(...rows.map(({ entry, leafHash }) => ({ slot: entry.slot, leafHash })));
    return map;
  }

  checkpointWith(map: MemoryMap, issuedAt: number): Checkpoint {
    const { origin, size } = this;
    return { origin, size, rootHash: rootAt(size, this.tree), mapRoot: map.root, issuedAt };
  }

  openingOf(leafHash: Hash): Uint8Array | undefined {
    return this.rows.find((row) => equalBytes(row.leafHash, leafHash))?.opening;
  }
}

/** Undefined beyond what the face's note covers. */
export function readTile({ log, checkpoint }: Face, { level, tileIndex, width }: TileId): Uint8Array | undefined {
  if (width > tileWidthAt(checkpoint.size, level, tileIndex)) return undefined;
  const first = tileIndex * TILE_WIDTH;
  if (level === 'entries') return encodeEntryBundle(log.rows.slice(first, first + width).map(({ bytes }) => bytes));
  return encodeHashTile(Array.from({ length: width }, (_, i) => log.tree.node(8 * level, first + i)));
}

export function lookUpIn({ log, map, checkpoint, note }: Face, { slots }: LookupQuestion): LookupAnswer {
  const { logId } = log;
  const proved = slots.map((slot) => {
    const proof = proveSlot(map.root, slot, map);
    const isThere = proof.end !== null && equalBytes(proof.end.slot, slot);
    const row = isThere ? log.rows.find(({ leafHash }) => equalBytes(leafHash, proof.end!.leafHash)) : undefined;
    return { slot, logId, map: encodeSlotProof(proof), row };
  });
  const present = proved.flatMap(({ row, ...said }) => {
    if (row === undefined) return [];
    const { entryIndex: index, bytes: entry, opening } = row;
    return [{ ...said, index, entry, inclusion: proveInclusion(index, checkpoint.size, log.tree), opening }];
  });
  const absent = proved.flatMap(({ row, ...said }) => (row === undefined ? [said] : []));
  return { logs: [{ logId, checkpoint: note, polledMsAgo: 0, trouble: null, anchors: [] }], present, absent };
}
