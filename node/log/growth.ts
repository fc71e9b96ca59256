/** A log with some entries more: its tree and its map as they will be, all of which goes into one write. Nothing is stored here. */
import { u64 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { encodeMapNode, insertSlots } from '../../core/log/map.ts';
import { appendLeaf, leafHashOf, type NodeReader, rootAt, type TreeNode } from '../../core/log/tree.ts';
import type { Batch } from '../../service/store.ts';
import type { LogHead, LogStore } from './log-store.ts';

interface Grown {
  readonly entryBytes: Uint8Array;
  readonly slot: Hash;
  readonly leafHash: Hash;
}

export class Growth {
  readonly #log: LogStore;
  readonly #head: LogHead;
  readonly #grown: Grown[] = [];
  readonly #nodes = new Map<string, TreeNode>();
  readonly #tree: NodeReader;

  constructor(log: LogStore, head: LogHead) {
    this.#log = log;
    this.#head = head;
    this.#tree = {
      node: (level, nodeIndex): Hash => this.#nodes.get(`${level}/${nodeIndex}`)?.nodeHash ?? log.tree.node(level, nodeIndex),
    };
  }

  /** Entries added so far. */
  get count(): number {
    return this.#grown.length;
  }

  append(entryBytes: Uint8Array): { readonly entryIndex: number; readonly leafHash: Hash } {
    const entryIndex = this.#head.size + this.#grown.length;
    const leafHash = leafHashOf(entryBytes);
    for (const node of appendLeaf(entryIndex, leafHash, this.#tree)) this.#nodes.set(`${node.level}/${node.nodeIndex}`, node);
    this.#grown.push({ entryBytes, slot: decodeEntry(entryBytes).slot, leafHash });
    return { entryIndex, leafHash };
  }

  /** The log as it will be, with all that makes it put into `batch`. Throws CONFLICT for a slot that is taken. */
  putInto(batch: Batch, issuedAt: number): LogHead {
    const [log, from] = [this.#log, this.#head.size];
    const map = insertSlots(this.#head.mapRoot, this.#grown, log.map);
    for (const [i, { entryBytes, slot }] of this.#grown.entries()) {
      batch.put(log.entries, u64(from + i), entryBytes).put(log.slots, slot, u64(from + i));
    }
    for (const { level, nodeIndex, nodeHash } of this.#nodes.values()) log.putNode(batch, level, nodeIndex, nodeHash);
    for (const { mapHash, node } of map.nodes) batch.put(log.mapNodes, mapHash, encodeMapNode(node));
    const size = from + this.#grown.length;
    const head = { size, rootHash: rootAt(size, this.#tree), mapRoot: map.mapRoot, issuedAt };
    log.putHead(batch, head);
    return head;
  }
}
