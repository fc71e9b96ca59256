/**
 * Whether a charge convicts: the judgement of the contract OmissionCourt, so that nobody brings a charge that it would refuse, and so
 * that anybody can check one that it accepted.
 *
 * A charge rests on nothing but the log's own words. Anchored checkpoints are compared with what the chain has; checkpoints and promises
 * must be signed with a key that counted for this log when it signed. Once such a key is in doubt, a charge is worth only what the
 * consortium makes of it.
 */
import { findKey, findLog, isLogKeyAt, isSuspended, type RegistryFacts } from '../authority/registry.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { notFound, unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { verifyCheckpointSignature, type Checkpoint } from '../log/checkpoint.ts';
import { decodeEntry } from '../log/entry.ts';
import { logIdOf, parseOrigin, type Origin } from '../log/origin.ts';
import { verifyPromise } from '../log/promise.ts';
import { verifySlotProof, type SlotProof } from '../log/slot-proof.ts';
import { leafHashOf } from '../log/tree.ts';
import { verifyConsistency, verifyInclusion } from '../log/tree-proof.ts';
import type { PublicKey } from '../sm/sm2.ts';
import type { AnchoredCheckpoint, BrokenPromiseCharge, Charge, ForkCharge, RolledBackCharge } from './charge.ts';
import type { ShownCheckpoint, SignedPromise, SplitViewCharge, UnmappedCharge } from './charge.ts';

/** What the chain says of the log. */
export interface ChargedLog {
  readonly origin: Origin;
  /** Milliseconds. */
  readonly promiseSpan: number;
  /** Closed by its own authority, which then stands by its last anchor. */
  readonly isClosedByOwner: boolean;
  /** All its anchors, each at the index that is its sequence number. */
  readonly anchors: readonly AnchoredCheckpoint[];
  /** Null unless it is a log key of the authority whose log it was at that time, valid then. */
  logKeyAt(keyId: Hash, time: number): ChargedKey | null;
}

export interface ChargedKey {
  readonly publicKey: PublicKey;
  /** Declared compromised, since whenever, or suspended now. */
  readonly isDoubted: boolean;
}

export interface Conviction {
  /** The log is disputed from this size on. */
  readonly fromSize: number;
  /** False: it rests on bytes of a key in doubt, and waits for the consortium. */
  readonly takesEffect: boolean;
}

/** What the facts say of a log, and its anchors up to the same block. Throws NOT_FOUND. */
export function chargedLogOf(facts: RegistryFacts, logId: Hash, anchors: readonly AnchoredCheckpoint[]): ChargedLog {
  const log = findLog(facts, logId);
  if (log === undefined) throw notFound('no such log is registered');
  const logKeyAt = (keyId: Hash, time: number): ChargedKey | null => {
    const key = findKey(facts, keyId);
    if (key === undefined || !isLogKeyAt(key, log, time)) return null;
    return { publicKey: key.publicKey, isDoubted: key.compromisedAt !== null || isSuspended(key, facts.block.at) };
  };
  const { promiseSpan, closedByOwner } = log;
  return { origin: parseOrigin(log.origin), promiseSpan, isClosedByOwner: closedByOwner, anchors, logKeyAt };
}

/** The first anchor not smaller than the dispute's size, and the one before it; null where there is none. */
export interface DisputeStart {
  readonly sequence: number;
  readonly first: AnchoredCheckpoint | null;
  readonly previous: AnchoredCheckpoint | null;
}

/** Throws UNVERIFIED, with the reason, if the charge does not convict. */
export function verifyCharge(charge: Charge, log: ChargedLog): Conviction {
  if (charge.origin !== log.origin) throw unverified('charge: against another log');
  switch (charge.kind) {
    case 'unmapped':
      return judgeUnmapped(charge, log);
    case 'broken-promise':
      return judgeBrokenPromise(charge, log);
    case 'rolled-back':
      return judgeRolledBack(charge, log);
    case 'fork':
      return judgeFork(charge, log);
    case 'split-view':
      return judgeSplitView(charge, log);
  }
}

export function disputeStart(fromSize: number, anchors: readonly AnchoredCheckpoint[]): DisputeStart {
  const found = anchors.findIndex(({ checkpoint }) => checkpoint.size >= fromSize);
  const sequence = found === -1 ? anchors.length : found;
  return { sequence, first: anchors[sequence] ?? null, previous: anchors[sequence - 1] ?? null };
}

function judgeUnmapped(charge: UnmappedCharge, log: ChargedLog): Conviction {
  const isDoubted = hear(charge.checkpoint, log);
  const { size, rootHash, mapRoot } = charge.checkpoint.checkpoint;
  const leafHash = leafHashOf(charge.entryBytes);
  verifyInclusion({ leafHash, entryIndex: charge.entryIndex, size, rootHash }, charge.inclusionProof);
  const { slot } = decodeEntry(charge.entryBytes);
  checkLacks(mapRoot, slot, leafHash, charge.slotProof);
  return { fromSize: size, takesEffect: !isDoubted };
}

