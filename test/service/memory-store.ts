/** The store's contract in memory, for tests of what stands on it. */
import { compareBytes, concatBytes, decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Batch, KeyRange, KeySpace, Store } from '../../service/store.ts';
import { keySpacePrefix } from '../../service/store.ts';

class Values {
  readonly byKey = new Map<string, Uint8Array>();
  isOpen = true;

  /** The map, while the store is open. */
  read(): Map<string, Uint8Array> {
    if (!this.isOpen) throw unavailable('the store is closed');
    return this.byKey;
  }
}

class MemorySpace implements KeySpace {
  readonly name: string;
  readonly prefix: Uint8Array;
  readonly #values: Values;

  constructor(values: Values, name: string) {
    this.name = name;
    this.prefix = keySpacePrefix(name);
    this.#values = values;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    return this.#values
      .read()
      .get(encodeHex(concatBytes(this.prefix, key)))
      ?.slice();
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.getSync(key);
  }

  async has(key: Uint8Array): Promise<boolean> {
    return this.getSync(key) !== undefined;
  }

  async *iterate({ from, to, reverse = false, limit = -1 }: KeyRange = {}): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    const prefix = encodeHex(this.prefix);
    const found: (readonly [Uint8Array, Uint8Array])[] = [];
    for (const [hex, value] of this.#values.read()) {
      const key = decodeHex(hex).subarray(this.prefix.length);
      if (!hex.startsWith(prefix) || (from && compareBytes(key, from) < 0) || (to && compareBytes(key, to) >= 0)) continue;
      found.push([key, value.slice()]);
    }
    found.sort(([a], [b]) => compareBytes(a, b) * (reverse ? -1 : 1));
    yield* limit < 0 ? found : found.slice(0, limit);
  }
}

class MemoryBatch implements Batch {
  readonly #values: Values;
  readonly #changes: (readonly [hex: string, value: Uint8Array | undefined])[] = [];

  constructor(values: Values) {
    this.#values = values;
  }

  put(space: KeySpace, key: Uint8Array, value: Uint8Array): this {
    this.#changes.push([encodeHex(concatBytes(space.prefix, key)), value.slice()]);
    return this;
  }

  del(space: KeySpace, key: Uint8Array): this {
    this.#changes.push([encodeHex(concatBytes(space.prefix, key)), undefined]);
    return this;
  }

  async write(): Promise<void> {
    const byKey = this.#values.read();
    for (const [hex, value] of this.#changes) {
      if (value) byKey.set(hex, value);
      else byKey.delete(hex);
    }
  }
}

export function createMemoryStore(): Store {
  const values = new Values();
  return {
    space: (name) => new MemorySpace(values, name),
    batch: () => {
      values.read();
      return new MemoryBatch(values);
    },
    close: async () => {
      values.isOpen = false;
    },
  };
}
