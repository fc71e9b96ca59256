/**
 * The chain's events as they were read, so that a start need not read the chain from its first block.
 *
 *   event   u64 block number ‖ u32 place in the update → the event
 *   cursor  '' → where the reader stopped, written with the events up to there; 'identity' → which chain it is
 *
 * Values are in the structured-clone format of node:v8: they are our own, checked by the store, and can always be read again.
 */
import { deserialize, serialize } from 'node:v8';
import { concatBytes, encodeUtf8, u32, u64 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { ChainEvent } from '../../core/authority/registry-event.ts';
import type { ChainUpdate, ReaderCursor } from '../../chain/reader.ts';
import type { KeySpace } from '../../service/store.ts';
import type { IndexStore } from './index-store.ts';

/** Which chain the index was built on. */
export interface ChainIdentity {
  readonly chainId: number;
  readonly genesisHash: Hash;
  /** 20 bytes. */
  readonly anchorAddress: Uint8Array;
}

export interface StoredEvents {
  /** In the order of the chain. */
  readonly events: readonly ChainEvent[];
  /** Where to go on; null before the first read. */
  readonly cursor: ReaderCursor | null;
}

const NO_KEY = new Uint8Array();
const IDENTITY_KEY = encodeUtf8('identity');

export class EventStore {
  readonly #index: IndexStore;
  readonly #events: KeySpace;
  readonly #cursor: KeySpace;

  constructor(index: IndexStore) {
    this.#index = index;
    this.#events = index.space('event');
    this.#cursor = index.space('cursor');
  }

  /** Throws UNAVAILABLE when it is damaged. */
  async identity(): Promise<ChainIdentity | null> {
    const value = await this.#cursor.get(IDENTITY_KEY);
    if (value === undefined) return null;
    const identity = deserialize(value) as ChainIdentity;
    return { ...identity, genesisHash: asHash(identity.genesisHash) };
  }

  async setIdentity(identity: ChainIdentity): Promise<void> {
    await this.#index.store.batch().put(this.#cursor, IDENTITY_KEY, serialize(identity)).write({ sync: false });
  }

  /** Throws UNAVAILABLE when they are damaged. */
  async read(): Promise<StoredEvents> {
    const cursor = await this.#cursor.get(NO_KEY);
    const events: ChainEvent[] = [];
    for await (const [, value] of this.#events.iterate()) events.push(deserialize(value) as ChainEvent);
    return { events, cursor: cursor === undefined ? null : (deserialize(cursor) as ReaderCursor) };
  }

  /** Forgets what was lost, adds what is new, and moves the cursor: all of it or nothing. */
  async write({ lost, events }: ChainUpdate, cursor: ReaderCursor): Promise<void> {
    const batch = this.#index.store.batch();
    if (lost !== null) {
      for await (const [key] of this.#events.iterate({ from: u64(lost) })) batch.del(this.#events, key);
    }
    for (const [place, event] of events.entries()) {
      batch.put(this.#events, concatBytes(u64(event.block.number), u32(place)), serialize(event));
    }
    batch.put(this.#cursor, NO_KEY, serialize(cursor));
    await batch.write({ sync: false });
  }
}