/** Silence breaks no promise: the log must have said something once it was due, or have closed itself. */
function judgeBrokenPromise(charge: BrokenPromiseCharge, log: ChargedLog): Conviction {
  const { checkpoint, sequence } = charge.checkpoint;
  const isDoubted = hearPromise(charge.promised, log);
  hear(charge.checkpoint, log);
  const { slot, leafHash, deadlineAt } = charge.promised.promise;
  const isLastWord = log.isClosedByOwner && sequence === log.anchors.length - 1;
  if (checkpoint.issuedAt < deadlineAt && !isLastWord) throw unverified('charge: the promise is not due at this checkpoint');
  checkLacks(checkpoint.mapRoot, slot, leafHash, charge.slotProof);
  return { fromSize: checkpoint.size, takesEffect: !isDoubted };
}

function judgeRolledBack(charge: RolledBackCharge, log: ChargedLog): Conviction {
  const { earlier, later, takesEffect } = hearBoth(charge, log);
  if (earlier.size > later.size) throw unverified('charge: the later checkpoint is smaller');
  const held = verifySlotProof(earlier.mapRoot, charge.slot, charge.earlierSlotProof);
  if (!held.present) throw unverified('charge: the earlier map does not have the slot');
  checkLacks(later.mapRoot, charge.slot, held.leafHash, charge.laterSlotProof);
  return { fromSize: earlier.size, takesEffect };
}

function judgeFork(charge: ForkCharge, log: ChargedLog): Conviction {
  const { earlier: a, later: b, takesEffect } = hearBoth({ earlier: charge.a, later: charge.b }, log);
  if (a.size !== b.size) throw unverified('charge: two checkpoints of different sizes');
  const isSame = equalBytes(a.rootHash, b.rootHash) && equalBytes(a.mapRoot, b.mapRoot);
  if (isSame) throw unverified('charge: two checkpoints with the same roots');
  return { fromSize: a.size, takesEffect };
}

function judgeSplitView(charge: SplitViewCharge, log: ChargedLog): Conviction {
  const { earlier, later, takesEffect } = hearBoth(charge, log);
  if (equalBytes(charge.otherRoot, earlier.rootHash)) throw unverified('charge: the other root is the earlier checkpoint’s own');
  const claim = { size1: earlier.size, root1: charge.otherRoot, size2: later.size, root2: later.rootHash };
  verifyConsistency(claim, charge.consistencyProof);
  return { fromSize: earlier.size, takesEffect };
}

interface Heard {
  readonly earlier: Checkpoint;
  readonly later: Checkpoint;
  readonly takesEffect: boolean;
}

function hearBoth(shown: { readonly earlier: ShownCheckpoint; readonly later: ShownCheckpoint }, log: ChargedLog): Heard {
  const doubts = [hear(shown.earlier, log), hear(shown.later, log)];
  return { earlier: shown.earlier.checkpoint, later: shown.later.checkpoint, takesEffect: !doubts.includes(true) };
}

/** Returns whether it is signed with a key in doubt. */
function hear(shown: ShownCheckpoint, log: ChargedLog): boolean {
  if (shown.checkpoint.origin !== log.origin) throw unverified('charge: a checkpoint of another log');
  if (shown.by === 'anchor') {
    const anchor = log.anchors[shown.sequence];
    if (anchor === undefined || !isSameAnchor(anchor, shown)) throw unverified('charge: no such anchor');
    return false;
  }
  const key = keyAt(shown.keyId, shown.checkpoint.issuedAt, log);
  verifyCheckpointSignature(shown.checkpoint, key.publicKey, shown.note.logSignature.signature);
  return key.isDoubted;
}

function hearPromise({ promise, keyId, signature }: SignedPromise, log: ChargedLog): boolean {
  if (!equalBytes(promise.logId, logIdOf(log.origin))) throw unverified('charge: a promise of another log');
  const key = keyAt(keyId, promise.issuedAt, log);
  verifyPromise(promise, log.promiseSpan, key.publicKey, signature);
  return key.isDoubted;
}

function keyAt(keyId: Hash, time: number, log: ChargedLog): ChargedKey {
  const key = log.logKeyAt(keyId, time);
  if (key === null) throw unverified('charge: signed with a key that did not count for this log then');
  return key;
}

function isSameAnchor(a: AnchoredCheckpoint, b: AnchoredCheckpoint): boolean {
  const [one, other] = [a.checkpoint, b.checkpoint];
  const hasSameRoots = equalBytes(one.rootHash, other.rootHash) && equalBytes(one.mapRoot, other.mapRoot);
  return hasSameRoots && one.size === other.size && one.issuedAt === other.issuedAt && a.anchoredAt === b.anchoredAt;
}

/** Proven: the map has nothing at the slot, or another leaf hash. */
function checkLacks(mapRoot: Hash, slot: Hash, leafHash: Hash, slotProof: SlotProof): void {
  const found = verifySlotProof(mapRoot, slot, slotProof);
  if (found.present && equalBytes(found.leafHash, leafHash)) throw unverified('charge: the map has it');
}
