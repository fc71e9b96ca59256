/**
 * A history proof: everything a log says about one thing at a checkpoint, and that nothing is left out.
 *
 * For every i < n it has entry i with its inclusion proof and the proof that the map holds its leaf hash at slot_i; then the proof
 * that slot_n is absent. Every slot must be shown: slots are one-time and filled in order, so only a first absent slot ends a
 * history. "Nothing was ever said" is n = 0.
 */
import type { LogClass } from '../authority/registry-event.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decodeEntry, type Entry } from './entry.ts';
import type { MapReader } from './map.ts';
import { slotAt, type HistorySecret } from './slot.ts';
import { proveSlot, verifySlotProof, type SlotProof } from './slot-proof.ts';
import { leafHashOf, type NodeReader } from './tree.ts';
import { proveInclusion, verifyInclusion } from './tree-proof.ts';

export interface HistoryItem {
  /** The 74 bytes as the log holds them. */
  readonly entryBytes: Uint8Array;
  readonly entryIndex: number;
  readonly inclusionProof: readonly Hash[];
  readonly slotProof: SlotProof;
}

export interface HistoryProof {
  /** Of slot_0 … slot_(n−1), in this order. */
  readonly items: readonly HistoryItem[];
  /** Of slot_n. */
  readonly absence: SlotProof;
}

/** An entry shown to be in the log. */
export interface ProvenEntry {
  readonly entry: Entry;
  readonly entryIndex: number;
  readonly leafHash: Hash;
}

export interface HistoryClaim {
  readonly h: HistorySecret;
  readonly checkpoint: Checkpoint;
  readonly logClass: LogClass;
}

/** What a log must be able to read to prove a history. */
export interface HistoryReader {
  readonly tree: NodeReader;
  readonly map: MapReader;
  /** Asked only for slots that the map holds. */
  entryAt(slot: Hash): Pick<HistoryItem, 'entryBytes' | 'entryIndex'>;
}

export function proveHistory(
  h: HistorySecret,
  { size, mapRoot }: Pick<Checkpoint, 'size' | 'mapRoot'>,
  reader: HistoryReader,
): HistoryProof {
  const items: HistoryItem[] = [];
  for (;;) {
    const slot = slotAt(h, items.length);
    const slotProof = proveSlot(mapRoot, slot, reader.map);
    if (slotProof.end === null || !equalBytes(slotProof.end.slot, slot)) return { items, absence: slotProof };
    const { entryBytes, entryIndex } = reader.entryAt(slot);
    items.push({ entryBytes, entryIndex, inclusionProof: proveInclusion(entryIndex, size, reader.tree), slotProof });
  }
}

/**
 * The entries in the order of their slots. Throws UNVERIFIED, or MALFORMED for bytes that are no entry. The checkpoint itself
 * (signature, anchor, age) is judged elsewhere; so is what the kinds mean in this order.
 */
export function verifyHistory({ h, checkpoint, logClass }: HistoryClaim, { items, absence }: HistoryProof): ProvenEntry[] {
  const proven = items.map((item, i) => verifyHistoryItem(item, slotAt(h, i), checkpoint));
  verifyOrder(proven, checkpoint, logClass);
  const end = verifySlotProof(checkpoint.mapRoot, slotAt(h, items.length), absence);
  if (end.present) throw unverified('history: the next slot is taken, entries are left out');
  return proven;
}

/** That the log holds an entry, and the map has it, at this very slot. Throws UNVERIFIED or MALFORMED. */
export function verifyHistoryItem(item: HistoryItem, slot: Hash, { size, rootHash, mapRoot }: Checkpoint): ProvenEntry {
  const { entryBytes, entryIndex, inclusionProof, slotProof } = item;
  const entry = decodeEntry(entryBytes);
  if (!equalBytes(entry.slot, slot)) throw unverified('history: an entry of another slot');
  const leafHash = leafHashOf(entryBytes);
  verifyInclusion({ leafHash, entryIndex, size, rootHash }, inclusionProof);
  const finding = verifySlotProof(mapRoot, slot, slotProof);
  if (!finding.present || !equalBytes(finding.leafHash, leafHash))
    throw unverified('history: the map holds another entry at a slot');
  return { entry, entryIndex, leafHash };
}

/**
 * Times never decrease and none is later than the checkpoint. A licence log appends a history in its order; the others sort each
 * quantum by slot, so there a later entry may have a smaller index. (Never the same one: an index has one leaf.)
 */
function verifyOrder(proven: readonly ProvenEntry[], { issuedAt }: Checkpoint, logClass: LogClass): void {
  for (const [i, { entry, entryIndex }] of proven.entries()) {
    if (entry.recordedAt > issuedAt) throw unverified('history: an entry later than the checkpoint');
    const previous = proven[i - 1];
    if (previous === undefined) continue;
    if (entry.recordedAt < previous.entry.recordedAt) throw unverified('history: times decrease');
    if (logClass === 'licence' && entryIndex <= previous.entryIndex) throw unverified('history: indexes do not increase');
  }
}
