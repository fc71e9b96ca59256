/**
 * The accessor's record: what it asked, what came of it, and what opens the entries that the custodian promised. Encrypted at rest. It is
 * what the accessor answers an auditor with, and what convicts a custodian that logged something else: reconciliation joins it with the
 * custodian's own by the request digest.
 *
 *     record   u64 sentAt ‖ request digest   →  sealed {"target","request":ENVELOPE,"salt","query"}
 *     place    request digest                →  u64 sentAt
 *     part     request digest ‖ u32 number   →  sealed {"receipt":RECEIPT,"finding":REASON|null}
 *     end      request digest                →  sealed {"end","at"}
 *     about    HMAC-SM3(records key, ⟨name⟩ ‖ number) ‖ u64 sentAt ‖ request digest ‖ u32 number   →  u8 1: that part is about her
 *
 * A record without an end is of a call during which this agent died. What is under seal is in no `about`: it leads persons to their own records.
 */
import { formatEnvelope } from '../../core/authority/envelope.ts';
import {
  ByteReader,
  concatBytes,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  u32,
  u64,
} from '../../core/bytes/bytes.ts';
import { invariant, isCodedError } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { encodeNumber } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { parseSignedRequest, type SignedRequest } from '../../core/access/request.ts';
import { encodeEntry } from '../../core/log/entry.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { KeySpace, Store } from '../../service/store.ts';
import { formatPromise, parseReceipt } from '../event.ts';
import type { Frame } from '../frame.ts';
import { openReceipt, type OpenedEntry } from '../receipt.ts';

/** What a call came to: the outcome's word, or why there is no receipt for all of it. */
export type RecordEnd = 'granted' | 'refused' | 'failed' | 'NO_RECEIPT' | 'BAD_RECEIPT' | 'CUT' | 'NO_ANSWER' | 'CALLER_GONE';

export interface BegunRecord {
  readonly digest: Uint8Array;
  readonly signed: SignedRequest;
  readonly target: string;
  readonly salt: Uint8Array;
  readonly query: Uint8Array;
  readonly sentAt: number;
}

interface KeptRecord {
  readonly target: string;
  readonly request: JsonObject;
  readonly salt: string;
  readonly query: string;
}

interface KeptPart {
  readonly receipt: JsonObject;
  readonly finding: string | null;
}

const ABOUT = encodeUtf8('veritrail-record-about-v1');
const YES = Uint8Array.of(1);
const NAME_LENGTH = 32;
/** u64 sentAt ‖ request digest. */
const RECORD_KEY_LENGTH = 40;
/** request digest ‖ u32 number. */
const PLACE_LENGTH = 36;

/** Copies of one person's accesses, the newest first. */
export interface OwnCopies {
  readonly copies: readonly OpenedEntry[];
  readonly isAll: boolean;
}

export interface CopyLimits {
  readonly most: number;
  /** Of bodies. */
  readonly mostBytes: number;
  /** Of stored receipts: one about thousands of persons is read as a whole for each of them. */
  readonly mostRead: number;
}

export class Records {
  readonly #store: Store;
  readonly #records: SealedSpace;
  readonly #places: KeySpace;
  readonly #parts: SealedSpace;
  readonly #ends: SealedSpace;
  readonly #about: KeySpace;
  readonly #secret: Uint8Array;

  constructor(store: Store, recordsKey: RecordsKey) {
    this.#store = store;
    this.#records = new SealedSpace(store, 'record', recordsKey);
    this.#places = store.space('place');
    this.#parts = new SealedSpace(store, 'part', recordsKey);
    this.#ends = new SealedSpace(store, 'end', recordsKey);
    this.#about = store.space('about');
    this.#secret = recordsKey.secret;
  }

  /** On disk before anything is sent. */
  async begin({ digest, signed, target, salt, query, sentAt }: BegunRecord): Promise<void> {
    const kept: KeptRecord = {
      target,
      request: formatEnvelope(signed.envelope),
      salt: encodeHex(salt),
      query: encodeBase64(query),
    };
    const batch = this.#store.batch().put(this.#places, digest, u64(sentAt));
    this.#records.put(batch, concatBytes(u64(sentAt), digest), encodeUtf8(JSON.stringify(kept)));
    await batch.write({ sync: true });
  }

