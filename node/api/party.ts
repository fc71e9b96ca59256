/**
 * Who may read what an access log does not show everybody: parties that the registry knows, by a call signed with one of their request keys
 * (service/call/http-signature.ts). Whoever may ask for any slot can collect them all, so that nobody else may.
 */
import type { IncomingMessage } from 'node:http';
import { findAuthority } from '../../core/authority/registry.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { readCallSignature } from '../../service/call/http-signature.ts';
import { HttpRefusal } from '../../service/problem.ts';
import { requireRequestKey, type RequestJudge } from '../access/judge.ts';

export interface PartyOptions {
  readonly judge: RequestJudge;
  /** As others address this node; null: by the header Host, without TLS before it. */
  readonly publicUrl: string | null;
  /** UTC ms. */
  readonly clock: () => number;
}

const MAX_AGE_MS = 120_000;
const MAX_NONCES = 200_000;

function refusal(detail: string): HttpRefusal {
  return new HttpRefusal(401, 'FORBIDDEN', `the call must be signed: ${detail}`, { 'WWW-Authenticate': 'Signature' });
}

export class PartyGate {
  readonly #options: PartyOptions;
  /** Key id and nonce of calls that were taken, with the time until which they could come again; the oldest first. */
  readonly #nonces = new Map<string, number>();

  constructor(options: PartyOptions) {
    this.#options = options;
  }

  /** The authority's code. Throws FORBIDDEN (401), UNAVAILABLE when the registry's facts are too old to judge by. */
  verify(request: IncomingMessage, body: Uint8Array): string {
    const { judge, publicUrl, clock } = this.#options;
    const base = publicUrl ?? `http://${request.headers.host ?? ''}`;
    const call = { method: request.method!, targetUri: `${base}${request.url!}`, body };
    const signature = readCallSignature(request.headers, call);
    const now = clock();
    if (Math.abs(now - signature.createdAt) > MAX_AGE_MS) throw refusal('it was signed at another time');
    const facts = judge.requireFresh();
    try {
      const { authority, publicKey } = requireRequestKey(facts, signature.keyId, null, now);
      const known = findAuthority(facts, authority);
      if (known === undefined || known.dissolvedAt !== null) throw refusal('the authority is no more');
      if (!signature.isOf(publicKey)) throw refusal('the signature does not hold');
      this.#takeNonce(`${encodeHex(signature.keyId)} ${signature.nonce}`, now);
      return authority;
    } catch (error) {
      if (isCodedError(error, 'UNTRUSTED')) throw refusal(error.message);
      throw error;
    }
  }

  #takeNonce(name: string, now: number): void {
    for (const [old, until] of this.#nonces) {
      if (until > now) break;
      this.#nonces.delete(old);
    }
    if (this.#nonces.has(name)) throw refusal('it was sent before');
    if (this.#nonces.size >= MAX_NONCES)
      throw new HttpRefusal(429, 'UNAVAILABLE', 'too many calls; try again later', { 'Retry-After': '60' });
    this.#nonces.set(name, now + 2 * MAX_AGE_MS);
  }
}
