/**
 * The heads of one log: the sizes at which our own replay came to both roots of a checkpoint that the log signed.
 *
 *   key    log id 32 ‖ u64 size
 *   value  root hash 32 ‖ map root 32 ‖ the note, UTF-8
 *
 * The newest head is what the log is held to: whatever else the index has of it beyond that size is void.
 */
import { ByteReader, concatBytes, decodeUtf8, encodeUtf8, equalBytes, u64 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { EMPTY_MAP } from '../../core/log/map.ts';
import { EMPTY_ROOT } from '../../core/log/tree.ts';
import type { KeySpace, Store } from '../../service/store.ts';

export interface Head {
  readonly size: number;
  readonly rootHash: Hash;
  readonly mapRoot: Hash;
  /** The signed checkpoint, as text; '' for the empty log, which needs nobody's word. */
  readonly note: string;
}

/** More than any reader comes back to. */
const MAX_HEADS = 1024;
const EMPTY_HEAD: Head = { size: 0, rootHash: EMPTY_ROOT, mapRoot: EMPTY_MAP, note: '' };

export function headKey(logId: Hash, size: number): Uint8Array {
  return concatBytes(logId, u64(size));
}

export function encodeHead({ rootHash, mapRoot, note }: Head): Uint8Array {
  return concatBytes(rootHash, mapRoot, encodeUtf8(note));
}

export function decodeHead(key: Uint8Array, value: Uint8Array): Head {
  const size = new ByteReader(key.subarray(32)).u64();
  const reader = new ByteReader(value);
  return { size, rootHash: asHash(reader.bytes(32)), mapRoot: asHash(reader.bytes(32)), note: decodeUtf8(reader.rest()) };
}

export class HeadStore {
  readonly #store: Store;
  readonly #space: KeySpace;
  readonly #logId: Hash;
  /** In the order of their sizes, the empty one first. */
  #heads: readonly Head[] = [EMPTY_HEAD];

  private constructor(store: Store, space: KeySpace, logId: Hash) {
    this.#store = store;
    this.#space = space;
    this.#logId = logId;
  }

  /** Throws UNAVAILABLE when a head is damaged. */
  static async open(store: Store, space: KeySpace, logId: Hash): Promise<HeadStore> {
    const heads = new HeadStore(store, space, logId);
    const read: Head[] = [EMPTY_HEAD];
    const range = { from: headKey(logId, 1), to: concatBytes(logId, new Uint8Array(8).fill(0xff)) };
    for await (const [key, value] of space.iterate(range)) read.push(decodeHead(key, value));
    heads.#heads = read;
    return heads;
  }

  get newest(): Head {
    return this.#heads.at(-1)!;
  }

  at(size: number): Head | undefined {
    const head = this.below(size);
    return head.size === size ? head : undefined;
  }

  /** The largest that is not above `size`. */
  below(size: number): Head {
    let [low, high] = [0, this.#heads.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#heads[middle]!.size <= size) low = middle;
      else high = middle;
    }
    return this.#heads[low]!;
  }

  /** Everything that the head stands on has been written before. */
  async add(head: Head): Promise<void> {
    const others = this.#heads.filter(({ size }) => size !== head.size);
    const heads = [...others, head].sort((a, b) => a.size - b.size);
    const dropped = heads.length > MAX_HEADS ? heads.splice(1, heads.length - MAX_HEADS) : [];
    const batch = this.#store.batch();
    batch.put(this.#space, headKey(this.#logId, head.size), encodeHead(head));
    for (const { size } of dropped) batch.del(this.#space, headKey(this.#logId, size));
    await batch.write({ sync: false });
    this.#heads = heads;
  }

  /** From here on the log is held to nothing. */
  async clear(): Promise<void> {
    const sizes = this.#heads.slice(1).map(({ size }) => size);
    this.#heads = [EMPTY_HEAD];
    const batch = this.#store.batch();
    for (const size of sizes) batch.del(this.#space, headKey(this.#logId, size));
    await batch.write({ sync: false });
  }
}

export type Roots = Pick<Head, 'rootHash' | 'mapRoot'>;

export function hasRoots(a: Roots, b: Roots): boolean {
  return equalBytes(a.rootHash, b.rootHash) && equalBytes(a.mapRoot, b.mapRoot);
}
