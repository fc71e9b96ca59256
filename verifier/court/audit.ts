/**
 * Finds the entry by which a bad checkpoint convicts its log before the court: one that stands in the tree while the map has its slot
 * empty or taken by another leaf. Only the node can open the map whose root it signed, so the node itself is asked, some entries at a
 * time, first those that are new in the checkpoint and then all before: a large log is gone through in many steps.
 *
 * What the node answers counts only where it verifies under the signed map root. A node that does not answer, or whose proofs do not
 * hold, withholds: a root that nobody can open convicts nobody.
 *
 *   audit   log id 32 → checkpoint digest 32 ‖ u64 size of the last good checkpoint ‖ u64 entries looked at
 */
import { ByteReader, concatBytes, encodeHex, equalBytes, u64 } from '../../core/bytes/bytes.ts';
import { isCodedError, unverified } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { checkpointDigest, type Checkpoint } from '../../core/log/checkpoint.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { formatNote, parseNote, type Note } from '../../core/log/note.ts';
import { type SlotProof, verifySlotProof } from '../../core/log/slot-proof.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveInclusion, verifyInclusion } from '../../core/log/tree-proof.ts';
import { isSignedNote } from '../follow/anchor.ts';
import type { BadFinding } from '../follow/finding.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import { SLOTS_AT_ONCE } from '../follow/node-client.ts';
import { growTree } from '../follow/replay.ts';
import { IndexDamage, readValue } from '../index/damage.ts';
import { hasRoots, type Head } from '../index/head-store.ts';

/** An entry, and that it is in the tree of the bad checkpoint. */
interface Included {
  readonly entryIndex: number;
  readonly entryBytes: Uint8Array;
  readonly leafHash: Hash;
  readonly slot: Hash;
  readonly inclusionProof: readonly Hash[];
}

/** One that the map lacks, with the node's own proof of it. */
export interface Unmapped extends Included {
  readonly slotProof: SlotProof;
  /** The last good checkpoint before the bad one: it may hold the entry, too. */
  readonly before: Head;
}

export type AuditEnd =
  | { readonly outcome: 'found'; readonly unmapped: Unmapped }
  /** The node's answer stands on another checkpoint of this size, which it signed as well. */
  | { readonly outcome: 'fork'; readonly note: string }
  /** All entries are in the map: what is wrong with it, no entry shows. */
  | { readonly outcome: 'nothing' }
  | { readonly outcome: 'going-on' };

/** What is stored is no longer the tree of the bad checkpoint. Never leaves this file. */
class StaleTree extends Error {}

const ENTRIES_PER_MARK = 64 * SLOTS_AT_ONCE;
/** Some seconds' worth of questions. */
const ENTRIES_PER_STEP = 16 * ENTRIES_PER_MARK;

export class Audit {
  readonly #follower: LogFollower;
  readonly #finding: BadFinding;
  readonly #target: Checkpoint;

  constructor(follower: LogFollower, finding: BadFinding) {
    this.#follower = follower;
    this.#finding = finding;
    this.#target = parseNote(finding.checkpoint).checkpoint;
  }

