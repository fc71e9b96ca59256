/**
 * The Merkle tree of a log (RFC 9162 §2.1): leaf H(0x00 ‖ entry), inner node H(0x01 ‖ left ‖ right), empty root H("").
 *
 * Only nodes over complete subtrees are ever stored: node (level, nodeIndex) covers the 2^level entries from nodeIndex · 2^level on and
 * never changes once it exists. Roots and proofs are computed from those. Sizes reach 2⁵³−1, so arithmetic on them is
 * never bitwise.
 */
import { invariant } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { sm3 } from '../sm/sm3.ts';

/** What the tree is made with (RFC 9162 §2.1.1). Everything of ours is SM3_TREE; published SHA-256 vectors run through another. */
export interface TreeHash {
  readonly empty: Hash;
  readonly inner: (left: Hash, right: Hash) => Hash;
}

const LEAF_PREFIX = Uint8Array.of(0x00);
const INNER_PREFIX = Uint8Array.of(0x01);

export function leafHashOf(entry: Uint8Array): Hash {
  return sm3(LEAF_PREFIX, entry);
}

export function nodeHashOf(left: Hash, right: Hash): Hash {
  return sm3(INNER_PREFIX, left, right);
}

/** The root of a log without entries: H(""). */
export const EMPTY_ROOT: Hash = sm3();

export const SM3_TREE: TreeHash = { empty: EMPTY_ROOT, inner: nodeHashOf };

/** Reads complete subtrees. May throw for a node that the size asked about does not have. */
export interface NodeReader {
  node(level: number, nodeIndex: number): Hash;
}

export interface TreeNode {
  readonly level: number;
  readonly nodeIndex: number;
  readonly nodeHash: Hash;
}

export function isOdd(value: number): boolean {
  return value % 2 === 1;
}

export function half(value: number): number {
  return Math.floor(value / 2);
}

/** The nodes that become complete when a leaf is appended to a tree of `size` entries: the leaf first, then upwards. */
export function appendLeaf(size: number, leafHash: Hash, reader: NodeReader, tree: TreeHash = SM3_TREE): TreeNode[] {
  invariant(Number.isSafeInteger(size + 1), 'a tree has at most 2^53-1 entries');
  const nodes: TreeNode[] = [{ level: 0, nodeIndex: size, nodeHash: leafHash }];
  let nodeHash = leafHash;
  let nodeIndex = size;
  for (let level = 0; isOdd(nodeIndex); level++) {
    nodeHash = tree.inner(reader.node(level, nodeIndex - 1), nodeHash);
    nodeIndex = half(nodeIndex);
    nodes.push({ level: level + 1, nodeIndex, nodeHash });
  }
  return nodes;
}

/** MTH of RFC 9162 §2.1.1 over the first `size` entries. */
export function rootAt(size: number, reader: NodeReader, tree: TreeHash = SM3_TREE): Hash {
  return size === 0 ? tree.empty : rangeRoot(0, size, reader, tree);
}

/**
 * MTH over the `count` > 0 entries from `start` on, where `start` is a multiple of every power of two up to `count`: the complete
 * subtrees that fill the range, folded from the right.
 */
export function rangeRoot(start: number, count: number, reader: NodeReader, tree: TreeHash): Hash {
  let root: Hash | undefined;
  let nodeIndex = start + count;
  // One binary digit of the range's end a round, the lowest first: where it is 1, a complete subtree ends the range.
  for (let level = 0, left = count; left > 0; level++, left = half(left)) {
    if (isOdd(left)) {
      const subtree = reader.node(level, nodeIndex - 1);
      root = root === undefined ? subtree : tree.inner(subtree, root);
    }
    nodeIndex = half(nodeIndex);
  }
  invariant(root !== undefined, 'a range holds an entry');
  return root;
}

/** A tree of SM3 held whole, its complete subtrees level by level: of what fits in memory. */
export class GrownTree implements NodeReader {
  readonly #levels: Hash[][] = [];

  append(leafHash: Hash): void {
    const size = this.#levels[0]?.length ?? 0;
    for (const { level, nodeHash } of appendLeaf(size, leafHash, this)) (this.#levels[level] ??= []).push(nodeHash);
  }

  node(level: number, nodeIndex: number): Hash {
    const nodeHash = this.#levels[level]?.[nodeIndex];
    invariant(nodeHash !== undefined, 'a subtree is read once it is complete');
    return nodeHash;
  }
}
