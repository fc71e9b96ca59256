/** How often one party may ask: so many times at once, and so many a minute after that. In memory; a restart forgives. */
import { randomBytes } from 'node:crypto';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { HttpRefusal } from '../problem.ts';

export interface RateLimitOptions {
  readonly burst: number;
  readonly perMinute: number;
  /** UTC ms. */
  readonly clock: () => number;
}

interface Bucket {
  left: number;
  at: number;
}

const MINUTE = 60_000;
const MAX_BUCKETS = 100_000;

export class RateLimit {
  readonly #options: RateLimitOptions;
  /** Names of parties are personal: not even this process's memory need have a list of them. */
  readonly #secret = randomBytes(32);
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Throws UNAVAILABLE (429) with the seconds to wait. */
  take(party: string): void {
    const { burst, perMinute, clock } = this.#options;
    const name = encodeHex(hmacSm3(this.#secret, encodeUtf8(party)));
    const now = clock();
    const known = this.#buckets.get(name) ?? { left: burst, at: now };
    const left = Math.min(burst, known.left + (Math.max(0, now - known.at) * perMinute) / MINUTE);
    this.#buckets.delete(name);
    this.#buckets.set(name, { left: left >= 1 ? left - 1 : left, at: now });
    // The one that has not asked for longest is full again, or will be soon.
    if (this.#buckets.size > MAX_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (left >= 1) return;
    const seconds = Math.ceil(((1 - left) * MINUTE) / perMinute / 1000);
    throw new HttpRefusal(429, 'UNAVAILABLE', 'too many questions; ask again later', { 'Retry-After': String(seconds) });
  }
}