  /** Looks at some more entries. Throws UNAVAILABLE when the node is silent, UNVERIFIED when it withholds, IndexDamage. */
  async step(signal: AbortSignal): Promise<AuditEnd> {
    try {
      return await this.#look(signal);
    } catch (error) {
      // What is stored beyond the size held is void: the next replay overwrites it.
      if (!(error instanceof IndexDamage || error instanceof StaleTree)) throw error;
      await this.#growTree(signal);
      return this.#look(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<AuditEnd> {
    const before = this.#follower.index.heads.below(this.#target.size - 1);
    const suspected = await this.#ask(this.#suspects(before), before, signal);
    if (suspected !== null) return suspected;
    const from = this.#mark(before);
    for (let done = from; done < this.#end; done += SLOTS_AT_ONCE) {
      if (signal.aborted || done - from >= ENTRIES_PER_STEP) return this.#goOn(before, done);
      if ((done - from) % ENTRIES_PER_MARK === 0) await this.#goOn(before, done);
      const count = Math.min(SLOTS_AT_ONCE, this.#end - done);
      const indexes = Array.from({ length: count }, (_, i) => this.#entryAt(before, done + i));
      const found = await this.#ask(indexes, before, signal);
      if (found !== null) return found;
    }
    await this.#goOn(before, this.#end);
    return { outcome: 'nothing' };
  }

  /** The replay stopped at an entry whose slot was taken: what comes after it was not looked at. */
  get #end(): number {
    const { why, entryIndex } = this.#finding;
    return why === 'slot-twice' && entryIndex !== null ? entryIndex + 1 : this.#target.size;
  }

  /** New entries first. */
  #entryAt({ size }: Head, place: number): number {
    const isNew = place < this.#end - size;
    return isNew ? size + place : place - (this.#end - size);
  }

  /** Of two entries with one slot, one is not in the map. */
  #suspects(before: Head): number[] {
    const { index, logId } = this.#follower;
    const { why, entryIndex } = this.#finding;
    if (why !== 'slot-twice' || entryIndex === null) return [];
    const { slot } = decodeEntry(index.tiles.entryAt(entryIndex));
    const rows = index.slots.find(slot).filter((row) => equalBytes(row.logId, logId) && row.entryIndex < before.size);
    return [entryIndex, ...rows.map((row) => row.entryIndex)];
  }

  /** Throws UNVERIFIED when the node withholds entries. */
  async #growTree(signal: AbortSignal): Promise<void> {
    const { index, node } = this.#follower;
    const target = { checkpoint: this.#target, note: this.#finding.checkpoint };
    const { outcome } = await growTree({ index, node, target, waypoints: [], signal });
    if (outcome !== 'held') throw unverified('the node withholds entries of the checkpoint that it signed');
  }

  /** Throws StaleTree for an entry that is not in the signed tree, IndexDamage for one that is not stored. */
  #read(entryIndex: number): Included {
    const { tiles } = this.#follower.index;
    const { size, rootHash } = this.#target;
    const [entryBytes, inclusionProof] = [tiles.entryAt(entryIndex), proveInclusion(entryIndex, size, tiles)];
    const leafHash = leafHashOf(entryBytes);
    try {
      verifyInclusion({ leafHash, entryIndex, size, rootHash }, inclusionProof);
    } catch (error) {
      if (isCodedError(error, 'UNVERIFIED')) throw new StaleTree();
      throw error;
    }
    return { entryIndex, entryBytes, leafHash, slot: decodeEntry(entryBytes).slot, inclusionProof };
  }

  /** Null when the map has all of these entries. */
  async #ask(entryIndexes: readonly number[], before: Head, signal: AbortSignal): Promise<AuditEnd | null> {
    if (entryIndexes.length === 0) return null;
    const { node, logId } = this.#follower;
    const entries = entryIndexes.map((entryIndex) => this.#read(entryIndex));
    const slots = new Map(entries.map(({ slot }) => [encodeHex(slot), slot]));
    const { note, proofs } = await node.slotProofs([...slots.values()], logId, this.#target.size, signal);
    if (note.checkpoint.size !== this.#target.size || !hasRoots(note.checkpoint, this.#target)) return this.#judgeOther(note);
    for (const entry of entries) {
      const slotProof = proofs.get(encodeHex(entry.slot));
      if (slotProof === undefined) throw unverified('the node leaves out a slot proof');
      const held = verifySlotProof(this.#target.mapRoot, entry.slot, slotProof);
      const isMapped = held.present && equalBytes(held.leafHash, entry.leafHash);
      if (!isMapped) return { outcome: 'found', unmapped: { ...entry, slotProof, before } };
    }
    return null;
  }

  #judgeOther(note: Note): AuditEnd {
    const { registered } = this.#follower;
    const isOurs = registered !== null && isSignedNote(note, registered.log, registered.facts);
    if (isOurs && note.checkpoint.size === this.#target.size)
      return { outcome: 'fork', note: formatNote({ ...note, cosignatures: [] }) };
    throw unverified('the node answers about another checkpoint than the one it was asked about');
  }

  // The mark

  /** How many entries were looked at before; 0 when that was another checkpoint, or beside another one before it. */
  #mark({ size }: Head): number {
    const { index, logId } = this.#follower;
    const stored = readValue(index.index.space('audit'), logId);
    if (stored === undefined) return 0;
    const reader = new ByteReader(stored);
    const isSame = equalBytes(reader.bytes(32), checkpointDigest(this.#target)) && reader.u64() === size;
    return isSame ? reader.u64() : 0;
  }

  async #goOn({ size }: Head, done: number): Promise<AuditEnd> {
    const { index, logId } = this.#follower;
    const mark = concatBytes(checkpointDigest(this.#target), u64(size), u64(done));
    await index.index.store.batch().put(index.index.space('audit'), logId, mark).write({ sync: false });
    return { outcome: 'going-on' };
  }
}
