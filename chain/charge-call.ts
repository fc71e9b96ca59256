/** Calls of the court, from the charges of core/court/charge.ts, and the court's name for what a charge is about. */
import { AbiCoder, getBytes, keccak256 } from 'ethers';
import { compareBytes, equalBytes } from '../core/bytes/bytes.ts';
import { invariant } from '../core/bytes/error.ts';
import { asHash, type Hash } from '../core/bytes/hash.ts';
import { CHARGE_KINDS, type AnchorEvent, type ChargeKind } from '../core/authority/registry-event.ts';
import type { AnchoredCheckpoint, Charge, ShownCheckpoint, SignedPromise } from '../core/court/charge.ts';
import { disputeStart, type DisputeStart } from '../core/court/judgement.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import { decodeEntry } from '../core/log/entry.ts';
import { logIdOf, type Origin } from '../core/log/origin.ts';
import { encodeSlotProof, verifySlotProof, type SlotProof } from '../core/log/slot-proof.ts';
import { leafHashOf } from '../core/log/tree.ts';
import type { IOmissionCourt } from './bindings/OmissionCourt.ts';
import { COURT, hex, numberOf, ZERO_WORD } from './abi.ts';

const NO_PREIMAGE = { size: 0, time: 0, root: ZERO_WORD, mapRoot: ZERO_WORD, blockTime: 0 };

/** A log's anchors as charges name them, each at the index that is its sequence number. */
export function anchoredCheckpoints(origin: Origin, events: readonly AnchorEvent[]): AnchoredCheckpoint[] {
  const anchors = events.filter((event) => event.kind === 'anchored');
  invariant(
    anchors.every(({ sequence }, i) => sequence === i),
    'anchors are numbered from 0 without a gap',
  );
  return anchors.map(({ sequence, size, issuedAt, rootHash, mapRoot, block }) => {
    const checkpoint = { origin, size, issuedAt, rootHash, mapRoot };
    return { by: 'anchor', checkpoint, sequence, anchoredAt: block.at };
  });
}

/** The call that brings a charge. `anchors` are all those of the log. Whether it holds, `verifyCharge` says beforehand. */
export function encodeCharge(charge: Charge, anchors: readonly AnchoredCheckpoint[]): string {
  const logId = hex(logIdOf(charge.origin));
  const start = startOf(disputeStart(smallestSize(charge), anchors));
  const map = (proof: SlotProof): string => hex(encodeSlotProof(proof));
  switch (charge.kind) {
    case 'unmapped': {
      const entry = [hex(charge.entryBytes), charge.entryIndex, charge.inclusionProof.map(hex)] as const;
      const checkpoint = shownOf(charge.checkpoint);
      return COURT.encodeFunctionData('chargeUnmapped', [logId, start, checkpoint, ...entry, map(charge.slotProof)]);
    }
    case 'broken-promise': {
      const said = [promiseOf(charge.promised), shownOf(charge.checkpoint)] as const;
      return COURT.encodeFunctionData('chargeBrokenPromise', [logId, start, ...said, map(charge.slotProof)]);
    }
    case 'rolled-back': {
      const said = [shownOf(charge.earlier), shownOf(charge.later), hex(charge.slot)] as const;
      const proofs = [map(charge.earlierSlotProof), map(charge.laterSlotProof)] as const;
      return COURT.encodeFunctionData('chargeRolledBack', [logId, start, ...said, ...proofs]);
    }
    case 'fork':
      return COURT.encodeFunctionData('chargeFork', [logId, start, shownOf(charge.a), shownOf(charge.b)]);
    case 'split-view': {
      const said = [shownOf(charge.earlier), shownOf(charge.later), hex(charge.otherRoot)] as const;
      return COURT.encodeFunctionData('chargeSplitView', [logId, start, ...said, charge.consistencyProof.map(hex)]);
    }
  }
}

export function encodeConfirmCharge(chargeDigest: Hash): string {
  return COURT.encodeFunctionData('confirm', [hex(chargeDigest)]);
}

/** `reason` has 1 to 1024 bytes. */
export function encodeClearDispute(logId: Hash, reason: string): string {
  return COURT.encodeFunctionData('clear', [hex(logId), reason]);
}

/**
 * keccak256 of log id, number and fact: the same fact has the same digest, however it is shown. Only for a charge that convicts.
 *
 *     unmapped, broken-promise   slot, leaf hash that is missing
 *     rolled-back                slot, leaf hash that it held
 *     fork                       size, the two roots, the lower first; of one root: size, root, the two map roots, the lower first
 *     split-view                 as a fork, with its number: the earlier size, its root and the other
 */
