/**
 * Whether a log that does not go on from where it was has signed two histories. The hash tiles of its later checkpoint, asked of the
 * node, say what the tree began with: when they lead to the later root that it signed, and the earlier size within them to another root
 * than it signed then, both signatures together convict (RFC 9162 §2.1.4). When they do not, the node merely lies or withholds.
 */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { encodeHashTile } from '../../core/log/tile.ts';
import { rootAt, type NodeReader } from '../../core/log/tree.ts';
import { proveConsistency, verifyConsistency } from '../../core/log/tree-proof.ts';
import { HashTile, placeOfNode } from '../index/hash-tile.ts';
import type { NodeClient } from './node-client.ts';

/** Thrown by the reader below to have a tile fetched; never leaves this file. */
class MissingTile extends Error {
  readonly level: number;
  readonly tileIndex: number;

  constructor(level: number, tileIndex: number) {
    super('a tile is missing');
    this.level = level;
    this.tileIndex = tileIndex;
  }
}

class FetchedTiles implements NodeReader {
  readonly #tiles = new Map<string, HashTile>();

  node(level: number, nodeIndex: number): Hash {
    const { tileLevel, tileIndex, height, offset } = placeOfNode(level, nodeIndex);
    const tile = this.#tiles.get(`${tileLevel}/${tileIndex}`);
    if (tile === undefined) throw new MissingTile(tileLevel, tileIndex);
    return tile.node(height, offset);
  }

  add({ level, tileIndex }: MissingTile, hashes: readonly Hash[]): void {
    this.#tiles.set(`${level}/${tileIndex}`, new HashTile(encodeHashTile(hashes)));
  }
}

/** Runs `compute` until no tile is missing: a path has few. */
async function overTilesOf<Result>(
  node: Pick<NodeClient, 'hashes'>,
  size: number,
  signal: AbortSignal,
  compute: (reader: NodeReader) => Result,
): Promise<Result> {
  const tiles = new FetchedTiles();
  for (;;) {
    try {
      return compute(tiles);
    } catch (error) {
      if (!(error instanceof MissingTile)) throw error;
      tiles.add(error, await node.hashes(error.level, error.tileIndex, size, signal));
    }
  }
}

/** True when the node's own tiles show that `later` does not extend `earlier`. Throws UNAVAILABLE when it does not answer. */
export async function isSplit(
  node: Pick<NodeClient, 'hashes'>,
  earlier: Pick<Checkpoint, 'size' | 'rootHash'>,
  later: Pick<Checkpoint, 'size' | 'rootHash'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (earlier.size === 0 || earlier.size > later.size) return false;
  try {
    const { root1, proof } = await overTilesOf(node, later.size, signal, (reader) => ({
      root1: rootAt(earlier.size, reader),
      proof: proveConsistency(earlier.size, later.size, reader),
    }));
    verifyConsistency({ size1: earlier.size, root1, size2: later.size, root2: later.rootHash }, proof);
    return !equalBytes(root1, earlier.rootHash);
  } catch (error) {
    if (isCodedError(error) && error.code !== 'UNAVAILABLE') return false;
    throw error;
  }
}
