/**
 * Telling the custodian's officer that somebody broke the glass: on disk before the data service is asked, sent until it was taken.
 *
 *     POST {"format":"veritrail-notice-v1","kind":"break-glass","custodian","accessor","requestDigest","occurredAt"}
 *
 * signed like every call of ours (service/call/http-signature.ts). No data, no person and no reason in it: whoever may know reads those in the log.
 */
import { randomBytes } from 'node:crypto';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { fetchBytes } from '../../service/call/client.ts';
import { signCall } from '../../service/call/http-signature.ts';
import type { Signer } from '../../service/signer.ts';
import type { Caller } from './authenticate.ts';

export interface Receiver {
  readonly url: string;
  readonly signer: Signer;
}

const TIMEOUT_MS = 10_000;

export function encodeNotice({ request, digest }: Caller, now: number): Uint8Array {
  const { custodian, accessor } = request;
  const notice = { format: 'veritrail-notice-v1', kind: 'break-glass', custodian, accessor };
  return encodeUtf8(JSON.stringify({ ...notice, requestDigest: encodeHex(digest), occurredAt: now }));
}

/** Throws UNAVAILABLE, or the receiver's refusal. */
export async function sendNotice({ url, signer }: Receiver, notice: Uint8Array, now: number, signal: AbortSignal): Promise<void> {
  const call = { method: 'POST', targetUri: url, body: notice, request: null };
  const headers = await signCall(call, signer, { createdAt: now, nonce: randomBytes(16) });
  const sent = { ...headers, 'content-type': 'application/json' };
  await fetchBytes(url, { method: 'POST', body: notice, headers: sent, timeoutMs: TIMEOUT_MS, signal });
}
