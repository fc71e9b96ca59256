/**
 * The answer to a write, in two steps: what was recorded is stored with the entries themselves, and its promises are signed once they
 * are durable.
 *
 *   {…, "entries":[{"kind","leafHash","index","promise":{"logId","slot","leafHash","issuedAt","deadline","keyId","signature"}}]}
 *
 * Until they are signed, the promises lack their last two members.
 */
import { decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { encodePromise } from '../../core/log/promise.ts';
import type { Signer } from '../../service/signer.ts';
import type { RecordedEntry } from './batch.ts';

export interface PromiseTerms {
  readonly logId: Hash;
  readonly issuedAt: number;
  readonly deadlineAt: number;
}

interface SaidPromise {
  readonly logId: string;
  readonly slot: string;
  readonly leafHash: string;
  readonly issuedAt: number;
  readonly deadline: number;
  readonly keyId?: string;
  readonly signature?: string;
}

interface SaidAnswer {
  readonly entries: readonly { readonly promise: SaidPromise }[];
}

/** `said`: the members that stand before the entries. */
export function encodeUnsignedAnswer(said: JsonObject, entries: readonly RecordedEntry[], terms: PromiseTerms): Uint8Array {
  const { logId, issuedAt, deadlineAt } = terms;
  const rows = entries.map(({ kind, entry, entryIndex, leafHash }) => {
    const [slot, leaf] = [encodeHex(entry.slot), encodeHex(leafHash)];
    const promise: SaidPromise = { logId: encodeHex(logId), slot, leafHash: leaf, issuedAt, deadline: deadlineAt };
    return { kind, leafHash: leaf, index: entryIndex, promise };
  });
  return encodeUtf8(JSON.stringify({ ...said, entries: rows }));
}

/** The answer is our own, as stored. */
function readAnswer(answer: Uint8Array): SaidAnswer {
  return JSON.parse(decodeUtf8(answer)) as SaidAnswer;
}

export function isSigned(answer: Uint8Array): boolean {
  return readAnswer(answer).entries.every(({ promise }) => promise.signature !== undefined);
}

/** Signing is deterministic: the same answer, signed again after a crash, is the same bytes. */
export async function signAnswer(answer: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const said = readAnswer(answer);
  const entries = [];
  for (const row of said.entries) entries.push({ ...row, promise: await signPromise(row.promise, signer) });
  return encodeUtf8(JSON.stringify({ ...said, entries }));
}

async function signPromise(promise: SaidPromise, signer: Signer): Promise<SaidPromise> {
  const { issuedAt, deadline: deadlineAt } = promise;
  const [logId, slot, leafHash] = [promise.logId, promise.slot, promise.leafHash].map(hashFromHex) as [Hash, Hash, Hash];
  const signature = await signer.sign(encodePromise({ logId, slot, leafHash, issuedAt, deadlineAt }));
  return { ...promise, keyId: encodeHex(signer.keyId), signature: encodeHex(signature) };
}
