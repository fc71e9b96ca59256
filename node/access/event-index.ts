/**
 * What auditors find events by: one row an event, sealed with the records key. It holds accessors, operators and purposes, and never a
 * subject: whom an event was about, only the bodies say.
 *
 *     event   HMAC-SM3(records key, digest ‖ u32 chunk)   u64 issuedAt: each chunk of a request is recorded once
 *     index   u64 issuedAt ‖ first 8 bytes of that key    JSON of IndexedEvent ‖ 0A ‖ its entries (quantum/acceptance.ts)
 */
import { concatBytes, decodeUtf8, encodeHex, encodeUtf8, u32, u64 } from '../../core/bytes/bytes.ts';
import { conflict } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { Batch, KeySpace, Store } from '../../service/store.ts';
import { decodeRecorded, encodeRecorded, type Recorded } from '../quantum/acceptance.ts';
import type { Act } from './acts.ts';
import type { JudgedRequest } from './judge.ts';

/** What a row is searched by. */
export interface IndexedEvent {
  /** Request digest, hex. */
  readonly request: string;
  readonly chunk: number;
  readonly accessor: string;
  readonly operator: string;
  readonly purpose: string;
  /** Under seal: nobody finds it here before its release, which has a row of its own. */
  readonly isSealed: boolean;
}

export interface EventFilter extends Partial<Pick<IndexedEvent, 'request' | 'accessor' | 'operator' | 'purpose'>> {
  /** UTC ms of recording: the first included, the last not. */
  readonly from: number;
  readonly to: number;
}

export interface FoundEvent extends IndexedEvent {
  readonly recorded: Recorded;
}

const LINE_FEED = 0x0a;
const NAME = encodeUtf8('veritrail-event-v1');

export class EventIndex {
  readonly #rows: SealedSpace;
  readonly #events: KeySpace;
  readonly #records: RecordsKey;

  constructor(store: Store, records: RecordsKey) {
    this.#rows = new SealedSpace(store, 'index', records);
    this.#events = store.space('event');
    this.#records = records;
  }

  #keyOf(digest: Uint8Array, chunk: number): Hash {
    return hmacSm3(this.#records.secret, concatBytes(NAME, digest, u32(chunk)));
  }

  /** Several gateways before one node share this memory: a chunk of a request is answered once. */
  claim({ digest }: JudgedRequest, chunk: number): Act['claims'][number] {
    const refusal = conflict('this request was recorded already', { reason: 'REPLAYED' });
    return { space: this.#events, key: this.#keyOf(digest, chunk), value: ({ issuedAt }) => u64(issuedAt), refusal };
  }

  isRecorded(digest: Hash): boolean {
    return this.#events.getSync(this.#keyOf(digest, 0)) !== undefined;
  }

  put(
    write: Batch,
    { digest, request }: Pick<JudgedRequest, 'digest' | 'request'>,
    what: { readonly chunk: number; readonly isSealed: boolean },
    recorded: Recorded,
  ): void {
    const { accessor, operator, purpose } = request;
    const row: IndexedEvent = { request: encodeHex(digest), accessor, operator: operator.id, purpose, ...what };
    const key = concatBytes(u64(recorded.issuedAt), this.#keyOf(digest, what.chunk).subarray(0, 8));
    this.#rows.put(write, key, concatBytes(encodeUtf8(`${JSON.stringify(row)}\n`), encodeRecorded(recorded)));
  }

  /** The newest first. */
  async *find(filter: EventFilter): AsyncGenerator<FoundEvent> {
    const range = { from: u64(filter.from), to: u64(filter.to), reverse: true };
    for await (const [, value] of this.#rows.iterate(range)) {
      const event = decodeRow(value);
      if (!event.isSealed && isMeant(event, filter)) yield event;
    }
  }
}

function decodeRow(value: Uint8Array): FoundEvent {
  const end = value.indexOf(LINE_FEED);
  const row = JSON.parse(decodeUtf8(value.subarray(0, end))) as IndexedEvent;
  return { ...row, recorded: decodeRecorded(value.subarray(end + 1)) };
}

function isMeant(event: IndexedEvent, filter: EventFilter): boolean {
  const asked = ['request', 'accessor', 'operator', 'purpose'] as const;
  return asked.every((name) => filter[name] === undefined || filter[name] === event[name]);
}
