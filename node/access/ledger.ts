/**
 * What a custodian decided about single entries, by leaf hash. Nobody's number and no word of anybody's data can be read in it:
 *
 *     erased      leaf hash            u64 place of its key ‖ leaf hash 32 of the kind 20
 *     withheld    leaf hash            law and article by which it is not shown, UTF-8
 *     held        leaf hash            why it must not be erased, UTF-8, sealed: it may name somebody
 *     objection   leaf hash of an 18   leaf hash 32 of the entry it is about ‖ u64 saidAt ‖ u64 dueAt
 *     answered    leaf hash of an 18   leaf hash 32 of the last 19
 *     taken       leaf hash of a 32    u8 1: an access was sealed under it
 *     released    leaf hash of a 32    u8 1: that access stands in the persons' histories
 */
import { ByteReader, concatBytes, decodeUtf8, encodeUtf8, u64 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { KeySpace, Store } from '../../service/store.ts';

export interface KeptObjection {
  /** Of the entry that it is about. */
  readonly entry: Hash;
  readonly saidAt: number;
  readonly dueAt: number;
}

export interface OpenObjection extends KeptObjection {
  /** Leaf hash of the 18. */
  readonly leafHash: Hash;
}

const YES = Uint8Array.of(1);

export class Ledger {
  readonly #store: Store;
  readonly erased: KeySpace;
  readonly objections: KeySpace;
  readonly answered: KeySpace;
  readonly taken: KeySpace;
  readonly released: KeySpace;
  readonly #withheld: KeySpace;
  readonly #held: SealedSpace;

  constructor(store: Store, records: RecordsKey) {
    this.#store = store;
    this.erased = store.space('erased');
    this.objections = store.space('objection');
    this.answered = store.space('answered');
    this.taken = store.space('taken');
    this.released = store.space('released');
    this.#withheld = store.space('withheld');
    this.#held = new SealedSpace(store, 'held', records);
  }

  /** Places of keys that are to stay erased, whatever is restored. */
  async erasedPlaces(): Promise<number[]> {
    const places: number[] = [];
    for await (const [, value] of this.erased.iterate()) places.push(new ByteReader(value).u64());
    return places;
  }

  encodeErased(place: number, erasure: Hash): Uint8Array {
    return concatBytes(u64(place), erasure);
  }

  isErased(leafHash: Hash): boolean {
    return this.erasedPlace(leafHash) !== null;
  }

  /** Where its key stood, or null. */
  erasedPlace(leafHash: Hash): number | null {
    const value = this.erased.getSync(leafHash);
    return value === undefined ? null : new ByteReader(value).u64();
  }

  /** The law by which it is not shown, or null. */
  withheldBy(leafHash: Hash): string | null {
    const bytes = this.#withheld.getSync(leafHash);
    return bytes === undefined ? null : decodeUtf8(bytes);
  }

  /** Why it must not be erased, or null. */
  heldBecause(leafHash: Hash): string | null {
    const bytes = this.#held.getSync(leafHash);
    return bytes === undefined ? null : decodeUtf8(bytes);
  }

  /** Null takes it back. */
  async withhold(leafHash: Hash, legalBasis: string | null): Promise<void> {
    const write = this.#store.batch();
    if (legalBasis === null) write.del(this.#withheld, leafHash);
    else write.put(this.#withheld, leafHash, encodeUtf8(legalBasis));
    await write.write({ sync: true });
  }

  /** Null lifts it. */
  async hold(leafHash: Hash, reason: string | null): Promise<void> {
    const write = this.#store.batch();
    if (reason === null) this.#held.del(write, leafHash);
    else this.#held.put(write, leafHash, encodeUtf8(reason));
    await write.write({ sync: true });
  }

  encodeObjection({ entry, saidAt, dueAt }: KeptObjection): Uint8Array {
    return concatBytes(entry, u64(saidAt), u64(dueAt));
  }

  objection(leafHash: Hash): OpenObjection | null {
    const value = this.objections.getSync(leafHash);
    return value === undefined ? null : decodeObjection(leafHash, value);
  }

  /** Those that have no reply, the oldest first. */
  async openObjections(): Promise<OpenObjection[]> {
    const open: OpenObjection[] = [];
    for await (const [key, value] of this.objections.iterate()) {
      const leafHash = asHash(key);
      if (this.answered.getSync(leafHash) === undefined) open.push(decodeObjection(leafHash, value));
    }
    return open.sort((a, b) => a.saidAt - b.saidAt);
  }

  yes(): Uint8Array {
    return YES;
  }
}

function decodeObjection(leafHash: Hash, value: Uint8Array): OpenObjection {
  const reader = new ByteReader(value);
  const entry = asHash(reader.bytes(32).slice());
  const [saidAt, dueAt] = [reader.u64(), reader.u64()];
  return { leafHash, entry, saidAt, dueAt };
}
