/**
 * Telling a person, through a portal, that there is something to see: that an authority which never read her data here has read them, or that one
 * broke the glass. Which authority and what, she reads after signing in; neither portal nor message service is told.
 *
 *     known    HMAC-SM3(records key, ⟨name⟩ ‖ accessor 18 ‖ number)    u8 1: that authority has read her data here
 *     notice   an outbox (service/call/outbox.ts) of JSON {"kind","person":{"class","id"},"key"}
 *
 * Both go to disk with the entries themselves, so that no access is told twice and none that was recorded is forgotten; sending is another
 * loop, and no release waits for it. Told is what was granted and stands in her history: what is under seal when it is released. Imported
 * records tell nothing: they are of long ago, and the accessor did not sign them.
 */
import { concatBytes, decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { AccessBody } from '../../core/access/body.ts';
import { encodeNumber } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import type { AccessRequest } from '../../core/access/request.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { fetchBytes } from '../../service/call/client.ts';
import { Outbox } from '../../service/call/outbox.ts';
import { readSecret } from '../../service/config.ts';
import type { Logger } from '../../service/logger.ts';
import type { RecordsKey } from '../../service/sealed-space.ts';
import type { Batch, KeySpace, Store } from '../../service/store.ts';
import type { Recorded } from '../quantum/acceptance.ts';

export interface NoticeOptions {
  readonly store: Store;
  readonly records: RecordsKey;
  /** The portal's address. */
  readonly portal: string;
  /** The token that it knows custodians by. */
  readonly tokenFile: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

type NoticeKind = 'first-access' | 'break-glass';

interface KeptNotice {
  readonly kind: NoticeKind;
  readonly person: { readonly class: number; readonly id: string };
  /** Idempotency-Key: the same for the same entry, and says nothing of it. */
  readonly key: string;
}

const KNOWN = encodeUtf8('veritrail-known-accessor-v1');
const NAMED = encodeUtf8('veritrail-notice-key-v1');
const YES = Uint8Array.of(1);
/** Beyond, new ones are not kept: a portal that is gone for weeks must not fill the disk. They are counted. */
const MAX_WAITING = 100_000;
const TIMEOUT_MS = 10_000;

export class PersonNotices {
  readonly #known: KeySpace;
  readonly #records: RecordsKey;
  readonly #outbox: Outbox;
  /** What a batch marks that is not written yet: it may hold two events. */
  readonly #marked = new WeakMap<Batch, Set<string>>();
  dropped = 0;

  private constructor({ store, records }: NoticeOptions, outbox: Outbox) {
    this.#known = store.space('known');
    this.#records = records;
    this.#outbox = outbox;
  }

  /** Throws as `readSecret`. The portal need not answer yet. */
  static async open(options: NoticeOptions): Promise<PersonNotices> {
    const { store, records, portal, logger, signal } = options;
    const authorization = `Bearer ${await readSecret(options.tokenFile)}`;
    const deliver = async (item: Uint8Array): Promise<void> => {
      const { key, ...notice } = JSON.parse(decodeUtf8(item)) as KeptNotice;
      const headers = { authorization, 'idempotency-key': key, 'content-type': 'application/json' };
      const body = encodeUtf8(JSON.stringify(notice));
      await fetchBytes(`${portal}/portal/v1/notices`, { method: 'POST', body, headers, timeoutMs: TIMEOUT_MS, signal });
    };
    const outbox = await Outbox.open({ store, name: 'notice', recordsKey: records, logger, deliver, signal });
    return new PersonNotices(options, outbox);
  }

  get waiting(): number {
    return this.#outbox.count;
  }

  /** Until the program stops. */
  run(): Promise<void> {
    return this.#outbox.run();
  }

  /** One body for each entry, in their order. Part of the batch that writes the entries. */
  put(write: Batch, bodies: readonly AccessBody[], { entries }: Recorded): void {
    for (const [i, { request, outcome, subject }] of bodies.entries()) {
      if (subject === null || outcome.outcome.result !== 'granted' || request.request.grade === 'imported') continue;
      const kind = this.#kindOf(write, request.request, subject.number);
      if (kind !== null) this.#add(write, kind, subject.number, entries[i]!.leafHash);
    }
    // A round that comes before the batch is written finds nothing of it; another follows.
    this.#outbox.announce();
  }

  /** Null where there is nothing to tell. Marks that the accessor has read her data. */
  #kindOf(write: Batch, { accessor, breakGlass }: AccessRequest, number: CanonicalNumber): NoticeKind | null {
    const place = hmacSm3(this.#records.secret, concatBytes(KNOWN, encodeUtf8(accessor), encodeNumber(number)));
    const marked = this.#marked.get(write) ?? new Set();
    const isKnown = marked.has(encodeHex(place)) || this.#known.getSync(place) !== undefined;
    if (isKnown && breakGlass === null) return null;
    if (this.waiting >= MAX_WAITING) {
      this.dropped++;
      return null;
    }
    this.#marked.set(write, marked.add(encodeHex(place)));
    write.put(this.#known, place, YES);
    return breakGlass === null ? 'first-access' : 'break-glass';
  }

  #add(write: Batch, kind: NoticeKind, number: CanonicalNumber, leafHash: Hash): void {
    const key = encodeHex(hmacSm3(this.#records.secret, concatBytes(NAMED, leafHash)));
    const notice: KeptNotice = { kind, person: { class: number.class, id: number.id }, key };
    this.#outbox.add(write, encodeUtf8(JSON.stringify(notice)));
  }
}
