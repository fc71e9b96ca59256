/**
 * An entry of a seals log as one party shows it to another before the log has grown by it: with what opens it and the log's promise.
 *
 *     {"entry":74 bytes,"nonce":64 hex,"body":bytes,"promise":{"logId","slot","leafHash","issuedAt","deadline","keyId","signature"}}
 *
 * A seals log grows once a day, and nobody can wait for that: the promise binds it.
 */
import { z } from 'zod';
import { findKey, findLog, isLogKeyAt, isSuspended, type RegistryFacts } from '../../core/authority/registry.ts';
import { decodeBase64, decodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError, type CodedError, untrusted, unverified } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { type ShownSeal } from '../../core/access/seal.ts';
import { commitmentOf, decodeEntry, encodeEntry, type KindName, KINDS } from '../../core/log/entry.ts';
import { verifyPromise } from '../../core/log/promise.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { parseSignature } from '../../core/sm/sm2.ts';

const HEX32 = z.string().regex(/^[0-9a-f]{64}$/);
const BASE64 = z.string().max(8192);
const TIME = z.number().int().min(0);

export const SHOWN_ENTRY = z.strictObject({
  entry: BASE64,
  nonce: HEX32,
  body: BASE64,
  promise: z.strictObject({
    logId: HEX32,
    slot: HEX32,
    leafHash: HEX32,
    issuedAt: TIME,
    deadline: TIME,
    keyId: HEX32,
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  }),
});
export type ShownEntryJson = z.infer<typeof SHOWN_ENTRY>;

export interface ShownEntry extends ShownSeal {
  readonly leafHash: Hash;
  readonly logId: Hash;
}

function refusal(detail: string): CodedError {
  return untrusted(detail, { reason: 'BAD_SEAL' });
}

/** An entry of this kind, opened, and promised by a seals log that the registry lists. Throws UNTRUSTED with `facts.reason` BAD_SEAL. */
export function readShownEntry(shown: ShownEntryJson, kind: KindName, facts: RegistryFacts, now: number): ShownEntry {
  try {
    const [entry, nonce, body] = [decodeEntry(decodeBase64(shown.entry)), decodeHex(shown.nonce), decodeBase64(shown.body)];
    if (entry.kind !== KINDS[kind] || !equalBytes(commitmentOf(nonce, body), entry.commitment))
      throw unverified('the entry is of another kind, or not opened by what is shown');
    const leafHash = leafHashOf(encodeEntry(entry));
    const { promise } = shown;
    const said = {
      logId: hashFromHex(promise.logId),
      slot: hashFromHex(promise.slot),
      leafHash: hashFromHex(promise.leafHash),
      issuedAt: promise.issuedAt,
      deadlineAt: promise.deadline,
    };
    if (!equalBytes(said.slot, entry.slot) || !equalBytes(said.leafHash, leafHash))
      throw unverified('the promise is of another entry');
    const log = findLog(facts, said.logId);
    if (log?.class !== 'seals') throw refusal('the registry lists no such seals log');
    const key = findKey(facts, hashFromHex(promise.keyId));
    const isTheirs = key !== undefined && isLogKeyAt(key, log, said.issuedAt);
    if (!isTheirs || key.compromisedAt !== null || isSuspended(key, now))
      throw refusal('the promise is not by a key of that log');
    verifyPromise(said, log.promiseSpan, key.publicKey, parseSignature(decodeHex(promise.signature)));
    return { entry, nonce, body, leafHash, logId: said.logId };
  } catch (error) {
    if (isCodedError(error, 'MALFORMED') || isCodedError(error, 'UNVERIFIED')) throw refusal(error.message);
    throw error;
  }
}
