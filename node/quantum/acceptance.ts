/**
 * A batch of requests as it is accepted: which slot each entry gets, and with it its bytes. Slots of entries that are promised and not
 * yet in the log count as taken, those of this batch too. Nothing is stored here.
 */
import { ByteReader, concatBytes, encodeHex, u32, u64, u8 } from '../../core/bytes/bytes.ts';
import { type CodedError, conflict, unavailable } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { commitmentOf, encodeEntry, type KindName, kindNameOf, KINDS } from '../../core/log/entry.ts';
import type { OpenedBody } from '../../core/log/opening.ts';
import { type HistorySecret, slotAt } from '../../core/log/slot.ts';
import { lookUpSlot } from '../../core/log/slot-proof.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import type { Batch, KeySpace } from '../../service/store.ts';
import type { NewBody } from '../bodies/body-store.ts';
import type { RequestIdentity } from '../log/answers.ts';
import type { LogHead, LogStore } from '../log/log-store.ts';
import type { PendingEntries, PendingEntry } from './pending.ts';

/** Something to be said: in the next free slot of a history, or in this one. */
export interface Draft extends OpenedBody {
  readonly kind: KindName;
  readonly at: { readonly h: HistorySecret } | { readonly slot: Hash };
}

/** What may be done once: it is marked by a key of a space, with the entries themselves. */
export interface Claim {
  readonly space: KeySpace;
  readonly key: Uint8Array;
  readonly value: (recorded: Recorded) => Uint8Array;
  readonly refusal: CodedError;
}

/** One request, in so far as the log is concerned. */
export interface Recording {
  readonly request: RequestIdentity;
  readonly drafts: readonly Draft[];
  readonly claims: readonly Claim[];
  /** What else goes to disk with the entries. */
  readonly also?: (write: Batch, recorded: Recorded) => void;
}

export interface RecordedEntry {
  readonly kind: KindName;
  readonly slot: Hash;
  readonly leafHash: Hash;
}

/** What became of a request: in the order of its drafts. */
export interface Recorded {
  /** Of all its entries. */
  readonly recordedAt: number;
  /** Of their promises. */
  readonly issuedAt: number;
  readonly deadlineAt: number;
  readonly entries: readonly RecordedEntry[];
}

export function encodeRecorded({ recordedAt, issuedAt, deadlineAt, entries }: Recorded): Uint8Array {
  const rows = entries.map(({ kind, slot, leafHash }) => concatBytes(u8(KINDS[kind]), slot, leafHash));
  return concatBytes(u64(recordedAt), u64(issuedAt), u64(deadlineAt), u32(entries.length), ...rows);
}

/** Of our own bytes. */
export function decodeRecorded(bytes: Uint8Array): Recorded {
  const reader = new ByteReader(bytes);
  const [recordedAt, issuedAt, deadlineAt, count] = [reader.u64(), reader.u64(), reader.u64(), reader.u32()];
  const entries = Array.from({ length: count }, (): RecordedEntry => {
    const kind = kindNameOf(reader.u8())!;
    return { kind, slot: asHash(reader.bytes(32).slice()), leafHash: asHash(reader.bytes(32).slice()) };
  });
  reader.end();
  return { recordedAt, issuedAt, deadlineAt, entries };
}

export interface AcceptanceOptions {
  readonly log: LogStore;
  readonly pending: PendingEntries;
  readonly head: LogHead;
  readonly random: (length: number) => Uint8Array;
  readonly times: Omit<Recorded, 'entries'>;
}

const KEY_LENGTH = 16;

export class Acceptance {
  readonly #options: AcceptanceOptions;
  readonly #claimed = new Set<string>();
  readonly #slots = new Set<string>();
  readonly #bodies: NewBody[] = [];
  readonly entries: PendingEntry[] = [];

  constructor(options: AcceptanceOptions) {
    this.#options = options;
  }

  /** An error when the request is refused; then nothing of it is in the batch. Throws UNAVAILABLE for damage. */
  take({ drafts, claims }: Recording): Recorded | CodedError {
    for (const { space, key, refusal } of claims) {
      if (this.#claimed.has(`${space.name} ${encodeHex(key)}`) || space.getSync(key) !== undefined) return refusal;
    }
    for (const { at } of drafts) if ('slot' in at && this.#isTaken(at.slot)) return conflict('the slot is taken');
    for (const { space, key } of claims) this.#claimed.add(`${space.name} ${encodeHex(key)}`);
    return { ...this.#options.times, entries: drafts.map((draft) => this.#append(draft)) };
  }

  #append({ kind, at, nonce, body }: Draft): RecordedEntry {
    const { random, times } = this.#options;
    const { recordedAt, issuedAt, deadlineAt } = times;
    const slot = 'slot' in at ? at.slot : this.#nextSlot(at.h);
    this.#requireFree(slot);
    this.#slots.add(encodeHex(slot));
    const entry = { kind: KINDS[kind], recordedAt, slot, commitment: commitmentOf(nonce, body) };
    const entryBytes = encodeEntry(entry);
    const leafHash = leafHashOf(entryBytes);
    this.entries.push({ entry, entryBytes, leafHash, issuedAt, deadlineAt });
    this.#bodies.push({ leafHash, nonce, body, key: random(KEY_LENGTH) });
    return { kind, slot, leafHash };
  }

  get bodies(): readonly NewBody[] {
    return this.#bodies;
  }

  #isTaken(slot: Hash): boolean {
    const { pending, log } = this.#options;
    return this.#slots.has(encodeHex(slot)) || pending.at(slot) !== undefined || log.indexAt(slot) !== undefined;
  }

  /** Slots are filled in order, so the first free one is found by halving. */
  #nextSlot(h: HistorySecret): Hash {
    const isTaken = (i: number): boolean => this.#isTaken(slotAt(h, i));
    let free = 0;
    for (let step = 1; isTaken(free); step *= 2) free += step;
    // Between the last slot known to be taken and this free one.
    for (let taken = Math.floor((free - 1) / 2); free - taken > 1;) {
      const middle = Math.floor((taken + free) / 2);
      if (isTaken(middle)) taken = middle;
      else free = middle;
    }
    return slotAt(h, free);
  }

  /** That a slot is free, only the map can say: the index may have lost it. A promise of a taken slot could never be kept. */
  #requireFree(slot: Hash): void {
    const { head, log } = this.#options;
    if (lookUpSlot(head.mapRoot, slot, log.map) !== null) throw unavailable('the log’s index hides an entry that its map holds');
  }
}
