/**
 * Requests that wait for a signature of the operator's own key, or for a seal: made first, shown to whoever signs, and sent with the call
 * that they are for. In memory and for a minute: the custodian takes no older ones.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { notFound, unavailable } from '../../core/bytes/error.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import type { PreparedRequest } from './ask.ts';

const KEPT_MS = 60_000;
const MAX_COUNT = 1_000;

interface Waiting {
  readonly prepared: PreparedRequest;
  readonly target: string;
  readonly endsAt: number;
}

export class PreparedRequests {
  readonly #waiting = new Map<string, Waiting>();

  /** The request digest, in hex. Throws UNAVAILABLE when too many wait. */
  add(prepared: PreparedRequest, target: string, now: number): string {
    for (const [name, { endsAt }] of this.#waiting) if (endsAt <= now) this.#waiting.delete(name);
    if (this.#waiting.size >= MAX_COUNT) throw unavailable('too many requests wait for a signature');
    const name = encodeHex(requestDigestOf(prepared.payload));
    this.#waiting.set(name, { prepared, target, endsAt: now + KEPT_MS });
    return name;
  }

  /** Once. Throws NOT_FOUND. */
  take(name: string, target: string, now: number): PreparedRequest {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    if (waiting === undefined || waiting.endsAt <= now || waiting.target !== target)
      throw notFound('no request waits under this digest: prepare it again');
    return waiting.prepared;
  }
}
