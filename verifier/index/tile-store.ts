/**
 * The tiles of one log, as they travel (core/log/tile.ts), and the tree read from them.
 *
 *   key    log id 32 ‖ u8 level (0 … 6; 255: entries) ‖ u64 tile index
 *   value  the tile's rows so far: 32 bytes each, or u16 length ‖ entry
 *
 * The last tile of a level is rewritten as it grows. Rows beyond the size that the log is held to (log-index.ts) are void: they
 * were fetched for a checkpoint that did not hold, and the next ones overwrite them.
 */
import { concatBytes, u64, u8 } from '../../core/bytes/bytes.ts';
import { HASH_LENGTH, type Hash } from '../../core/bytes/hash.ts';
import { ENTRY_LENGTH } from '../../core/log/entry.ts';
import { TILE_WIDTH, type TileId } from '../../core/log/tile.ts';
import type { NodeReader } from '../../core/log/tree.ts';
import type { Batch, KeySpace } from '../../service/store.ts';
import { IndexDamage, requireValue } from './damage.ts';
import { HashTile, placeOfNode, widthFor } from './hash-tile.ts';
import { Recent } from './recent.ts';

export type TileLevel = TileId['level'];

export interface StoredTile {
  readonly level: TileLevel;
  readonly tileIndex: number;
  readonly rows: Uint8Array;
}

const ENTRIES_LEVEL = 255;
const LENGTH_PREFIX = 2;
export const ENTRY_ROW_LENGTH = LENGTH_PREFIX + ENTRY_LENGTH;
/** Of each sort; an entry bundle has 19 kB, a hash tile with all above it some 50 kB. */
const TILES_CACHED = 256;

export class TileStore implements NodeReader {
  readonly #space: KeySpace;
  readonly #logId: Hash;
  readonly #hashTiles = new Recent<HashTile>(TILES_CACHED);
  readonly #bundles = new Recent<Uint8Array>(TILES_CACHED);

  constructor(space: KeySpace, logId: Hash) {
    this.#space = space;
    this.#logId = logId;
  }

  #key(level: TileLevel, tileIndex: number): Uint8Array {
    return concatBytes(this.#logId, u8(level === 'entries' ? ENTRIES_LEVEL : level), u64(tileIndex));
  }

  /** At least the first `length` bytes of the tile. Throws IndexDamage. */
  rowsOf(level: TileLevel, tileIndex: number, length: number): Uint8Array {
    const key = this.#key(level, tileIndex);
    const rows = requireValue(this.#space, key);
    if (rows.length < length) throw new IndexDamage(this.#space, key);
    return rows;
  }

  /** The 74 bytes. Throws IndexDamage for an entry beyond what was stored. */
  entryAt(entryIndex: number): Uint8Array {
    const tileIndex = Math.floor(entryIndex / TILE_WIDTH);
    const end = ((entryIndex % TILE_WIDTH) + 1) * ENTRY_ROW_LENGTH;
    const key = String(tileIndex);
    let rows = this.#bundles.get(key);
    if (rows === undefined || rows.length < end) {
      rows = this.rowsOf('entries', tileIndex, end);
      this.#bundles.set(key, rows);
    }
    return rows.subarray(end - ENTRY_LENGTH, end);
  }

  /** Throws IndexDamage for a node beyond what was stored. */
  node(level: number, nodeIndex: number): Hash {
    const place = placeOfNode(level, nodeIndex);
    return this.#hashTile(place.tileLevel, place.tileIndex, widthFor(place)).node(place.height, place.offset);
  }

  #hashTile(tileLevel: number, tileIndex: number, width: number): HashTile {
    const key = `${tileLevel}/${tileIndex}`;
    const cached = this.#hashTiles.get(key);
    if (cached !== undefined && cached.width >= width) return cached;
    const tile = new HashTile(this.rowsOf(tileLevel, tileIndex, width * HASH_LENGTH));
    this.#hashTiles.set(key, tile);
    return tile;
  }

  put(batch: Batch, { level, tileIndex, rows }: StoredTile): void {
    batch.put(this.#space, this.#key(level, tileIndex), rows);
  }

  /** To be called when tiles that were put are written: until then the old rows are what a reader gets, and may keep. */
  forget(tiles: readonly StoredTile[]): void {
    for (const { level, tileIndex } of tiles) {
      if (level === 'entries') this.#bundles.delete(String(tileIndex));
      else this.#hashTiles.delete(`${level}/${tileIndex}`);
    }
  }
}
