/** An accessor's copies of what stands in the sample's log, and of what does not. */
import { type AccessBody, encodeAccessBody } from '../../core/access/body.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { AccessCopy } from '../../core/citizen/copies.ts';
import { commitmentOf, encodeEntry, type Entry, KINDS } from '../../core/log/entry.ts';
import { signPromise } from '../../core/log/promise.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { bytesOf, keyOf, LOG_ID, QUANTUM, RECORDED_AT } from '../access/sample.ts';
import type { AccessWorld } from '../access/world.ts';

export const logSigner = signerOf(keyOf('access log key'));

interface PromiseTerms {
  readonly signer?: Signer;
  readonly deadlineAt?: number;
}

function promised(
  entry: Entry,
  { signer = logSigner, deadlineAt = entry.recordedAt + 2 * QUANTUM }: PromiseTerms,
): AccessCopy['promise'] {
  const leafHash = leafHashOf(encodeEntry(entry));
  const promise = { logId: LOG_ID, slot: entry.slot, leafHash, issuedAt: entry.recordedAt + 500, deadlineAt };
  return { ...promise, keyId: keyIdOf(signer.publicKey), signature: signPromise(promise, signer) };
}

/** Of an entry that the log holds. */
export function copyOf(world: AccessWorld, entry: Entry): AccessCopy {
  const leafHash = leafHashOf(encodeEntry(entry));
  const content = world.contents.get(encodeHex(leafHash));
  if (content?.state !== 'opened') throw new Error('the copy is made before the content goes');
  return { entry, leafHash, nonce: content.nonce, body: content.body, promise: promised(entry, {}) };
}

/** Of an entry that was promised, and is nowhere in the log, or under another number. */
export function copyWithout(body: AccessBody, terms: PromiseTerms = {}, slot = bytesOf('a slot of nobody known')): AccessCopy {
  const [nonce, bytes] = [bytesOf('nonce of what is not there'), encodeAccessBody(body)];
  const entry = { kind: KINDS.access, recordedAt: RECORDED_AT, slot, commitment: commitmentOf(nonce, bytes) };
  return { entry, leafHash: leafHashOf(encodeEntry(entry)), nonce, body: bytes, promise: promised(entry, terms) };
}
