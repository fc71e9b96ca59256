/**
 * A promise: the node's signed word, given once the entry is durable, that it will be in a checkpoint by a deadline.
 *
 *       0  16   ⟨pr⟩
 *      16  32   log id
 *      48  32   slot
 *      80  32   leaf hash
 *     112  u64  issuedAt, UTC ms
 *     120  u64  deadline, UTC ms
 */
import { concatBytes, u64 } from '../bytes/bytes.ts';
import { unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import type { PublicKey, Signature } from '../sm/sm2.ts';
import { verifySignature, type Signer } from './signer.ts';

export interface EntryPromise {
  readonly logId: Hash;
  readonly slot: Hash;
  readonly leafHash: Hash;
  readonly issuedAt: number;
  readonly deadlineAt: number;
}

/** The 128 bytes the log's key signs. */
export function encodePromise({ logId, slot, leafHash, issuedAt, deadlineAt }: EntryPromise): Uint8Array {
  return concatBytes(label('pr'), logId, slot, leafHash, u64(issuedAt), u64(deadlineAt));
}

export function signPromise(promise: EntryPromise, signer: Signer): Signature {
  return signer.sign(encodePromise(promise));
}

/**
 * `promiseSpan` is what the registry says of the log, in ms: a deadline beyond it would promise nothing, so it is refused.
 * Throws UNVERIFIED.
 */
export function verifyPromise(promise: EntryPromise, promiseSpan: number, logKey: PublicKey, signature: Signature): void {
  const { issuedAt, deadlineAt } = promise;
  if (deadlineAt < issuedAt || deadlineAt - issuedAt > promiseSpan)
    throw unverified('promise: the deadline lies outside the span');
  verifySignature('promise', logKey, encodePromise(promise), signature);
}
