/**
 * Map nodes by their hash (core/log/map.ts), shared by all logs: a node that two logs have is the same node. Nodes are never removed,
 * so every map root that was reached stays readable.
 *
 *   key    map hash 32
 *   value  65 bytes, as `encodeMapNode` writes them
 */
import type { Hash } from '../../core/bytes/hash.ts';
import { decodeMapNode, encodeMapNode, type MapNode, type MapReader, type StoredMapNode } from '../../core/log/map.ts';
import type { Batch, KeySpace } from '../../service/store.ts';
import { requireValue } from './damage.ts';
import { Recent } from './recent.ts';

/** Some 40 MB at most; the nodes near the root, which every proof passes, are among those that stay. */
const NODES_CACHED = 65_536;

/** The 32 bytes as a string: the cheapest key of a Map that JavaScript has. */
function nameOf(mapHash: Hash): string {
  return Buffer.from(mapHash.buffer, mapHash.byteOffset, mapHash.length).toString('latin1');
}

export class MapStore implements MapReader {
  readonly #space: KeySpace;
  readonly #recent = new Recent<MapNode>(NODES_CACHED);

  constructor(space: KeySpace) {
    this.#space = space;
  }

  /** Throws IndexDamage. */
  get(mapHash: Hash): MapNode {
    const name = nameOf(mapHash);
    const cached = this.#recent.get(name);
    if (cached !== undefined) return cached;
    const node = decodeMapNode(requireValue(this.#space, mapHash));
    this.#recent.set(name, node);
    return node;
  }

  /** A root over these nodes may be stored when the batch is written, not before. */
  put(batch: Batch, nodes: readonly StoredMapNode[]): void {
    for (const { mapHash, node } of nodes) {
      batch.put(this.#space, mapHash, encodeMapNode(node));
      this.#recent.set(nameOf(mapHash), node);
    }
  }
}
