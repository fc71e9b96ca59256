/** A seal as its log hands it out, for a header of a call. */
import { randomBytes } from 'node:crypto';
import { encodeBase64, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { encodeSealBody } from '../../core/access/seal.ts';
import { commitmentOf, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { encodePromise } from '../../core/log/promise.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import type { Signer } from '../../service/signer.ts';
import { keys, QUANTUM, SEALS_LOG_ID, SPAN } from './registry.ts';

/** What the sealing authority's log hands out for a request. */
export async function sealOf(
  request: Uint8Array,
  change: { readonly logId?: Hash; readonly signer?: Signer; readonly span?: number } = {},
): Promise<string> {
  const { logId = SEALS_LOG_ID, signer = keys.seals, span = SPAN } = change;
  const nonce = randomBytes(32);
  const body = encodeSealBody({ legalBasis: '刑事诉讼法 第一百五十条', request: asHash(request) });
  const recordedAt = Math.floor(Date.now() / QUANTUM) * QUANTUM;
  const entry = { kind: KINDS.seal, recordedAt, slot: asHash(randomBytes(32)), commitment: commitmentOf(nonce, body) };
  const leafHash = leafHashOf(encodeEntry(entry));
  const promise = { logId, slot: entry.slot, leafHash, issuedAt: Date.now(), deadlineAt: Date.now() + span };
  const signature = await signer.sign(encodePromise(promise));
  const shown = {
    entry: encodeBase64(encodeEntry(entry)),
    nonce: encodeHex(nonce),
    body: encodeBase64(body),
    promise: {
      logId: encodeHex(logId),
      slot: encodeHex(entry.slot),
      leafHash: encodeHex(leafHash),
      issuedAt: promise.issuedAt,
      deadline: promise.deadlineAt,
      keyId: encodeHex(signer.keyId),
      signature: encodeHex(signature),
    },
  };
  return encodeBase64(encodeUtf8(JSON.stringify(shown)));
}
