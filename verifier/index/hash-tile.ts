/**
 * A hash tile as a piece of the tree: up to 256 nodes of one level, and above them every node that is complete within the tile.
 * Those are computed when asked for and kept, so that a tile that is read often costs its hashes once.
 */
import { asHash, HASH_LENGTH, type Hash } from '../../core/bytes/hash.ts';
import { TILE_WIDTH } from '../../core/log/tile.ts';
import { nodeHashOf } from '../../core/log/tree.ts';

/** Tree levels that one tile spans: 2^8 = 256. */
const LEVELS_PER_TILE = 8;

/** Where a node of the tree is found: in which tile, and how high and how far to the right in it. */
export interface TilePlace {
  readonly tileLevel: number;
  readonly tileIndex: number;
  /** Levels above the tile's own nodes, 0 … 7. */
  readonly height: number;
  readonly offset: number;
}

export function placeOfNode(level: number, nodeIndex: number): TilePlace {
  const height = level % LEVELS_PER_TILE;
  const perTile = TILE_WIDTH / 2 ** height;
  const offset = nodeIndex % perTile;
  return {
    tileLevel: Math.floor(level / LEVELS_PER_TILE),
    tileIndex: Math.floor(nodeIndex / perTile),
    height,
    offset,
  };
}

/** How many of the tile's own nodes the node at this place needs. */
export function widthFor({ height, offset }: TilePlace): number {
  return (offset + 1) * 2 ** height;
}

export class HashTile {
  readonly width: number;
  readonly #rows: Uint8Array;
  readonly #above: (Hash | undefined)[][] = [];

  /** `rows`: whole hashes, as `encodeHashTile` writes them. */
  constructor(rows: Uint8Array) {
    this.#rows = rows;
    this.width = Math.floor(rows.length / HASH_LENGTH);
  }

  /** The caller has checked that the tile is as wide as the node needs (`widthFor`). */
  node(height: number, offset: number): Hash {
    if (height === 0) return asHash(this.#rows.subarray(offset * HASH_LENGTH, (offset + 1) * HASH_LENGTH));
    const level = (this.#above[height] ??= []);
    return (level[offset] ??= nodeHashOf(this.node(height - 1, 2 * offset), this.node(height - 1, 2 * offset + 1)));
  }
}
