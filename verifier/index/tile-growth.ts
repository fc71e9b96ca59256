/**
 * A tree as it grows by entries: its tiles to be stored, and its root after each entry. Reads the store only to begin: from then
 * on the roots of the complete subtrees that make up the tree are all that is needed.
 */
import { concatBytes } from '../../core/bytes/bytes.ts';
import { invariant } from '../../core/bytes/error.ts';
import { HASH_LENGTH, type Hash } from '../../core/bytes/hash.ts';
import { encodeEntryBundle, TILE_WIDTH } from '../../core/log/tile.ts';
import { appendLeaf, half, isOdd, leafHashOf, rootAt, type NodeReader, type TreeNode } from '../../core/log/tree.ts';
import type { Batch } from '../../service/store.ts';
import { ENTRY_ROW_LENGTH, type StoredTile, type TileLevel, type TileStore } from './tile-store.ts';

/** The newest complete subtree of each level: all that appending, and a root, ever ask for. */
class Frontier implements NodeReader {
  readonly #newest: TreeNode[] = [];

  constructor(size: number, reader: NodeReader) {
    for (let level = 0, count = size; count > 0; level++, count = half(count)) {
      if (isOdd(count)) this.keep({ level, nodeIndex: count - 1, nodeHash: reader.node(level, count - 1) });
    }
  }

  keep(node: TreeNode): void {
    this.#newest[node.level] = node;
  }

  node(level: number, nodeIndex: number): Hash {
    const newest = this.#newest[level];
    invariant(newest?.nodeIndex === nodeIndex, 'only the newest subtree of a level is asked for');
    return newest.nodeHash;
  }
}

/** The tile of a level that is being filled. */
interface OpenTile {
  readonly level: TileLevel;
  readonly tileIndex: number;
  readonly rows: Uint8Array[];
}

export class TileGrowth {
  readonly #tiles: TileStore;
  readonly #frontier: Frontier;
  readonly #open = new Map<TileLevel, OpenTile>();
  #full: OpenTile[] = [];
  #size: number;

  /** Goes on from the first `size` entries in `tiles`. Throws IndexDamage. */
  constructor(tiles: TileStore, size: number) {
    this.#tiles = tiles;
    this.#frontier = new Frontier(size, tiles);
    this.#size = size;
    this.#reopen('entries', size, ENTRY_ROW_LENGTH);
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
      this.#reopen(level, count, HASH_LENGTH);
    }
  }

  get size(): number {
    return this.#size;
  }

  #reopen(level: TileLevel, count: number, rowLength: number): void {
    const tileIndex = Math.floor(count / TILE_WIDTH);
    const kept = (count % TILE_WIDTH) * rowLength;
    // The rows kept stand as one: what is stored is all of them in a row.
    if (kept > 0) this.#open.set(level, { level, tileIndex, rows: [this.#tiles.rowsOf(level, tileIndex, kept).slice(0, kept)] });
  }

  append(entry: Uint8Array): void {
    this.#push('entries', this.#size, encodeEntryBundle([entry]));
    for (const node of appendLeaf(this.#size, leafHashOf(entry), this.#frontier)) {
      this.#frontier.keep(node);
      if (node.level % 8 === 0) this.#push(node.level / 8, node.nodeIndex, node.nodeHash);
    }
    this.#size++;
  }

  #push(level: TileLevel, place: number, row: Uint8Array): void {
    let open = this.#open.get(level);
    const tileIndex = Math.floor(place / TILE_WIDTH);
    if (open?.tileIndex !== tileIndex) {
      if (open !== undefined) this.#full.push(open);
      open = { level, tileIndex, rows: [] };
      this.#open.set(level, open);
    }
    open.rows.push(row);
  }

  root(): Hash {
    return rootAt(this.#size, this.#frontier);
  }

  /** Puts all that came since the last call. The caller writes the batch, then has the tile store forget these tiles. */
  drainTo(batch: Batch): StoredTile[] {
    const drained = [...this.#full, ...this.#open.values()].map(({ level, tileIndex, rows }) => ({
      level,
      tileIndex,
      rows: concatBytes(...rows),
    }));
    for (const tile of drained) this.#tiles.put(batch, tile);
    this.#full = [];
    return drained;
  }
}
