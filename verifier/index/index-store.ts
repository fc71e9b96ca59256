/**
 * The LevelDB directory that the whole index lives in. It holds nothing that could not be read again from the chain, the nodes and the
 * witnesses: a directory that is too damaged to be opened is removed and built anew.
 */
import { rm } from 'node:fs/promises';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Logger } from '../../service/logger.ts';
import { openStore, type KeySpace, type Store } from '../../service/store.ts';
import type { IndexDamage } from './damage.ts';
import { MapStore } from './map-store.ts';
import { SlotStore } from './slot-store.ts';

export class IndexStore {
  readonly store: Store;
  readonly map: MapStore;
  readonly slots: SlotStore;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(store: Store) {
    this.store = store;
    this.map = new MapStore(store.space('map'));
    this.slots = new SlotStore(store.space('slot'));
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

  /** Removes the spoilt value, so that it is merely missing. */
  async remove({ space, key }: IndexDamage): Promise<void> {
    await this.store.batch().del(space, key).write({ sync: false });
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    await this.store.close();
  }
}

async function readOnce<Contents>(directory: string, read: (index: IndexStore) => Promise<Contents>): Promise<Contents> {
  const index = new IndexStore(await openStore(directory));
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
