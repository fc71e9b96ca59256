/**
 * Whether a paper is signed by the authority that it names: what decides who forged, and who kept nothing, when two records differ. And whether
 * a custodian bound itself to record a look-up.
 */
import { outcomeSignedBytes } from '../access/outcome.ts';
import { requestDigestOf, type SignedRequest } from '../access/request.ts';
import type { EnvelopeSignature } from '../authority/envelope.ts';
import { findKey, isSuspended, type LogFact, type RegistryFacts } from '../authority/registry.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { untrusted, unverified } from '../bytes/error.ts';
import { verifyPromise } from '../log/promise.ts';
import { isSm2Signature } from '../sm/sm2.ts';
import type { LookUpRecord, SignedPromise } from './case-answer.ts';

/**
 * `yes`: a request key that the registry has of this authority made the signature. `no`: it did not, or the key is another's. `unknown`: the
 * registry as it is at hand has no such key, or the key is or may be lost: then anyone could have signed. Whether it was in force when it was
 * used, proved times must show (access/body-check.ts).
 */
export type Signedness = 'yes' | 'no' | 'unknown';

export function signednessOf(
  facts: RegistryFacts,
  { keyId, signature }: EnvelopeSignature,
  authority: string,
  signedBytes: Uint8Array,
): Signedness {
  const key = findKey(facts, keyId);
  if (key === undefined) return 'unknown';
  if (key.type !== 'request' || key.authority !== authority) return 'no';
  if (!isSm2Signature(key.publicKey, signedBytes, signature)) return 'no';
  return key.compromisedAt !== null || isSuspended(key, facts.block.at) ? 'unknown' : 'yes';
}

export interface RecordedLookUp {
  readonly request: SignedRequest;
  /** Then its approval is a look-up of its own. */
  readonly isUnmasking: boolean;
}

/** That the log's key promises to record the look-up, and whatever else the custodian signed is of this one. Throws UNVERIFIED, UNTRUSTED. */
export function verifyLookUp(
  facts: RegistryFacts,
  log: LogFact,
  { request, isUnmasking }: RecordedLookUp,
  { outcome, promises }: LookUpRecord,
): void {
  if (promises.length < (isUnmasking ? 2 : 1)) throw unverified('the custodian does not promise to record the look-up');
  for (const promise of promises) verifyPromiseOf(facts, log, promise);
  if (outcome === null) return;
  const isOurs =
    equalBytes(outcome.outcome.request, requestDigestOf(request.envelope.payload)) && outcome.outcome.origin === log.origin;
  const { payload, signatures } = outcome.envelope;
  const signed = signednessOf(facts, signatures[0]!, outcome.outcome.custodian, outcomeSignedBytes(payload));
  if (!isOurs || signed === 'no') throw unverified('the custodian’s record is of another look-up');
  if (signed === 'unknown') throw untrusted('the key that signed the custodian’s record is not known, or lost');
}

function verifyPromiseOf(facts: RegistryFacts, log: LogFact, promise: SignedPromise): void {
  const key = findKey(facts, promise.keyId);
  if (key === undefined) throw untrusted('a promise by a key that is not known');
  const isTheirs = key.type === 'log' && log.owners.some(({ authority }) => authority === key.authority);
  if (!isTheirs || !equalBytes(promise.logId, log.logId)) throw unverified('a promise of another log');
  verifyPromise(promise, log.promiseSpan, key.publicKey, promise.signature);
}
