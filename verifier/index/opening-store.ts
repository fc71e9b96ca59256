/**
 * Openings of one log's entries, kept as they came: whoever does not know h cannot read them, so neither can we (core/log/opening.ts).
 * Those still to be fetched are listed beside them.
 *
 *   opening  log id 32 ‖ leaf hash 32 → the opening's bytes
 *   wanted   log id 32 ‖ u64 entry index → leaf hash 32
 */
import { ByteReader, concatBytes, u64 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { Batch, KeySpace } from '../../service/store.ts';
import { readValue } from './damage.ts';

export interface WantedOpening {
  readonly entryIndex: number;
  readonly leafHash: Hash;
}

export class OpeningStore {
  readonly #openings: KeySpace;
  readonly #wanted: KeySpace;
  readonly #logId: Hash;

  constructor(openings: KeySpace, wanted: KeySpace, logId: Hash) {
    this.#openings = openings;
    this.#wanted = wanted;
    this.#logId = logId;
  }

  /** Throws IndexDamage. */
  find(leafHash: Hash): Uint8Array | undefined {
    return readValue(this.#openings, concatBytes(this.#logId, leafHash));
  }

  want(batch: Batch, { entryIndex, leafHash }: WantedOpening): void {
    batch.put(this.#wanted, concatBytes(this.#logId, u64(entryIndex)), leafHash);
  }

  put(batch: Batch, { entryIndex, leafHash }: WantedOpening, opening: Uint8Array): void {
    batch.put(this.#openings, concatBytes(this.#logId, leafHash), opening);
    batch.del(this.#wanted, concatBytes(this.#logId, u64(entryIndex)));
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
      const reader = new ByteReader(key);
      reader.bytes(this.#logId.length);
      wanted.push({ entryIndex: reader.u64(), leafHash: asHash(value) });
    }
    return wanted;
  }
}
