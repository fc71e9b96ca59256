/**
 * Whether an accessor gets what it asks for: denied unless the route gives these data for this purpose and one of the accessor's duties in
 * the registry names it. Break-glass passes purpose, duty, case and agreement, and the age of the facts; nothing else.
 */
import { findKey, findLog } from '../../core/authority/registry.ts';
import { decodeBase64, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { readFields } from '../../core/bytes/json-fields.ts';
import { hasDuty } from '../../core/access/purpose.ts';
import { sealFor, type ShownSeal } from '../../core/access/seal.ts';
import { decodeEntry, ENTRY_LENGTH, NONCE_LENGTH } from '../../core/log/entry.ts';
import { type EntryPromise, verifyPromise } from '../../core/log/promise.ts';
import { parseSignature, type Signature } from '../../core/sm/sm2.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { requireInForce } from '../registry.ts';
import type { Caller } from './authenticate.ts';
import type { RouteConfig } from './config.ts';
import { AccessRefusal, type Reason } from './refusal.ts';

function refuse(when: boolean, reason: Reason): void {
  if (when) throw new AccessRefusal(reason);
}

/** Throws an AccessRefusal. */
export function judge({ request, known, isOfQuery }: Caller, route: RouteConfig, now: number): void {
  const { accessor, action, purpose, grade, breakGlass } = request;
  refuse(!isOfQuery, 'OTHER_QUERY');
  refuse(!route.actions.includes(action), 'OTHER_ACTION');
  refuse(!route.grades.includes(grade), 'LOW_GRADE');
  if (breakGlass !== null) return refuse(!route.breakGlass, 'NO_BREAK_GLASS');
  refuse(!known.areFresh, 'STALE');
  refuse(!route.purposes.includes(purpose), 'OTHER_PURPOSE');
  refuse(!hasDuty(known.facts, accessor, purpose, now), 'NO_DUTY');
  refuse(route.needs.includes('case') && request.case === null, 'NO_CASE');
  refuse(route.needs.includes('agreement') && request.agreement === null, 'NO_AGREEMENT');
}

export const SEAL_HEADER = 'veritrail-seal';
const MAX_SEAL = 16 << 10;

interface PromisedSeal {
  readonly shown: ShownSeal;
  readonly promise: EntryPromise & { readonly keyId: Hash; readonly signature: Signature };
}

/**
 * `Veritrail-Seal`: base64 of {"entry","nonce","body","promise"}, the kind 32 for this request with the promise of its log. It must
 * be a seals log that this custodian takes. That one seal is for one request, the seal itself says; that a request is answered
 * once, claims.ts. Null where no seal is asked for. Throws an AccessRefusal.
 */
export function judgeSeal(header: unknown, caller: Caller, sealsLogs: readonly string[], now: number): ShownSeal | null {
  if (header === undefined) return null;
  try {
    if (typeof header !== 'string' || header.length > MAX_SEAL) throw new AccessRefusal('BAD_SEAL');
    const { shown, promise } = parseSeal(header);
    const leafHash = sealFor(shown, caller.digest);
    refuse(leafHash === null || !equalBytes(leafHash, promise.leafHash), 'BAD_SEAL');
    const log = findLog(caller.known.facts, promise.logId);
    const key = findKey(caller.known.facts, promise.keyId);
    if (log === undefined || key === undefined) throw new AccessRefusal('BAD_SEAL');
    const isTaken = log.class === 'seals' && log.closedAt === null && sealsLogs.includes(log.origin);
    refuse(!isTaken || key.type !== 'log' || key.authority !== log.authority, 'BAD_SEAL');
    refuse(!equalBytes(promise.slot, shown.entry.slot), 'BAD_SEAL');
    requireInForce(key, now);
    verifyPromise(promise, log.promiseSpan, key.publicKey, promise.signature);
    return shown;
  } catch (error) {
    if (isCodedError(error)) throw new AccessRefusal('BAD_SEAL');
    throw error;
  }
}

function parseSeal(header: string): PromisedSeal {
  return readFields(parseJson(decodeBase64(header), { maxBytes: MAX_SEAL }), 'seal', (fields) => ({
    shown: {
      entry: decodeEntry(fields.base64('entry', ENTRY_LENGTH)),
      nonce: fields.hex('nonce', NONCE_LENGTH),
      body: fields.base64('body', 4 << 10),
    },
    promise: readFields(fields.value('promise'), 'seal.promise', (p) => ({
      logId: p.hash('logId'),
      slot: p.hash('slot'),
      leafHash: p.hash('leafHash'),
      issuedAt: p.integer('issuedAt'),
      deadlineAt: p.integer('deadline'),
      keyId: p.hash('keyId'),
      signature: parseSignature(p.hex('signature', 64)),
    })),
  }));
}
