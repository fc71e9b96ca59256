/**
 * What is answered to whoever had something recorded: each entry with the log's signed promise. Promises are signed when they are told,
 * not when they are made: the same ones again whenever the same request is sent again.
 *
 *     {"kind","leafHash","index":null,"recordedAt","promise":{"logId","slot","leafHash","issuedAt","deadline","keyId","signature"}}
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { KINDS } from '../../core/log/entry.ts';
import { encodePromise, type EntryPromise } from '../../core/log/promise.ts';
import type { Signer } from '../../service/signer.ts';
import type { Recorded } from '../quantum/acceptance.ts';

export interface PromiseSigner {
  readonly logId: Hash;
  readonly signer: Signer;
  /** Throws UNAVAILABLE once the log has stopped: it promises nothing any more. */
  readonly requireGoing: () => void;
}

export async function describePromise(by: PromiseSigner, said: Omit<EntryPromise, 'logId'>): Promise<JsonObject> {
  const { logId, signer, requireGoing } = by;
  requireGoing();
  const { slot, leafHash, issuedAt, deadlineAt } = said;
  const signature = await signer.sign(encodePromise({ logId, slot, leafHash, issuedAt, deadlineAt }));
  return {
    logId: encodeHex(logId),
    slot: encodeHex(slot),
    leafHash: encodeHex(leafHash),
    issuedAt,
    deadline: deadlineAt,
    keyId: encodeHex(signer.keyId),
    signature: encodeHex(signature),
  };
}

/** In the order of the request's drafts. */
export async function describeEntries(by: PromiseSigner, { entries, recordedAt, ...times }: Recorded): Promise<JsonObject[]> {
  const rows: JsonObject[] = [];
  for (const { kind, slot, leafHash } of entries) {
    const promise = await describePromise(by, { slot, leafHash, ...times });
    rows.push({ kind: KINDS[kind], leafHash: encodeHex(leafHash), index: null, recordedAt, promise });
    await breathe();
  }
  return rows;
}
