/**
 * Openings of one log's entries, kept as they came: whoever does not know h cannot read them, so neither can we (core/log/opening.ts).
 *
 *   opening  log id 32 ‖ leaf hash 32 → the opening's bytes
 *   wanted   log id 32 → u64: every entry below this index was asked for once
 *            log id 32 ‖ u64 entry index → leaf hash 32: asked for, and not had yet
 */
import { ByteReader, concatBytes, u64 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { KeySpace } from '../../service/store.ts';
import { IndexDamage, readValue } from './damage.ts';
import type { IndexStore } from './index-store.ts';

export interface WantedOpening {
  readonly entryIndex: number;
  readonly leafHash: Hash;
}

/** What asking for an opening came to; null: not had. */
export interface AskedOpening extends WantedOpening {
  readonly opening: Uint8Array | null;
}

export class OpeningStore {
  readonly #index: IndexStore;
  readonly #openings: KeySpace;
  readonly #wanted: KeySpace;
  readonly #logId: Hash;
  #asked = 0;

  private constructor(index: IndexStore, logId: Hash) {
    this.#index = index;
    this.#openings = index.space('opening');
    this.#wanted = index.space('wanted');
    this.#logId = logId;
  }

  /** Throws UNAVAILABLE when it is damaged. */
  static async open(index: IndexStore, logId: Hash): Promise<OpeningStore> {
    const openings = new OpeningStore(index, logId);
    const stored = await openings.#wanted.get(logId);
    if (stored !== undefined) openings.#asked = new ByteReader(stored).u64();
    return openings;
  }

  /** Every entry below this index was asked for once. */
  get asked(): number {
    return this.#asked;
  }

  /** Throws IndexDamage. */
  find(leafHash: Hash): Uint8Array | undefined {
    return readValue(this.#openings, concatBytes(this.#logId, leafHash));
  }

  /** True when it is there and whole. */
  has(leafHash: Hash): boolean {
    try {
      return this.find(leafHash) !== undefined;
    } catch (error) {
      if (error instanceof IndexDamage) return false;
      throw error;
    }
  }

  /** Keeps what came of asking, and that everything below `asked` was asked for. */
  async keep(answers: readonly AskedOpening[], asked = this.#asked): Promise<void> {
    const batch = this.#index.store.batch();
    for (const { entryIndex, leafHash, opening } of answers) {
      const wantedKey = concatBytes(this.#logId, u64(entryIndex));
      if (opening === null) batch.put(this.#wanted, wantedKey, leafHash);
      else batch.put(this.#openings, concatBytes(this.#logId, leafHash), opening).del(this.#wanted, wantedKey);
    }
    batch.put(this.#wanted, this.#logId, u64(asked));
    await batch.write({ sync: false });
    this.#asked = asked;
  }

  /** All entries are to be looked at again: what is there and whole is not asked for. */
  rewind(): void {
    this.#asked = 0;
  }

  /** In the order of their entries, from `fromIndex` on. */
  async wantedFrom(fromIndex: number, limit: number): Promise<WantedOpening[]> {
    const range = {
      from: concatBytes(this.#logId, u64(fromIndex)),
      to: concatBytes(this.#logId, new Uint8Array(8).fill(0xff)),
      limit,
    };
    const wanted: WantedOpening[] = [];
    for await (const [key, value] of this.#wanted.iterate(range)) {
      const entryIndex = new ByteReader(key.subarray(this.#logId.length)).u64();
      wanted.push({ entryIndex, leafHash: asHash(value) });
    }
    return wanted;
  }
}
