/**
 * Accesses under seal: `Veritrail-Seal` is base64 of {"entry","nonce","body","promise"}, the kind 32 for this very request, opened, with the
 * promise of its seals log. It must be a log that this custodian takes.
 *
 * A seal that does not hold is no event: logged in the person's own history it would tell her what it was to keep from her, and nothing was
 * given. With one that holds, whatever comes of the request stands under it.
 */
import { findKey, findLog } from '../../core/authority/registry.ts';
import { decodeBase64, encodeBase64, encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { type CodedError, isCodedError, malformed, unavailable, untrusted } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { readFields } from '../../core/bytes/json-fields.ts';
import { sealFor, type ShownSeal } from '../../core/access/seal.ts';
import { decodeEntry, encodeEntry, ENTRY_LENGTH, NONCE_LENGTH } from '../../core/log/entry.ts';
import { verifyPromise } from '../../core/log/promise.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { formatPromise, readPromise, type SignedPromise } from '../event.ts';
import { requireInForce } from '../registry.ts';
import type { Caller } from './authenticate.ts';

export const SEAL_HEADER = 'veritrail-seal';
const MAX_SEAL = 16 << 10;

interface PromisedSeal {
  readonly shown: ShownSeal;
  readonly promise: SignedPromise;
}

/** As the node takes it; null where no seal is asked for. Throws UNTRUSTED with reason BAD_SEAL, UNAVAILABLE with STALE. */
export function readSeal(header: unknown, caller: Caller, sealsLogs: readonly string[], now: number): JsonObject | null {
  if (header === undefined) return null;
  if (!caller.known.areFresh)
    throw unavailable('what is known of the registry is too old to judge a seal by', { reason: 'STALE' });
  if (typeof header !== 'string' || header.length > MAX_SEAL) throw badSeal();
  try {
    const { shown, promise } = parseSeal(header);
    const leafHash = sealFor(shown, caller.digest);
    if (leafHash === null || !equalBytes(leafHash, promise.leafHash)) throw badSeal();
    if (!equalBytes(promise.slot, shown.entry.slot)) throw badSeal();
    requireTaken(promise, caller, sealsLogs, now);
    return formatSeal(shown, promise);
  } catch (error) {
    if (isCodedError(error)) throw badSeal();
    throw error;
  }
}

/** Leaf hash of the kind 32 that a header shows; null without a header. Nothing of it is verified. Throws MALFORMED. */
export function sealHashIn(header: unknown): Hash | null {
  if (header === undefined) return null;
  if (typeof header !== 'string' || header.length > MAX_SEAL) throw malformed('not a seal');
  return leafHashOf(encodeEntry(parseSeal(header).shown.entry));
}

function badSeal(): CodedError {
  return untrusted('the seal is not one for this request that this custodian takes', { reason: 'BAD_SEAL' });
}

function requireTaken(promise: SignedPromise, { known }: Caller, sealsLogs: readonly string[], now: number): void {
  const log = findLog(known.facts, promise.logId);
  const key = findKey(known.facts, promise.keyId);
  if (log === undefined || key === undefined) throw badSeal();
  const isTaken = log.class === 'seals' && log.closedAt === null && sealsLogs.includes(log.origin);
  if (!isTaken || key.type !== 'log' || key.authority !== log.authority) throw badSeal();
  requireInForce(key, now);
  verifyPromise(promise, log.promiseSpan, key.publicKey, promise.signature);
}

function parseSeal(header: string): PromisedSeal {
  return readFields(parseJson(decodeBase64(header), { maxBytes: MAX_SEAL }), 'seal', (fields) => ({
    shown: {
      entry: decodeEntry(fields.base64('entry', ENTRY_LENGTH)),
      nonce: fields.hex('nonce', NONCE_LENGTH),
      body: fields.base64('body', 4 << 10),
    },
    promise: readPromise(fields.object('promise')),
  }));
}

function formatSeal({ entry, nonce, body }: ShownSeal, promise: SignedPromise): JsonObject {
  return {
    entry: encodeBase64(encodeEntry(entry)),
    nonce: encodeHex(nonce),
    body: encodeBase64(body),
    promise: formatPromise(promise),
  };
}
