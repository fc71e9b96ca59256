/**
 * Which published checkpoints the chain holds, and in which block:
 *
 *     anchor   u64 size ‖ u64 issuedAt   u64 block number ‖ block hash 32 ‖ u64 block time
 *
 * A copy of what the chain says, made anew from it at every start, so that no write waits for the disk.
 */
import { ByteReader, concatBytes, u64 } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import type { BlockPoint } from '../../core/authority/registry-event.ts';
import type { KeyRange, KeySpace, Store } from '../../service/store.ts';
import { type LogHead, placeOf } from './log-store.ts';

export interface Anchor extends Pick<LogHead, 'size' | 'issuedAt'> {
  readonly block: BlockPoint;
}

function encodeBlock({ number, hash, at }: BlockPoint): Uint8Array {
  return concatBytes(u64(number), hash, u64(at));
}

function decodeAnchor(place: Uint8Array, value: Uint8Array): Anchor {
  const [at, block] = [new ByteReader(place), new ByteReader(value)];
  return {
    size: at.u64(),
    issuedAt: at.u64(),
    block: { number: block.u64(), hash: asHash(block.bytes(32)), at: block.u64() },
  };
}

/** From when on a fact must have been on record, at the latest, to hold for every entry that comes after the anchor. */
export function provedFrom({ issuedAt, block }: Anchor): number {
  return Math.min(issuedAt, block.at);
}

export class Anchors {
  readonly #store: Store;
  readonly #space: KeySpace;
  #newest: Anchor | null = null;

  constructor(store: Store) {
    this.#store = store;
    this.#space = store.space('anchor');
  }

  /** The newest that the chain still holds. */
  get newest(): Anchor | null {
    return this.#newest;
  }

  /** In the chain's order: each one is newer than all before. */
  async record(anchor: Anchor): Promise<void> {
    await this.#store.batch().put(this.#space, placeOf(anchor), encodeBlock(anchor.block)).write({ sync: false });
    this.#newest = anchor;
  }

  /** The chain has lost this block and all after it. True when there was an anchor among them. */
  async forgetFrom(blockNumber: number): Promise<boolean> {
    const batch = this.#store.batch();
    let count = 0;
    this.#newest = null;
    for await (const anchor of this.#iterate({ reverse: true })) {
      if (anchor.block.number < blockNumber) {
        this.#newest = anchor;
        break;
      }
      batch.del(this.#space, placeOf(anchor));
      count++;
    }
    await batch.write({ sync: false });
    return count > 0;
  }

  of(checkpoint: Pick<LogHead, 'size' | 'issuedAt'>): Anchor | undefined {
    const place = placeOf(checkpoint);
    const value = this.#space.getSync(place);
    return value && decodeAnchor(place, value);
  }

  /** The newest of this size. */
  async newestOf(size: number): Promise<Anchor | undefined> {
    return this.#first({ from: placeOf({ size, issuedAt: 0 }), to: placeOf({ size: size + 1, issuedAt: 0 }), reverse: true });
  }

  /** The newest whose checkpoint lacks the entry. */
  async lastWithout(entryIndex: number): Promise<Anchor | undefined> {
    return this.#first({ to: placeOf({ size: entryIndex + 1, issuedAt: 0 }), reverse: true });
  }

  /** The oldest whose checkpoint holds the entry. */
  async firstWith(entryIndex: number): Promise<Anchor | undefined> {
    return this.#first({ from: placeOf({ size: entryIndex + 1, issuedAt: 0 }) });
  }

  async #first(range: KeyRange): Promise<Anchor | undefined> {
    for await (const anchor of this.#iterate({ ...range, limit: 1 })) return anchor;
    return undefined;
  }

  async *#iterate(range: KeyRange): AsyncGenerator<Anchor> {
    for await (const [place, value] of this.#space.iterate(range)) yield decodeAnchor(place, value);
  }
}