export function chargeDigestOf(charge: Charge): Hash {
  const [about, fact] = factOf(charge);
  const number = numberOf(CHARGE_KINDS, about);
  return keccakOf(['bytes32', 'uint8', 'bytes32'], [hex(logIdOf(charge.origin)), number, hex(fact)]);
}

function factOf(charge: Charge): [about: ChargeKind, fact: Hash] {
  switch (charge.kind) {
    case 'unmapped':
      return ['unmapped', slotFact(decodeEntry(charge.entryBytes).slot, leafHashOf(charge.entryBytes))];
    case 'broken-promise':
      return ['broken-promise', slotFact(charge.promised.promise.slot, charge.promised.promise.leafHash)];
    case 'rolled-back': {
      const [earlier, later] = [charge.earlier.checkpoint, charge.later.checkpoint];
      if (earlier.size === later.size) return ['fork', forkFact(earlier, later)];
      const held = verifySlotProof(earlier.mapRoot, charge.slot, charge.earlierSlotProof);
      invariant(held.present, 'only a charge that convicts is about something');
      return ['rolled-back', slotFact(charge.slot, held.leafHash)];
    }
    case 'fork':
      return ['fork', forkFact(charge.a.checkpoint, charge.b.checkpoint)];
    case 'split-view':
      return ['fork', twoTrees(charge.earlier.checkpoint.size, charge.earlier.checkpoint.rootHash, charge.otherRoot)];
  }
}

function slotFact(slot: Hash, leafHash: Hash): Hash {
  return keccakOf(['bytes32', 'bytes32'], [hex(slot), hex(leafHash)]);
}

function forkFact(a: Checkpoint, b: Checkpoint): Hash {
  if (!equalBytes(a.rootHash, b.rootHash)) return twoTrees(a.size, a.rootHash, b.rootHash);
  const maps = [a.mapRoot, b.mapRoot].sort(compareBytes).map(hex);
  return keccakOf(['uint64', 'bytes32', 'bytes32', 'bytes32'], [a.size, hex(a.rootHash), ...maps]);
}

function twoTrees(size: number, root: Hash, otherRoot: Hash): Hash {
  return keccakOf(['uint64', 'bytes32', 'bytes32'], [size, ...[root, otherRoot].sort(compareBytes).map(hex)]);
}

function keccakOf(types: readonly string[], values: readonly unknown[]): Hash {
  return asHash(getBytes(keccak256(AbiCoder.defaultAbiCoder().encode(types, values))));
}

/** The log is disputed from here on. */
export function smallestSize(charge: Charge): number {
  if ('checkpoint' in charge) return charge.checkpoint.checkpoint.size;
  return charge.kind === 'fork' ? charge.a.checkpoint.size : charge.earlier.checkpoint.size;
}

function startOf({ sequence, first, previous }: DisputeStart): IOmissionCourt.StartStruct {
  const isThere = first !== null;
  return { sequence, first: preimageOf(first), previous: preimageOf(isThere ? previous : null) };
}

function preimageOf(anchor: AnchoredCheckpoint | null): IOmissionCourt.PreimageStruct {
  if (anchor === null) return NO_PREIMAGE;
  return { ...rootsOf(anchor.checkpoint), blockTime: anchor.anchoredAt };
}

function shownOf(shown: ShownCheckpoint): IOmissionCourt.CheckpointStruct {
  const said = rootsOf(shown.checkpoint);
  if (shown.by === 'anchor') {
    return { ...said, sequence: shown.sequence, blockTime: shown.anchoredAt, keyId: ZERO_WORD, signature: '0x' };
  }
  const signature = hex(shown.note.logSignature.signature);
  return { ...said, sequence: 0, blockTime: 0, keyId: hex(shown.keyId), signature };
}

function rootsOf({
  size,
  issuedAt,
  rootHash,
  mapRoot,
}: Checkpoint): Pick<IOmissionCourt.PreimageStruct, 'size' | 'time' | 'root' | 'mapRoot'> {
  return { size, time: issuedAt, root: hex(rootHash), mapRoot: hex(mapRoot) };
}

function promiseOf({ promise, keyId, signature }: SignedPromise): IOmissionCourt.PromiseStruct {
  const { slot, leafHash, issuedAt, deadlineAt } = promise;
  const said = { slot: hex(slot), leafHash: hex(leafHash), issuedAt, deadline: deadlineAt };
  return { ...said, keyId: hex(keyId), signature: hex(signature) };
}
