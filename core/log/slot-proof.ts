/**
 * What a map holds at one slot, a leaf hash or nothing, and the proof of it.
 *
 *     u16     d ≤ 256
 *     32 × d  the siblings passed, from the root down
 *     end     00 (∅)  or  01 ‖ slot 32 ‖ leaf hash 32
 *
 * Present: the end is the asked slot. Absent: the end is ∅, or another slot that shares its first d bits with the asked one.
 */
import { ByteReader, concatBytes, equalBytes, u16, u8 } from '../bytes/bytes.ts';
import { invariant, malformed, unverified } from '../bytes/error.ts';
import { asHash, isZeroHash, type Hash } from '../bytes/hash.ts';
import { EMPTY_MAP, isMapLeaf, mapHashOf, SLOT_BITS, slotBit, type MapLeaf, type MapReader } from './map.ts';

export interface SlotProof {
  readonly siblings: readonly Hash[];
  /** null: ∅. */
  readonly end: MapLeaf | null;
}

export type SlotFinding = { readonly present: true; readonly leafHash: Hash } | { readonly present: false };

const END_EMPTY = 0x00;
const END_LEAF = 0x01;

export function proveSlot(mapRoot: Hash, slot: Hash, reader: MapReader): SlotProof {
  const siblings: Hash[] = [];
  let mapHash = mapRoot;
  while (!isZeroHash(mapHash)) {
    const node = reader.get(mapHash);
    if (isMapLeaf(node)) return { siblings, end: node };
    invariant(siblings.length < SLOT_BITS, 'a map is no deeper than a slot has bits');
    const isRight = slotBit(slot, siblings.length) === 1;
    siblings.push(isRight ? node.left : node.right);
    mapHash = isRight ? node.right : node.left;
  }
  return { siblings, end: null };
}

/** The leaf hash at `slot`, or null. */
export function lookUpSlot(mapRoot: Hash, slot: Hash, reader: MapReader): Hash | null {
  const { end } = proveSlot(mapRoot, slot, reader);
  return end !== null && equalBytes(end.slot, slot) ? end.leafHash : null;
}

export function encodeSlotProof({ siblings, end }: SlotProof): Uint8Array {
  const endBytes = end === null ? u8(END_EMPTY) : concatBytes(u8(END_LEAF), end.slot, end.leafHash);
  return concatBytes(u16(siblings.length), ...siblings, endBytes);
}

/** Throws MALFORMED. Whether the proof proves anything, only `verifySlotProof` says. */
export function decodeSlotProof(bytes: Uint8Array): SlotProof {
  const reader = new ByteReader(bytes);
  const depth = reader.u16();
  if (depth > SLOT_BITS) throw malformed('a slot proof has at most 256 siblings');
  const siblings = Array.from({ length: depth }, () => asHash(reader.bytes(32)));
  const end = decodeEnd(reader);
  reader.end();
  return { siblings, end };
}

function decodeEnd(reader: ByteReader): MapLeaf | null {
  const kind = reader.u8();
  if (kind === END_EMPTY) return null;
  if (kind !== END_LEAF) throw malformed('a slot proof ends with 00 or 01');
  return { slot: asHash(reader.bytes(32)), leafHash: asHash(reader.bytes(32)) };
}

/**
 * Whether the map with `mapRoot` has `slot`. Throws UNVERIFIED when the proof shows neither.
 *
 * That the sibling of an ∅ end is no leaf is not visible here, only in a replay; no presence or absence depends on it.
 */
export function verifySlotProof(mapRoot: Hash, slot: Hash, { siblings, end }: SlotProof): SlotFinding {
  if (siblings.length > SLOT_BITS) throw unverified('slot proof: more than 256 siblings');
  const last = siblings.at(-1);
  if (last !== undefined && isZeroHash(last)) throw unverified('slot proof: the last sibling is empty');
  // An end elsewhere in the map says nothing about the asked slot.
  if (end !== null && siblings.some((_, depth) => slotBit(end.slot, depth) !== slotBit(slot, depth))) {
    throw unverified('slot proof: the end does not lie on the way to the slot');
  }
  const root = siblings.reduceRight<Hash>(
    (below, sibling, depth) =>
      mapHashOf(slotBit(slot, depth) === 1 ? { left: sibling, right: below } : { left: below, right: sibling }),
    end === null ? EMPTY_MAP : mapHashOf(end),
  );
  if (!equalBytes(root, mapRoot)) throw unverified('slot proof: leads to another map root');
  return end !== null && equalBytes(end.slot, slot) ? { present: true, leafHash: end.leafHash } : { present: false };
}
