/**
 * Which logs have a slot, and at which entry: what a file without a name of a log is found by.
 *
 *   key    u32 generation ‖ slot 32
 *   value  one row per log: log id 32 ‖ u64 entry index
 *
 * A row only says where to look: the map proves what is there. A row at or beyond the size that its log is held to is void, and so are
 * all rows of an older generation: a row that is spoilt speaks for logs that nobody can name, so that all are written anew.
 */
import { ByteReader, concatBytes, equalBytes, u32, u64 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { Batch, KeySpace } from '../../service/store.ts';
import { IndexDamage, readValue } from './damage.ts';

export interface SlotRow {
  readonly logId: Hash;
  readonly entryIndex: number;
}

const ROW_LENGTH = 40;

function decodeRows(value: Uint8Array): SlotRow[] {
  const reader = new ByteReader(value);
  const rows = Array.from({ length: value.length / ROW_LENGTH }, () => ({
    logId: asHash(reader.bytes(32)),
    entryIndex: reader.u64(),
  }));
  reader.end();
  return rows;
}

export class SlotStore {
  readonly #space: KeySpace;
  #generation: number;

  constructor(space: KeySpace, generation: number) {
    this.#space = space;
    this.#generation = generation;
  }

  #key(slot: Hash): Uint8Array {
    return concatBytes(u32(this.#generation), slot);
  }

  /** Throws IndexDamage. */
  find(slot: Hash): SlotRow[] {
    const value = readValue(this.#space, this.#key(slot));
    return value === undefined ? [] : decodeRows(value);
  }

  /** What is to be said when the map shows something at the slot that no row leads to. */
  damageAt(slot: Hash): IndexDamage {
    return new IndexDamage(this.#space, this.#key(slot));
  }

  /** In place of an earlier row of the same log. No other writer may come between this and the batch's end. */
  put(batch: Batch, slot: Hash, row: SlotRow): void {
    const others = this.find(slot).filter(({ logId }) => !equalBytes(logId, row.logId));
    const rows = [...others, row].map(({ logId, entryIndex }) => concatBytes(logId, u64(entryIndex)));
    batch.put(this.#space, this.#key(slot), concatBytes(...rows));
  }

  /** The generation to go on with, to be kept; null when the damage is of one that is void already. */
  renew({ key }: IndexDamage): number | null {
    if (new ByteReader(key).u32() !== this.#generation) return null;
    return ++this.#generation;
  }
}
