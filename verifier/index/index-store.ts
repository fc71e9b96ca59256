/**
 * The LevelDB directory that the whole index lives in. It holds nothing that could not be read again from the chain, the nodes and the
 * witnesses: a directory that is too damaged to be opened is removed and built anew.
 */
import { rm } from 'node:fs/promises';
import { ByteReader, u32 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Logger } from '../../service/logger.ts';
import { openStore, type KeySpace, type Store } from '../../service/store.ts';
import type { IndexDamage } from './damage.ts';
import { MapStore } from './map-store.ts';
import { SlotStore } from './slot-store.ts';

const NO_KEY = new Uint8Array();
/** Of the slot index: u32. */
const GENERATION_SPACE = 'generation';

export class IndexStore {
  readonly store: Store;
  readonly map: MapStore;
  readonly slots: SlotStore;
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, slotGeneration: number) {
    this.store = store;
    this.map = new MapStore(store.space('map'));
    this.slots = new SlotStore(store.space('slot'), slotGeneration);
  }

  /** Throws as `openStore`. */
  static async open(directory: string): Promise<IndexStore> {
    const store = await openStore(directory);
    try {
      const stored = await store.space(GENERATION_SPACE).get(NO_KEY);
      return new IndexStore(store, stored === undefined ? 0 : new ByteReader(stored).u32());
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  space(name: string): KeySpace {
    return this.store.space(name);
  }

  /** One `work` at a time, over all logs: for values that are read, changed and written back. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = done.catch(() => {});
    return done;
  }

  /** Removes what is spoilt, so that it is merely missing: the value, or the whole slot index. */
  async repair(damage: IndexDamage): Promise<void> {
    const { space, key } = damage;
    const batch = this.store.batch();
    const generation = space.name === 'slot' ? this.slots.renew(damage) : null;
    if (generation === null) batch.del(space, key);
    else batch.put(this.space(GENERATION_SPACE), NO_KEY, u32(generation));
    await batch.write({ sync: false });
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    await this.store.close();
  }
}

async function readOnce<Contents>(directory: string, read: (index: IndexStore) => Promise<Contents>): Promise<Contents> {
  const index = await IndexStore.open(directory);
  try {
    return await read(index);
  } catch (error) {
    await index.close();
    throw error;
  }
}

/**
 * `read` takes from the index all that is needed to begin; when that is damaged, it is called again on an empty one. Throws CONFLICT
 * when another process has the directory, and whatever `read` throws besides UNAVAILABLE.
 */
export async function openIndex<Contents>(
  directory: string,
  logger: Logger,
  read: (index: IndexStore) => Promise<Contents>,
): Promise<Contents> {
  try {
    return await readOnce(directory, read);
  } catch (error) {
    if (!isCodedError(error, 'UNAVAILABLE')) throw error;
    logger.warn({ error }, 'the index is damaged and is built anew');
    await rm(directory, { recursive: true, force: true });
    return readOnce(directory, read);
  }
}
