/**
 * Each request is answered once. A claim is on disk before anything is asked of the data service, and holds what is needed to log
 * the request as failed if this process dies over it.
 *
 *     seen      u64 requestedAt ‖ request digest      →  SM3(accessor ‖ nonce)
 *     nonce     SM3(accessor ‖ nonce)                 →  nothing
 *     open      request digest                        →  sealed {"request":ENVELOPE,"subjects","attempt","seal"}
 *     chunk     request digest                        →  u32, the chunk that is due
 *     mark      "forgotten"                           →  u64
 *
 * What was signed before `forgotten` is no longer remembered and no longer taken, whatever the clock says. Several gateways before one
 * node each have a store of their own: between them the node decides, which takes one event for each chunk of a request (node-client.ts).
 */
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { concatBytes, decodeUtf8, encodeHex, encodeUtf8, u32, u64 } from '../../core/bytes/bytes.ts';
import { conflict, untrusted } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { Batch, KeySpace, Store } from '../../service/store.ts';
import type { Caller } from './authenticate.ts';

/** Left open by an earlier run. */
export interface OpenClaim {
  readonly digest: Uint8Array;
  readonly request: JsonObject;
  readonly subjects: readonly JsonObject[];
  /** Hex: of this gateway at this request. */
  readonly attempt: string;
  /** As the node takes it: what was asked under seal ends under it. */
  readonly seal: JsonObject | null;
  readonly chunk: number;
}

/** What is kept of a claim beside the request. */
export interface Claimed {
  readonly subjects: readonly CanonicalNumber[];
  readonly attempt: Uint8Array;
  readonly seal: JsonObject | null;
}

const FORGOTTEN = encodeUtf8('forgotten');
/** Twice the longest that a request may be young, and the two clocks. */
const KEPT_MS = 3_600_000;
const FORGET_EVERY = 1_000;

export class Claims {
  readonly #store: Store;
  readonly #seen: KeySpace;
  readonly #nonces: KeySpace;
  readonly #chunks: KeySpace;
  readonly #marks: KeySpace;
  readonly #open: SealedSpace;
  readonly #underWay = new Set<string>();
  #forgotten: number;
  #sinceForgetting = 0;

  constructor(store: Store, recordsKey: RecordsKey) {
    this.#store = store;
    this.#seen = store.space('seen');
    this.#nonces = store.space('nonce');
    this.#chunks = store.space('chunk');
    this.#marks = store.space('mark');
    this.#open = new SealedSpace(store, 'open', recordsKey);
    const mark = this.#marks.getSync(FORGOTTEN);
    this.#forgotten = mark === undefined ? 0 : numberOf(mark);
  }

  /** On disk when it returns, with what `with` adds. Throws CONFLICT when request or nonce was seen, UNTRUSTED when that is forgotten. */
  async claim(caller: Caller, claimed: Claimed, beside: (batch: Batch) => void): Promise<void> {
    const { digest, request } = caller;
    const seenKey = concatBytes(u64(request.requestedAt), digest);
    const nonceKey = sm3(encodeUtf8(request.accessor), request.nonce);
    const name = encodeHex(nonceKey);
    if (request.requestedAt <= this.#forgotten) throw untrusted('signed too long ago', { reason: 'TOO_OLD' });
    const isKnown = this.#underWay.has(name) || this.#nonces.getSync(nonceKey) !== undefined;
    if (isKnown || this.#seen.getSync(seenKey) !== undefined)
      throw conflict('this request was answered before: ask again with a new one', { reason: 'REPLAYED' });
    this.#underWay.add(name);
    try {
      const batch = this.#store.batch();
      batch.put(this.#seen, seenKey, nonceKey).put(this.#nonces, nonceKey, new Uint8Array(1));
      this.#open.put(batch, digest, encodeClaim(caller, claimed));
      beside(batch);
      await batch.write({ sync: true });
    } finally {
      this.#underWay.delete(name);
    }
    if (++this.#sinceForgetting >= FORGET_EVERY) await this.forget(request.requestedAt);
  }

  /** The next chunk; what was recorded before survives a killed process. */
  async advance(digest: Uint8Array, chunk: number): Promise<void> {
    await this.#store.batch().put(this.#chunks, digest, u32(chunk)).write({ sync: false });
  }

  /** The event is recorded, or kept elsewhere by the same batch: nothing is left to do. */
  close(batch: Batch, digest: Uint8Array): void {
    this.#open.del(batch, digest);
    batch.del(this.#chunks, digest);
  }

  async *open(): AsyncGenerator<OpenClaim> {
    for await (const [digest, bytes] of this.#open.iterate()) {
      const claim = JSON.parse(decodeUtf8(bytes)) as Omit<OpenClaim, 'digest' | 'chunk'>;
      const chunk = this.#chunks.getSync(digest);
      yield { ...claim, digest, chunk: chunk === undefined ? 0 : numberOf(chunk) };
    }
  }

  /** What is older than any request may be is let go, and never taken again. */
  async forget(now: number): Promise<void> {
    this.#sinceForgetting = 0;
    const until = now - KEPT_MS;
    if (until <= this.#forgotten) return;
    const batch = this.#store.batch().put(this.#marks, FORGOTTEN, u64(until));
    for await (const [key, nonceKey] of this.#seen.iterate({ to: u64(until + 1) })) {
      batch.del(this.#seen, key).del(this.#nonces, nonceKey);
    }
    this.#forgotten = until;
    await batch.write({ sync: true });
  }
}

function encodeClaim({ envelope }: Caller, { subjects, attempt, seal }: Claimed): Uint8Array {
  return encodeUtf8(
    JSON.stringify({
      request: formatEnvelope(envelope),
      subjects: subjects.map((number) => ({ class: number.class, id: number.id })),
      attempt: encodeHex(attempt),
      seal,
    }),
  );
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
