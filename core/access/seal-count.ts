/**
 * How many accesses are under seal, and for how many of them the public term has passed: from the entries of a seals log alone, by anyone.
 *
 * Of one seal there is a story: its kind 32, renewals, and in the end a release, each at the slot that follows from the leaf hash of the one
 * before. A seal is overdue when it is neither released nor was sealed or renewed within the term that the registry has for the log.
 */
import { encodeHex } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { unverified } from '../bytes/error.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import { decodeEntry, encodeEntry, type Entry, KINDS } from '../log/entry.ts';
import { type HistoryItem, type ProvenEntry, verifyHistoryItem } from '../log/history.ts';
import { leafHashOf } from '../log/tree.ts';
import { type SlotProof, verifySlotProof } from '../log/slot-proof.ts';
import { sealSlotAfter } from './seal.ts';

export interface SealState {
  /** Leaf hash of the 32. */
  readonly seal: Hash;
  readonly sealedAt: number;
  readonly renewals: number;
  /** Null while it is under seal. */
  readonly releasedAt: number | null;
  /** Time of the 32 or the last 34, plus the term. */
  readonly dueAt: number;
  /** As of the instant asked for. */
  readonly isOverdue: boolean;
}

export interface SealCount {
  readonly sealed: number;
  readonly released: number;
  readonly unreleased: number;
  /** Of the unreleased. */
  readonly overdue: number;
  /** Renewals in all. */
  readonly renewed: number;
  /** Entries that belong to no seal's story. They lift and prolong nothing. */
  readonly stray: number;
}

interface Told {
  readonly entry: Entry;
  readonly leafHash: Hash;
}

/** `term` is the registry's, in ms; `asOf` no later than the checkpoint whose entries these are, for later ones may release. */
export interface SealTerms {
  readonly term: number;
  readonly asOf: number;
}

function stateOf(seal: Told, renewals: readonly Told[], release: Told | null, { term, asOf }: SealTerms): SealState {
  const last = renewals.at(-1) ?? seal;
  const dueAt = last.entry.recordedAt + term;
  return {
    seal: seal.leafHash,
    sealedAt: seal.entry.recordedAt,
    renewals: renewals.length,
    releasedAt: release?.entry.recordedAt ?? null,
    dueAt,
    isOverdue: release === null && dueAt < asOf,
  };
}

/** The state of every seal. `entries`: all that the log holds at a checkpoint, verified against its root. */
export function sealStatesOf(entries: readonly Entry[], terms: SealTerms): { states: SealState[]; count: SealCount } {
  const told = entries.map((entry) => ({ entry, leafHash: leafHashOf(encodeEntry(entry)) }));
  const bySlot = new Map(told.map((one) => [encodeHex(one.entry.slot), one]));
  const states: SealState[] = [];
  let used = 0;
  for (const seal of told.filter(({ entry }) => entry.kind === KINDS.seal)) {
    const story = storyFrom(seal, (slot) => bySlot.get(encodeHex(slot)) ?? null);
    used += 1 + story.renewals.length + (story.release === null ? 0 : 1);
    states.push(stateOf(seal, story.renewals, story.release, terms));
  }
  const released = states.filter(({ releasedAt }) => releasedAt !== null).length;
  const count = {
    sealed: states.length,
    released,
    unreleased: states.length - released,
    overdue: states.filter(({ isOverdue }) => isOverdue).length,
    renewed: states.reduce((sum, { renewals }) => sum + renewals, 0),
    stray: told.length - used,
  };
  return { states, count };
}

/** Slots are hashes of what stands before them, so a story has an end. */
function storyFrom(seal: Told, at: (slot: Hash) => Told | null): { renewals: Told[]; release: Told | null } {
  const renewals: Told[] = [];
  for (let last = seal; ; last = renewals.at(-1)!) {
    const next = at(sealSlotAfter(last.leafHash));
    if (next?.entry.kind === KINDS['seal-release']) return { renewals, release: next };
    if (next?.entry.kind !== KINDS['seal-renewal']) return { renewals, release: null };
    renewals.push(next);
  }
}

/** One seal's story at a checkpoint: the 32, what follows it in order, and, unless it was released, that the next slot is absent. */
export interface SealProof {
  readonly seal: HistoryItem;
  readonly items: readonly HistoryItem[];
  readonly absence: SlotProof | null;
}

/** For a reader without the log's entries. Throws UNVERIFIED or MALFORMED; the checkpoint is judged elsewhere. */
export function verifySealProof(checkpoint: Checkpoint, { seal, items, absence }: SealProof, terms: SealTerms): SealState {
  const first = verifyHistoryItem(seal, decodeEntry(seal.entryBytes).slot, checkpoint);
  if (first.entry.kind !== KINDS.seal) throw unverified('seal: begins with another kind');
  const story = [first];
  for (const item of items) {
    if (story.at(-1)!.entry.kind === KINDS['seal-release']) throw unverified('seal: something follows the release');
    story.push(verifyHistoryItem(item, sealSlotAfter(story.at(-1)!.leafHash), checkpoint));
  }
  verifyStory(story, checkpoint);
  const release = story.at(-1)!.entry.kind === KINDS['seal-release'] ? story.at(-1)! : null;
  if (release === null) {
    const isShown =
      absence !== null && !verifySlotProof(checkpoint.mapRoot, sealSlotAfter(story.at(-1)!.leafHash), absence).present;
    if (!isShown) throw unverified('seal: what follows is not shown to be absent');
  }
  return stateOf(first, story.slice(1, release === null ? undefined : -1), release, terms);
}

function verifyStory(story: readonly ProvenEntry[], { issuedAt }: Checkpoint): void {
  for (const [i, { entry }] of story.entries()) {
    if (entry.recordedAt > issuedAt) throw unverified('seal: an entry later than the checkpoint');
    if (i === 0) continue;
    if (entry.recordedAt < story[i - 1]!.entry.recordedAt) throw unverified('seal: times decrease');
    if (entry.kind !== KINDS['seal-renewal'] && entry.kind !== KINDS['seal-release'])
      throw unverified('seal: a kind that neither renews nor releases');
  }
}
