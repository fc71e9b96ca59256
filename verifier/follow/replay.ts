/**
 * One log replayed up to a checkpoint that it signed, as a story: fetch the entries → the tree over them has the checkpoint's root, so
 * they are the log's own → each is well formed and in time → the map over their slots has the checkpoint's map root → the log is
 * held to it. Everything is stored on the way, but nothing counts before the last step.
 *
 * Up to the tree's root, whatever is wrong may be the node's doing and convicts nobody. Beyond it, the log has signed what is wrong.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { invariant, isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { decodeEntry, type Entry } from '../../core/log/entry.ts';
import { insertSlots, type MapChange, type MapLeaf } from '../../core/log/map.ts';
import { lookUpSlot } from '../../core/log/slot-proof.ts';
import type { BadCheckpoint } from './finding.ts';
import { hasRoots, type Head } from '../index/head-store.ts';
import type { LogIndex } from '../index/log-index.ts';
import { TileGrowth } from '../index/tile-growth.ts';
import type { NodeClient } from './node-client.ts';
import { type OtherTree, treeAt } from './split.ts';

/** A checkpoint and its note, signed by the log. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

/** A checkpoint that the chain names; whether the log signed it is found out only when it matters. */
export interface Waypoint {
  readonly checkpoint: Checkpoint;
  /** Null when the log's signature does not hold. */
  readonly signedNote: () => string | null;
}

export interface ReplayTask {
  readonly index: LogIndex;
  readonly node: Pick<NodeClient, 'entries'>;
  /** Of the log, ms. */
  readonly quantum: number;
  readonly target: SignedCheckpoint;
  /** Between the size held and the target's, in order: the tree roots of those that the log signed must come up on the way. */
  readonly waypoints: readonly Waypoint[];
  readonly signal: AbortSignal;
}

export type ReplayEnd =
  | { readonly outcome: 'held' }
  /** The node's entries do not have the root that the log signed, or it does not hand them out. */
  | { readonly outcome: 'withheld' }
  /** One tree cannot have both roots (or one size two map roots), and the log signed both. */
  | { readonly outcome: 'split'; readonly a: string; readonly b: string; readonly tree: OtherTree | null }
  | { readonly outcome: 'bad'; readonly checkpoint: string; readonly why: BadCheckpoint; readonly entryIndex: number | null };

type Bad = Extract<ReplayEnd, { outcome: 'bad' }>;

/** Entries whose slots are inserted at once: the more, the less is written; look-ups wait for about a quarter of a second. */
const CHUNK = 4_096;
const TILES_PER_WRITE = 16;

/** Throws UNAVAILABLE when the node does not answer, IndexDamage. Stopped at any point, it can be begun again. */
export async function replay(task: ReplayTask): Promise<ReplayEnd> {
  const { index, target } = task;
  const { checkpoint, note } = target;
  const known = index.heads.at(checkpoint.size);
  if (known !== undefined)
    return hasRoots(known, checkpoint) ? { outcome: 'held' } : { outcome: 'split', a: known.note, b: note, tree: null };
  const grown = await growTree(task);
  if (grown.outcome !== 'held') return grown;
  const filled = await fillMap(task, index.heads.below(checkpoint.size));
  if (filled.outcome === 'held') {
    const { size, rootHash, mapRoot } = checkpoint;
    await index.heads.add({ size, rootHash, mapRoot, note });
  }
  return filled;
}

/** The first step: the entries are fetched and stored, whatever they say. */
export async function growTree(task: Omit<ReplayTask, 'quantum'>): Promise<ReplayEnd> {
  const { index, target } = task;
  const { size, rootHash } = target.checkpoint;
  if (size < index.size) {
    // The tree that was held to a later checkpoint has another beginning than this one says.
    const tree = treeAt(index.tiles, size, index.size);
    if (!equalBytes(tree.rootHash, rootHash)) return { outcome: 'split', a: target.note, b: index.heads.newest.note, tree };
    return { outcome: 'held' };
  }
  try {
    const { root, stray } = await fetchTree(task);
    if (!equalBytes(root, rootHash)) return { outcome: 'withheld' };
    if (stray === null) return { outcome: 'held' };
    const tree = stray.size === size ? null : treeAt(index.tiles, stray.size, size);
    return { outcome: 'split', a: stray.note, b: target.note, tree };
  } catch (error) {
    if (isCodedError(error) && error.code !== 'UNAVAILABLE') return { outcome: 'withheld' };
    throw error;
  }
}

interface FetchedTree {
  readonly root: Hash;
  /** The first waypoint that the log signed and whose root did not come up. */
  readonly stray: { readonly size: number; readonly note: string } | null;
}

