/**
 * Entries that are promised and not in the log yet, because their quantum is not over:
 *
 *     pending   u64 time ‖ slot 32   entry 74 ‖ u64 issuedAt ‖ u64 deadline        the promise's two times
 *
 * The keys are in the order in which the log will have them. All of them are in memory as well: one quantum's, or two.
 */
import { ByteReader, compareBytes, concatBytes, encodeHex, u64 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { decodeEntry, ENTRY_LENGTH, type Entry } from '../../core/log/entry.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import type { Batch, KeySpace, Store } from '../../service/store.ts';

export interface PendingEntry {
  readonly entry: Entry;
  readonly entryBytes: Uint8Array;
  readonly leafHash: Hash;
  /** Of its promise. */
  readonly issuedAt: number;
  readonly deadlineAt: number;
}

function keyOf({ recordedAt, slot }: Entry): Uint8Array {
  return concatBytes(u64(recordedAt), slot);
}

function decodePending(bytes: Uint8Array): PendingEntry {
  const reader = new ByteReader(bytes);
  const entryBytes = reader.bytes(ENTRY_LENGTH).slice();
  const [issuedAt, deadlineAt] = [reader.u64(), reader.u64()];
  reader.end();
  return { entry: decodeEntry(entryBytes), entryBytes, leafHash: leafHashOf(entryBytes), issuedAt, deadlineAt };
}

export class PendingEntries {
  readonly #space: KeySpace;
  readonly #bySlot = new Map<string, PendingEntry>();

  private constructor(space: KeySpace) {
    this.#space = space;
  }

  static async load(store: Store): Promise<PendingEntries> {
    const pending = new PendingEntries(store.space('pending'));
    for await (const [, value] of pending.#space.iterate()) pending.hold(decodePending(value));
    return pending;
  }

  get all(): Iterable<PendingEntry> {
    return this.#bySlot.values();
  }

  get count(): number {
    return this.#bySlot.size;
  }

  at(slot: Hash): PendingEntry | undefined {
    return this.#bySlot.get(encodeHex(slot));
  }

  put(write: Batch, { entry, entryBytes, issuedAt, deadlineAt }: PendingEntry): void {
    write.put(this.#space, keyOf(entry), concatBytes(entryBytes, u64(issuedAt), u64(deadlineAt)));
  }

  /** Once it is on disk. */
  hold(entry: PendingEntry): void {
    this.#bySlot.set(encodeHex(entry.entry.slot), entry);
  }

  /** Those from before that instant, sorted by (time, slot). */
  before(time: number): PendingEntry[] {
    const due = [...this.#bySlot.values()].filter(({ entry }) => entry.recordedAt < time);
    return due.sort((a, b) => a.entry.recordedAt - b.entry.recordedAt || compareBytes(a.entry.slot, b.entry.slot));
  }

  /** To go with the write that has them in the log. */
  remove(write: Batch, entries: readonly PendingEntry[]): void {
    for (const { entry } of entries) write.del(this.#space, keyOf(entry));
  }

  /** Once that write is on disk. */
  release(entries: readonly PendingEntry[]): void {
    for (const { entry } of entries) this.#bySlot.delete(encodeHex(entry.slot));
  }
}
