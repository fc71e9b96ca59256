/**
 * A checkpoint: how long a log is, its two roots, and when it said so. What the log signs is 128 bytes:
 *
 *       0  16   ⟨cp⟩
 *      16  32   log id = H(⟨id⟩ ‖ origin)
 *      48  u64  size
 *      56  u64  time, UTC ms
 *      64  32   root hash
 *      96  32   map root
 *
 * A witness that replayed the log cosigns ⟨ws⟩ ‖ the last 112 of them ‖ u64 cosignedAt (136 bytes). The text form is note.ts.
 */
import { concatBytes, equalBytes, u64 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { isZeroHash, type Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import type { PublicKey, Signature } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';
import { logIdOf, type Origin } from './origin.ts';
import { verifySignature, type Signer } from './signer.ts';
import { EMPTY_ROOT } from './tree.ts';

export interface Checkpoint {
  readonly origin: Origin;
  readonly size: number;
  readonly rootHash: Hash;
  readonly mapRoot: Hash;
  readonly issuedAt: number;
}

const LABEL_LENGTH = 16;

/** A log is empty in all three ways or in none. Throws MALFORMED, also for a size or time that is no safe integer. */
export function checkCheckpoint({ size, rootHash, mapRoot, issuedAt }: Checkpoint): void {
  if (![size, issuedAt].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    throw malformed('a checkpoint with a size or time outside 0 … 2^53-1');
  }
  if ((size === 0) !== isZeroHash(mapRoot)) throw malformed('a checkpoint with an empty map and entries, or the reverse');
  if ((size === 0) !== equalBytes(rootHash, EMPTY_ROOT))
    throw malformed('a checkpoint with an empty tree and entries, or the reverse');
}

/** The 128 bytes the log signs. Throws MALFORMED as `checkCheckpoint`. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  checkCheckpoint(checkpoint);
  const { origin, size, issuedAt, rootHash, mapRoot } = checkpoint;
  return concatBytes(label('cp'), logIdOf(origin), u64(size), u64(issuedAt), rootHash, mapRoot);
}

/** H(the 128 bytes): what a witness attests to have seen in a block. */
export function checkpointDigest(checkpoint: Checkpoint): Hash {
  return sm3(encodeCheckpoint(checkpoint));
}

/** The 136 bytes a witness signs. */
export function encodeCosigned(checkpoint: Checkpoint, cosignedAt: number): Uint8Array {
  return concatBytes(label('ws'), encodeCheckpoint(checkpoint).subarray(LABEL_LENGTH), u64(cosignedAt));
}

export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): Signature {
  return signer.sign(encodeCheckpoint(checkpoint));
}

/** Throws UNVERIFIED. */
export function verifyCheckpointSignature(checkpoint: Checkpoint, logKey: PublicKey, signature: Signature): void {
  verifySignature('checkpoint', logKey, encodeCheckpoint(checkpoint), signature);
}

export function signCosignature(checkpoint: Checkpoint, cosignedAt: number, signer: Signer): Signature {
  return signer.sign(encodeCosigned(checkpoint, cosignedAt));
}

/** Throws UNVERIFIED. */
export function verifyCosignature(checkpoint: Checkpoint, cosignedAt: number, witnessKey: PublicKey, signature: Signature): void {
  verifySignature('cosignature', witnessKey, encodeCosigned(checkpoint, cosignedAt), signature);
}