async function fetchTree({ index, node, target, waypoints, signal }: Omit<ReplayTask, 'quantum'>): Promise<FetchedTree> {
  const growth = new TileGrowth(index.tiles, index.size);
  const bySize = Map.groupBy(waypoints, ({ checkpoint }) => checkpoint.size);
  let stray: FetchedTree['stray'] = null;
  const write = async (): Promise<void> => {
    const batch = index.index.store.batch();
    const tiles = growth.drainTo(batch);
    await batch.write({ sync: false });
    index.tiles.forget(tiles);
  };
  let tileCount = 0;
  for await (const entries of node.entries(index.size, target.checkpoint.size, signal)) {
    for (const entry of entries) {
      growth.append(entry);
      for (const { checkpoint, signedNote } of bySize.get(growth.size) ?? []) {
        const note: string | null = stray === null && !equalBytes(checkpoint.rootHash, growth.root()) ? signedNote() : null;
        if (note !== null) stray = { size: checkpoint.size, note };
      }
    }
    if (++tileCount % TILES_PER_WRITE === 0) await write();
  }
  await write();
  return { root: growth.root(), stray };
}

async function fillMap(task: ReplayTask, start: Head): Promise<ReplayEnd> {
  const { index, target } = task;
  const rules = new EntryRules(task, start);
  let mapRoot = start.mapRoot;
  for (let from = start.size; from < target.checkpoint.size; from += CHUNK) {
    const to = Math.min(from + CHUNK, target.checkpoint.size);
    const leaves: MapLeaf[] = [];
    for (let entryIndex = from; entryIndex < to; entryIndex++) {
      const read = rules.read(entryIndex);
      if ('outcome' in read) return read;
      leaves.push({ slot: read.slot, leafHash: index.tiles.node(0, entryIndex) });
    }
    const placed = await placeLeaves(index, mapRoot, from, leaves);
    if (placed === null) {
      return { outcome: 'bad', checkpoint: target.note, why: 'slot-twice', entryIndex: from + findTaken(index, mapRoot, leaves) };
    }
    mapRoot = placed;
  }
  if (equalBytes(mapRoot, target.checkpoint.mapRoot)) return { outcome: 'held' };
  return { outcome: 'bad', checkpoint: target.note, why: 'map-root', entryIndex: null };
}

/** Each entry is well formed, at a multiple of the quantum, not before the one before it nor after a checkpoint that holds it. */
class EntryRules {
  readonly #task: ReplayTask;
  readonly #waypoints: ReadonlyMap<number, readonly Waypoint[]>;
  #previousAt: number;

  constructor(task: ReplayTask, start: Head) {
    this.#task = task;
    const target = { checkpoint: task.target.checkpoint, signedNote: () => task.target.note };
    this.#waypoints = Map.groupBy([...task.waypoints, target], ({ checkpoint }) => checkpoint.size);
    this.#previousAt = start.size === 0 ? 0 : decodeEntry(task.index.tiles.entryAt(start.size - 1)).recordedAt;
  }

  read(entryIndex: number): Entry | Bad {
    const { index, target, quantum } = this.#task;
    const entry = decodeOrNull(index.tiles.entryAt(entryIndex));
    if (entry === null) return { outcome: 'bad', checkpoint: target.note, why: 'entry-format', entryIndex };
    const { recordedAt } = entry;
    if (recordedAt % quantum !== 0 || recordedAt < this.#previousAt) {
      return { outcome: 'bad', checkpoint: target.note, why: 'entry-time', entryIndex };
    }
    this.#previousAt = recordedAt;
    for (const { checkpoint, signedNote } of this.#waypoints.get(entryIndex + 1) ?? []) {
      const note = recordedAt > checkpoint.issuedAt ? signedNote() : null;
      if (note !== null) return { outcome: 'bad', checkpoint: note, why: 'entry-time', entryIndex };
    }
    return entry;
  }
}

function decodeOrNull(bytes: Uint8Array): Entry | null {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** The place of the first of the leaves whose slot was taken before it. */
function findTaken(index: LogIndex, mapRoot: Hash, leaves: readonly MapLeaf[]): number {
  const taken = new Set<string>();
  const place = leaves.findIndex(({ slot }) => {
    const hex = encodeHex(slot);
    if (taken.has(hex) || lookUpSlot(mapRoot, slot, index.map) !== null) return true;
    taken.add(hex);
    return false;
  });
  invariant(place !== -1, 'a map refuses only a slot that is taken');
  return place;
}

/** The new map root, its nodes stored and the slots findable; null when a slot is taken. */
async function placeLeaves(index: LogIndex, mapRoot: Hash, from: number, leaves: readonly MapLeaf[]): Promise<Hash | null> {
  const change = insertOrNull(index, mapRoot, leaves);
  if (change === null) return null;
  await index.index.exclusively(async () => {
    const batch = index.index.store.batch();
    index.map.put(batch, change.nodes);
    for (const [i, { slot }] of leaves.entries()) {
      const entryIndex = from + i;
      // Entries below the size held are here for an earlier checkpoint's map alone.
      if (entryIndex >= index.size) index.slots.put(batch, slot, { logId: index.logId, entryIndex });
    }
    await batch.write({ sync: false });
  });
  return change.mapRoot;
}

function insertOrNull(index: LogIndex, mapRoot: Hash, leaves: readonly MapLeaf[]): MapChange | null {
  try {
    return insertSlots(mapRoot, leaves, index.map);
  } catch (error) {
    if (isCodedError(error, 'CONFLICT')) return null;
    throw error;
  }
}
