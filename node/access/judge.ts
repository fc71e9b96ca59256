/**
 * Whether a request may be recorded as what it says. The gateway has judged it already; the node believes neither that nor the data
 * service: it finds out by the registry's facts, at most `maxStatusAge` old. Older facts are good for break-glass alone, and for what was
 * refused.
 */
import { findKey, isSuspended, type KeyFact, type RegistryFacts } from '../../core/authority/registry.ts';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type CodedError, unavailable, untrusted, unverified } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import type { AccessResult } from '../../core/access/outcome.ts';
import { hasDuty } from '../../core/access/purpose.ts';
import {
  parseSignedRequest,
  requestDigestOf,
  requestSignedBytes,
  signatoryOf,
  type SignedRequest,
} from '../../core/access/request.ts';
import { isSm2Signature } from '../../core/sm/sm2.ts';

export interface JudgeOptions {
  readonly facts: () => RegistryFacts;
  /** Milliseconds since the chain was last read; null: never. */
  readonly factsAgeMs: () => number | null;
  readonly maxStatusAgeMs: number;
  /** Code of the log's own authority. */
  readonly custodian: () => string;
  /** UTC ms. */
  readonly clock: () => number;
}

export interface JudgedRequest extends SignedRequest {
  readonly digest: Hash;
  /** Since when all that it rests on is on record. */
  readonly groundedAt: number;
  readonly breaksGlass: boolean;
}

/** Clocks of two departments. */
const MAX_CLOCK_DIFFERENCE = 300_000;

function refusal(reason: string, detail: string): CodedError {
  return untrusted(detail, { reason });
}

/** A request key of this authority, in force now and not in doubt. Throws UNTRUSTED with `facts.reason`. */
export function requireRequestKey(facts: RegistryFacts, keyId: Hash, authority: string | null, now: number): KeyFact {
  const key = findKey(facts, keyId);
  if (key === undefined || key.type !== 'request' || (authority !== null && key.authority !== authority))
    throw refusal('UNKNOWN_KEY', 'the registry has no such request key of this authority');
  if (key.compromisedAt !== null || isSuspended(key, now)) throw refusal('KEY_COMPROMISED', 'the key is lost, or may be');
  if (now < key.validFrom || (key.validTo !== null && now >= key.validTo))
    throw refusal('KEY_RETIRED', 'the key is not in force');
  return key;
}

export class RequestJudge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** Throws UNAVAILABLE for facts that are too old to judge by. */
  requireFresh(): RegistryFacts {
    const ageMs = this.#options.factsAgeMs();
    if (ageMs === null || ageMs > this.#options.maxStatusAgeMs)
      throw unavailable('what is known of the registry is too old to judge by', { reason: 'STALE' });
    return this.#options.facts();
  }

  /** Throws MALFORMED, UNTRUSTED, UNVERIFIED, UNAVAILABLE, with `facts.reason`. */
  judge(value: JsonValue, result: AccessResult): JudgedRequest {
    const { custodian, clock } = this.#options;
    const signed = parseSignedRequest(value);
    const { request, envelope } = signed;
    const now = clock();
    const breaksGlass = request.breakGlass !== null;
    if (request.custodian !== custodian()) throw refusal('OTHER_CUSTODIAN', 'the request is to another custodian');
    const facts = breaksGlass || result === 'refused' ? this.#options.facts() : this.requireFresh();
    const [first, operator] = envelope.signatures as [EnvelopeSignature, EnvelopeSignature?];
    const key = requireRequestKey(facts, first.keyId, signatoryOf(request), now);
    const signedBytes = requestSignedBytes(envelope.payload);
    const holds =
      isSm2Signature(key.publicKey, signedBytes, first.signature) &&
      (operator === undefined || isSm2Signature(request.operator.publicKey!, signedBytes, operator.signature));
    if (!holds)
      throw unverified('a signature of the request does not hold', { reason: 'BAD_SIGNATURE', keyId: encodeHex(key.keyId) });
    const isImported = request.grade === 'imported';
    if (!isImported && request.requestedAt > now + MAX_CLOCK_DIFFERENCE)
      throw unverified('the request is dated in the future', { reason: 'BAD_TIME' });
    const dutiesSince = result === 'granted' && !isImported && !breaksGlass ? this.#dutySince(facts, signed, now) : 0;
    const groundedAt = Math.max(key.registeredAt, key.validFrom, dutiesSince);
    return { ...signed, digest: requestDigestOf(envelope.payload), groundedAt, breaksGlass };
  }

  /** Since when one of the duties that name the purpose is on record. Throws UNTRUSTED. */
  #dutySince(facts: RegistryFacts, { request }: SignedRequest, now: number): number {
    const { accessor, purpose } = request;
    if (!hasDuty(facts, accessor, purpose, now)) throw refusal('NO_DUTY', 'no duty of the accessor names this purpose');
    const since = facts.duties
      .filter((duty) => duty.authority === accessor && duty.purpose === purpose)
      .filter(({ validFrom, validTo }) => now >= validFrom && (validTo === null || now < validTo))
      .map(({ registeredAt, validFrom }) => Math.max(registeredAt, validFrom));
    return Math.min(...since);
  }
}
