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

/** What the tree of a later checkpoint was at the size of an earlier one, which says otherwise. */
export interface OtherTree {
  readonly rootHash: Hash;
  /** From there to the later checkpoint's root. */
  readonly consistencyProof: readonly Hash[];
}

/** `reader` has the tree of `laterSize` entries. */
export function treeAt(reader: NodeReader, size: number, laterSize: number): OtherTree {
  return { rootHash: rootAt(size, reader), consistencyProof: proveConsistency(size, laterSize, reader) };
}

/** How the node's own tiles show that `later` does not extend `earlier`; null when they do not. Throws UNAVAILABLE when it is silent. */
export async function findSplit(
  node: Pick<NodeClient, 'hashes'>,
  earlier: Pick<Checkpoint, 'size' | 'rootHash'>,
  later: Pick<Checkpoint, 'size' | 'rootHash'>,
  signal: AbortSignal,
): Promise<OtherTree | null> {
  if (earlier.size === 0 || earlier.size >= later.size) return null;
  try {
    const tree = await overTilesOf(node, later.size, signal, (reader) => treeAt(reader, earlier.size, later.size));
    const claim = { size1: earlier.size, root1: tree.rootHash, size2: later.size, root2: later.rootHash };
    verifyConsistency(claim, tree.consistencyProof);
    return equalBytes(tree.rootHash, earlier.rootHash) ? null : tree;
  } catch (error) {
    if (isCodedError(error) && error.code !== 'UNAVAILABLE') return null;
    throw error;
  }
}
