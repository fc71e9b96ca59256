/**
 * A batch: what the log will be once some more is said. Nothing is stored or signed here; what was added can be seen by what is
 * added next, and all of it goes into one write.
 */
import { randomBytes } from 'node:crypto';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { commitmentOf, decodeEntry, encodeEntry, type Entry, type KindName, kindNameOf, KINDS } from '../../core/log/entry.ts';
import { openOpening, sealOpening, type OpenedBody } from '../../core/log/opening.ts';
import { type HistorySecret, slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { GCM_IV_LENGTH } from '../../core/sm/sm4-gcm.ts';
import type { Batch } from '../../service/store.ts';
import { Growth } from './growth.ts';
import type { LogHead, LogStore } from './log-store.ts';

/** Something to be said about the thing whose history secret is `h`, in the next free slot of its history. */
export interface Draft extends OpenedBody {
  readonly kind: KindName;
  readonly h: HistorySecret;
}

export interface RecordedEntry {
  readonly kind: KindName;
  readonly entry: Entry;
  readonly entryIndex: number;
  readonly leafHash: Hash;
}

/** What the log says about one thing so far. */
export interface SaidEntry {
  /** Null for a kind that this program does not know. */
  readonly kind: KindName | null;
  open(): OpenedBody;
}

export interface Histories {
  /** In order; empty when nothing was ever said. */
  history(h: HistorySecret): readonly SaidEntry[];
}

interface Added extends RecordedEntry {
  readonly opening: Uint8Array;
}

export interface BatchTerms {
  readonly logId: Hash;
  readonly head: LogHead;
  /** For all entries of the batch: not before the last entry's time, a multiple of the log's quantum. */
  readonly recordedAt: number;
  /** The time of the checkpoint that the batch ends with: read in the same step, so that no entry is later. */
  readonly issuedAt: number;
}

export class LogBatch implements Histories {
  readonly #log: LogStore;
  readonly #terms: BatchTerms;
  readonly #growth: Growth;
  readonly #added: Added[] = [];
  readonly #bySlot = new Map<string, Added>();

  constructor(log: LogStore, terms: BatchTerms) {
    this.#log = log;
    this.#terms = terms;
    this.#growth = new Growth(log, terms.head);
  }

  /** Entries added so far. */
  get count(): number {
    return this.#growth.count;
  }

  history(h: HistorySecret): SaidEntry[] {
    const said: SaidEntry[] = [];
    for (;;) {
      const found = this.#find(slotAt(h, said.length));
      if (found === undefined) return said;
      const { entry, opening } = found;
      const open = (): OpenedBody => openOpening({ h, logId: this.#terms.logId, entry }, opening());
      said.push({ kind: kindNameOf(entry.kind), open });
    }
  }

  #find(slot: Hash): { entry: Entry; opening: () => Uint8Array } | undefined {
    const added = this.#bySlot.get(encodeHex(slot));
    if (added !== undefined) return { entry: added.entry, opening: () => added.opening };
    const entryIndex = this.#log.indexAt(slot);
    if (entryIndex === undefined) return undefined;
    const entryBytes = this.#log.entry(entryIndex);
    return { entry: decodeEntry(entryBytes), opening: () => this.#log.opening(leafHashOf(entryBytes)) };
  }

  append({ kind, h, nonce, body }: Draft): RecordedEntry {
    const { logId, recordedAt } = this.#terms;
    const slot = slotAt(h, this.history(h).length);
    const entry = { kind: KINDS[kind], recordedAt, slot, commitment: commitmentOf(nonce, body) };
    const { entryIndex, leafHash } = this.#growth.append(encodeEntry(entry));
    const opening = sealOpening({ h, logId, entry }, { nonce, body }, randomBytes(GCM_IV_LENGTH));
    const added = { kind, entry, entryIndex, leafHash, opening };
    this.#added.push(added);
    this.#bySlot.set(encodeHex(slot), added);
    return added;
  }

  /** The log after the batch, with all that makes it put into `batch`. */
  putInto(batch: Batch): LogHead {
    for (const { leafHash, opening } of this.#added) batch.put(this.#log.openings, leafHash, opening);
    return this.#growth.putInto(batch, this.#terms.issuedAt);
  }
}
