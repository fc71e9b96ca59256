/**
 * The write-once map from slot to leaf hash, a binary tree over the bits of the slot, most significant first, 0 = left.
 *
 *     ∅      32 zero bytes: nothing below
 *     leaf   H(0x02 ‖ slot 32 ‖ leaf hash 32), at the highest place where it is alone
 *     inner  H(0x03 ‖ left 32 ‖ right 32), over at least two leaves: never (∅, ∅) nor (∅, leaf)
 *
 * So one set of slots has one root, whatever the order they came in. A node is stored under its hash and never changes: every
 * earlier root stays readable, and a new root shares all that it did not touch.
 */
import { ByteReader, compareBytes, concatBytes, equalBytes } from '../bytes/bytes.ts';
import { conflict, invariant, malformed } from '../bytes/error.ts';
import { asHash, isZeroHash, ZERO_HASH, type Hash } from '../bytes/hash.ts';
import { sm3 } from '../sm/sm3.ts';

export interface MapLeaf {
  readonly slot: Hash;
  readonly leafHash: Hash;
}

export interface MapInner {
  readonly left: Hash;
  readonly right: Hash;
}

export type MapNode = MapLeaf | MapInner;

/** Reads a node by its hash, never asked for ∅. Must throw rather than answer with another node. */
export interface MapReader {
  get(mapHash: Hash): MapNode;
}

export interface StoredMapNode {
  readonly mapHash: Hash;
  readonly node: MapNode;
}

export interface MapChange {
  readonly mapRoot: Hash;
  /** All that the reader did not have; to be stored before `mapRoot` is used. */
  readonly nodes: readonly StoredMapNode[];
}

/** The map root of an empty map: ∅. */
export const EMPTY_MAP: Hash = ZERO_HASH;

export const SLOT_BITS = 256;
const LEAF_PREFIX = 0x02;
const INNER_PREFIX = 0x03;

export function isMapLeaf(node: MapNode): node is MapLeaf {
  return 'slot' in node;
}

/** 65 bytes, whose SM3 is the node's hash: u8 0x02 ‖ slot ‖ leaf hash, or u8 0x03 ‖ left ‖ right. */
export function encodeMapNode(node: MapNode): Uint8Array {
  if (isMapLeaf(node)) return concatBytes(Uint8Array.of(LEAF_PREFIX), node.slot, node.leafHash);
  return concatBytes(Uint8Array.of(INNER_PREFIX), node.left, node.right);
}

/** Throws MALFORMED. The hashes are views of `bytes`. */
export function decodeMapNode(bytes: Uint8Array): MapNode {
  const reader = new ByteReader(bytes);
  const prefix = reader.u8();
  const first = asHash(reader.bytes(32));
  const second = asHash(reader.bytes(32));
  reader.end();
  if (prefix === LEAF_PREFIX) return { slot: first, leafHash: second };
  if (prefix !== INNER_PREFIX) throw malformed('a map node begins with 02 or 03');
  if (isZeroHash(first) && isZeroHash(second)) throw malformed('a map node with nothing below');
  return { left: first, right: second };
}

export function mapHashOf(node: MapNode): Hash {
  return sm3(encodeMapNode(node));
}

/** 0 or 1. */
export function slotBit(slot: Hash, depth: number): number {
  return (slot[Math.floor(depth / 8)]! >>> (7 - (depth % 8))) & 1;
}

/**
 * Adds slots that are not there yet. Only nodes of the new map are made, each once; the old map stays as it was.
 * Throws CONFLICT when a slot is taken or comes twice, and then nothing has changed.
 */
export function insertSlots(mapRoot: Hash, leaves: readonly MapLeaf[], reader: MapReader): MapChange {
  const sorted = leaves.toSorted((a, b) => compareBytes(a.slot, b.slot));
  const twice = sorted.find((leaf, i) => i > 0 && equalBytes(leaf.slot, sorted[i - 1]!.slot));
  if (twice !== undefined) throw conflict('a slot comes twice in one batch');
  const nodes: StoredMapNode[] = [];
  const newRoot = place(mapRoot, 0, sorted, reader, (node) => {
    const mapHash = mapHashOf(node);
    nodes.push({ mapHash, node });
    return mapHash;
  });
  return { mapRoot: newRoot, nodes };
}

/** The subtree at `depth` with `leaves` (sorted, sharing their first `depth` bits) added; children are made before parents. */
function place(mapHash: Hash, depth: number, leaves: readonly MapLeaf[], reader: MapReader, keep: (node: MapNode) => Hash): Hash {
  if (leaves.length === 0) return mapHash;
  if (leaves.length === 1 && isZeroHash(mapHash)) return keep(leaves[0]!);
  const { left, right } = childrenOf(mapHash, depth, leaves, reader);
  const firstRight = leaves.findIndex(({ slot }) => slotBit(slot, depth) === 1);
  const split = firstRight === -1 ? leaves.length : firstRight;
  return keep({
    left: place(left, depth + 1, leaves.slice(0, split), reader, keep),
    right: place(right, depth + 1, leaves.slice(split), reader, keep),
  });
}

/** What lies below a place that is to hold at least two leaves: a leaf that was alone there moves one level down. */
function childrenOf(mapHash: Hash, depth: number, leaves: readonly MapLeaf[], reader: MapReader): MapInner {
  if (isZeroHash(mapHash)) return { left: EMPTY_MAP, right: EMPTY_MAP };
  const node = reader.get(mapHash);
  if (!isMapLeaf(node)) return node;
  if (leaves.some(({ slot }) => equalBytes(slot, node.slot))) throw conflict('a slot is taken');
  invariant(depth < SLOT_BITS, 'two slots differ in one of their bits');
  return slotBit(node.slot, depth) === 0 ? { left: mapHash, right: EMPTY_MAP } : { left: EMPTY_MAP, right: mapHash };
}