  /** On disk before the part is handed over. */
  async add(
    digest: Uint8Array,
    number: number,
    { receipt, receiptJson }: Pick<Frame, 'receipt' | 'receiptJson'>,
    finding: string | null,
  ): Promise<void> {
    const batch = this.#store.batch();
    const place = concatBytes(digest, u32(number));
    this.#parts.put(batch, place, encodeUtf8(JSON.stringify({ receipt: receiptJson, finding })));
    if (receipt.outcome.outcome.seal === null) {
      const sentAt = this.#places.getSync(digest);
      invariant(sentAt !== undefined, 'a record is begun before parts of it come');
      for (const subject of receipt.subjects)
        batch.put(this.#about, concatBytes(this.#nameOf(subject.number), sentAt, place), YES);
    }
    await batch.write({ sync: true });
  }

  async end(digest: Uint8Array, end: RecordEnd, at: number): Promise<void> {
    const batch = this.#store.batch();
    this.#ends.put(batch, digest, encodeUtf8(JSON.stringify({ end, at })));
    await batch.write({ sync: true });
  }

  /** As an auditor reads it; undefined for a digest that is not here. */
  async find(digest: Uint8Array): Promise<JsonObject | undefined> {
    const place = this.#places.getSync(digest);
    if (place === undefined) return undefined;
    const bytes = this.#records.getSync(concatBytes(place, digest));
    return bytes && (await this.#format(place, digest, bytes));
  }

  /** Sent at or after `from`, before `to`, oldest first. */
  async *range(from: number, to: number): AsyncGenerator<JsonObject> {
    for await (const [key, bytes] of this.#records.iterate({ from: u64(from), to: u64(to) })) {
      yield await this.#format(key.subarray(0, 8), key.subarray(8), bytes);
    }
  }

  /** For the person herself: what opens the entries about her, and of no other person of the same events. */
  async copiesOf(number: CanonicalNumber, { most, mostBytes, mostRead }: CopyLimits): Promise<OwnCopies> {
    const name = this.#nameOf(number);
    const last = new Uint8Array(NAME_LENGTH).fill(0xff);
    const copies: OpenedEntry[] = [];
    let [bytes, read] = [0, 0];
    const range = { from: name, to: concatBytes(name, last), reverse: true };
    for await (const [key] of this.#about.iterate(range)) {
      if (copies.length >= most || bytes >= mostBytes || read >= mostRead) return { copies, isAll: false };
      const part = this.#parts.getSync(key.subarray(-PLACE_LENGTH));
      const own = part === undefined ? [] : this.#openOwn(key, part, number);
      read += part?.length ?? 0;
      bytes += own.reduce((sum, { body }) => sum + body.length, 0);
      copies.push(...own);
    }
    return { copies, isAll: true };
  }

  /** Of a receipt that does not hold together nothing opens anything. */
  #openOwn(key: Uint8Array, part: Uint8Array, number: CanonicalNumber): OpenedEntry[] {
    const reader = new ByteReader(key.subarray(NAME_LENGTH));
    const record = this.#records.getSync(reader.bytes(RECORD_KEY_LENGTH));
    if (record === undefined) return [];
    const { request } = JSON.parse(decodeUtf8(record)) as KeptRecord;
    const { receipt } = JSON.parse(decodeUtf8(part)) as KeptPart;
    try {
      return openReceipt(parseSignedRequest(request), parseReceipt(receipt), number);
    } catch (error) {
      if (isCodedError(error)) return [];
      throw error;
    }
  }

  #nameOf(number: CanonicalNumber): Uint8Array {
    return hmacSm3(this.#secret, concatBytes(ABOUT, encodeNumber(number)));
  }

  async #format(sentAt: Uint8Array, digest: Uint8Array, bytes: Uint8Array): Promise<JsonObject> {
    const { target, request, salt, query } = JSON.parse(decodeUtf8(bytes)) as KeptRecord;
    const signed = parseSignedRequest(request);
    const parts: JsonObject[] = [];
    const last = new Uint8Array(4).fill(0xff);
    for await (const [, part] of this.#parts.iterate({ from: concatBytes(digest, u32(0)), to: concatBytes(digest, last) })) {
      parts.push(formatPart(signed, JSON.parse(decodeUtf8(part)) as KeptPart));
    }
    const end = this.#ends.getSync(digest);
    const { end: came, at } =
      end === undefined ? { end: null, at: null } : (JSON.parse(decodeUtf8(end)) as { end: string; at: number });
    const time = Number(new DataView(sentAt.buffer, sentAt.byteOffset, 8).getBigUint64(0));
    return { requestDigest: encodeHex(digest), sentAt: time, target, request, salt, query, end: came, endedAt: at, parts };
  }
}

/** A receipt that holds is shown as the entries that it opens; one that does not, as it came. */
function formatPart(signed: SignedRequest, { receipt, finding }: KeptPart): JsonObject {
  try {
    const entries = openReceipt(signed, parseReceipt(receipt)).map(formatOpened);
    return { finding, outcome: receipt['outcome']!, entries, ...(finding !== null && { receipt }) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { finding: finding ?? 'BAD_RECEIPT', outcome: receipt['outcome'] ?? null, entries: [], receipt };
  }
}

function formatOpened({ leafHash, entry, nonce, body, promise }: OpenedEntry): JsonObject {
  return {
    leafHash: encodeHex(leafHash),
    entry: encodeBase64(encodeEntry(entry)),
    nonce: encodeHex(nonce),
    body: encodeBase64(body),
    promise: formatPromise(promise),
  };
}

/** Throws MALFORMED. */
export function parseDigest(text: string): Uint8Array {
  return decodeHex(text, 32);
}
