/**
 * One log replayed up to a checkpoint that it signed, as a story: fetch the entries → the tree over them has the checkpoint's root, so
 * they are the log's own → each keeps the rules (entry-rules.ts) → the map over their slots has the checkpoint's map root → the log is
 * held to it. Everything is stored on the way, but nothing counts before the last step.
 *
 * Up to the tree's root, whatever is wrong may be the node's doing and convicts nobody. Beyond it, the log has signed what is wrong.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { invariant, isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { LOG_RULES } from '../../core/authority/log-rules.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { insertSlots, type MapChange, type MapLeaf } from '../../core/log/map.ts';
import { parseNote } from '../../core/log/note.ts';
import { lookUpSlot } from '../../core/log/slot-proof.ts';
import { EntryRules } from './entry-rules.ts';
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
  readonly log: Pick<LogFact, 'class' | 'quantum'>;
  readonly target: SignedCheckpoint;
  /** From the size that the replay begins with to the target's, in order: what those that the log signed say must come true on the way. */
  readonly waypoints: readonly Waypoint[];
  readonly signal: AbortSignal;
}

export type ReplayEnd =
  | { readonly outcome: 'held' }
  /** The node's entries do not have the root that the log signed, or it does not hand them out. */
  | { readonly outcome: 'withheld' }
  /** One tree cannot have both roots (or one size two map roots), and the log signed both. */
  | { readonly outcome: 'split'; readonly a: string; readonly b: string; readonly tree: OtherTree | null }
  | {
      readonly outcome: 'bad';
      readonly checkpoint: string;
      readonly why: BadCheckpoint;
      readonly lacks: string | null;
      readonly entryIndex: number | null;
    };

/** Entries whose slots are inserted at once: the more, the less is written; look-ups wait for about a quarter of a second. */
const CHUNK = 4_096;
const TILES_PER_WRITE = 16;

/** Throws UNAVAILABLE when the node does not answer, IndexDamage. Stopped at any point, it can be begun again. */
export async function replay(task: ReplayTask): Promise<ReplayEnd> {
  const { index, target } = task;
  const { checkpoint, note } = target;
  const known = index.heads.at(checkpoint.size);
  if (known !== undefined) return holdAgain(index, known, target);
  const grown = await growTree(task);
  if (grown.outcome !== 'held') return grown;
  const filled = await fillMap(task, index.heads.below(checkpoint.size));
  if (filled.outcome === 'held') {
    const { size, rootHash, mapRoot } = checkpoint;
    await index.heads.add({ size, rootHash, mapRoot, note });
  }
  return filled;
}

/** The newest checkpoint of a size is kept: what comes after it must not be from before. */
async function holdAgain(index: LogIndex, known: Head, { checkpoint, note }: SignedCheckpoint): Promise<ReplayEnd> {
  if (!hasRoots(known, checkpoint)) return { outcome: 'split', a: known.note, b: note, tree: null };
  const isNewer = known.note !== '' && checkpoint.issuedAt > parseNote(known.note).checkpoint.issuedAt;
  if (isNewer) await index.heads.add({ ...known, note });
  return { outcome: 'held' };
}

/** The first step: the entries are fetched and stored, whatever they say. */
export async function growTree(task: Omit<ReplayTask, 'log'>): Promise<ReplayEnd> {
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

async function fetchTree({ index, node, target, waypoints, signal }: Omit<ReplayTask, 'log'>): Promise<FetchedTree> {
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
  const { index, log, target, waypoints } = task;
  const rules = new EntryRules({ log, tiles: index.tiles, start, waypoints, target });
  const bad = (why: BadCheckpoint, entryIndex: number | null): ReplayEnd => {
    return { outcome: 'bad', checkpoint: target.note, why, lacks: null, entryIndex };
  };
  let mapRoot = start.mapRoot;
  for (let from = start.size; from < target.checkpoint.size; from += CHUNK) {
    const to = Math.min(from + CHUNK, target.checkpoint.size);
    const leaves: MapLeaf[] = [];
    for (let entryIndex = from; entryIndex < to; entryIndex++) {
      const read = rules.read(entryIndex);
      if ('outcome' in read) return read;
      leaves.push({ slot: read.slot, leafHash: index.tiles.node(0, entryIndex) });
    }
    const placed = await placeLeaves(task, mapRoot, from, leaves);
    if (placed === null) return bad('slot-twice', from + findTaken(index, mapRoot, leaves));
    mapRoot = placed;
  }
  return equalBytes(mapRoot, target.checkpoint.mapRoot) ? { outcome: 'held' } : bad('map-root', null);
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
async function placeLeaves(
  { index, log }: ReplayTask,
  mapRoot: Hash,
  from: number,
  leaves: readonly MapLeaf[],
): Promise<Hash | null> {
  const change = insertOrNull(index, mapRoot, leaves);
  if (change === null) return null;
  await index.index.exclusively(async () => {
    const batch = index.index.store.batch();
    index.map.put(batch, change.nodes);
    // Whoever may not look up a log's slots is not to come upon them either.
    for (const [i, { slot }] of LOG_RULES[log.class].isPublic ? leaves.entries() : []) {
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
