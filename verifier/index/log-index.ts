/**
 * What a verifier holds of one log: its tiles, its map, its openings, and the heads that it is held to. Reads are synchronous, from
 * LevelDB or from memory: they are the hot path of look-ups.
 */
import type { Hash } from '../../core/bytes/hash.ts';
import { rootAt } from '../../core/log/tree.ts';
import type { IndexDamage } from './damage.ts';
import { HeadStore } from './head-store.ts';
import type { IndexStore } from './index-store.ts';
import type { MapStore } from './map-store.ts';
import { OpeningStore } from './opening-store.ts';
import type { SlotStore } from './slot-store.ts';
import { TileStore } from './tile-store.ts';

export class LogIndex {
  readonly logId: Hash;
  readonly index: IndexStore;
  readonly heads: HeadStore;
  readonly openings: OpeningStore;
  #tiles: TileStore;

  private constructor(index: IndexStore, logId: Hash, heads: HeadStore, openings: OpeningStore) {
    this.logId = logId;
    this.index = index;
    this.heads = heads;
    this.openings = openings;
    this.#tiles = new TileStore(index.space('tile'), logId);
  }

  /** Throws UNAVAILABLE when what says how far the log was replayed is damaged. */
  static async open(index: IndexStore, logId: Hash): Promise<LogIndex> {
    const heads = await HeadStore.open(index.store, index.space('head'), logId);
    return new LogIndex(index, logId, heads, await OpeningStore.open(index, logId));
  }

  get tiles(): TileStore {
    return this.#tiles;
  }

  get map(): MapStore {
    return this.index.map;
  }

  get slots(): SlotStore {
    return this.index.slots;
  }

  /** How many entries the log is held to. */
  get size(): number {
    return this.heads.newest.size;
  }

  /** Of any size up to the one held. Throws IndexDamage. */
  rootAt(size: number): Hash {
    return rootAt(size, this.#tiles);
  }

  /** The log is held to nothing any more: it will be replayed from its first entry. What is stored of it is void until then. */
  async clear(damage: IndexDamage): Promise<void> {
    await this.index.repair(damage);
    await this.heads.clear();
    this.openings.rewind();
    this.#tiles = new TileStore(this.index.space('tile'), this.logId);
  }
}
