/**
 * A person's own history, as she is answered: under every VRF key of the log, at one of its checkpoints, with what each entry says
 * (core/access/answer.ts); and what is promised or published beyond that checkpoint.
 *
 * Everything here is hers: her handles, their proofs, and what was read about her. It goes to her alone, or to an auditor whose look-up
 * stands in it.
 */
import type { LogFact } from '../../core/authority/registry.ts';
import { encodeBase64, encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, invariant, isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import {
  type AccessAnswer,
  type AnsweredEpoch,
  type AnsweredItem,
  type EntryContent,
  formatContent,
} from '../../core/access/answer.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { decodeEntry, type Entry } from '../../core/log/entry.ts';
import { type HistoryReader, proveHistory } from '../../core/log/history.ts';
import { type Note, parseNote } from '../../core/log/note.ts';
import { type HistorySecret, slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import type { Logger } from '../../service/logger.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import type { Anchors } from '../log/anchors.ts';
import type { LogStore } from '../log/log-store.ts';
import type { PendingEntries, PendingEntry } from '../quantum/pending.ts';
import type { Handles, VrfKey } from './handles.ts';
import type { Ledger } from './ledger.ts';
import { describePromise, type PromiseSigner } from './receipt.ts';

export interface HistoryOptions {
  readonly log: LogStore;
  readonly anchors: Anchors;
  readonly pending: PendingEntries;
  readonly bodies: BodyStore;
  readonly ledger: Ledger;
  readonly handles: Handles;
  /** What the registry says of the log. */
  readonly logFact: () => LogFact;
  readonly promises: PromiseSigner;
  readonly logger: Logger;
}

/** An entry of her history, in the tree or only promised. */
export interface OwnEntry {
  readonly keyId: Hash;
  readonly entry: Entry;
  readonly entryBytes: Uint8Array;
  readonly leafHash: Hash;
  /** Null while it is only promised. */
  readonly entryIndex: number | null;
  readonly promised: PendingEntry | null;
}

/** What an answer may hold of contents; older ones are left out first, the proof is complete without them. */
const MAX_CONTENT_BYTES = 20 << 20;

export class PersonHistories {
  readonly #options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Throws as `noteAt`, and UNAVAILABLE while a VRF key is wanting. */
  async answer(number: CanonicalNumber, at: CheckpointName | null): Promise<AccessAnswer> {
    const { handles, logFact } = this.#options;
    const checkpoint = this.noteAt(at);
    const epochs: AnsweredEpoch[] = [];
    for (const key of handles.epochs(logFact())) epochs.push(await this.#epoch(number, key, checkpoint.checkpoint));
    return { checkpoint, epochs: await this.#withContents(epochs) };
  }

  /** The published checkpoint of that name, or, of null, the newest that is anchored. Throws CONFLICT for one that was not published, UNAVAILABLE. */
  noteAt(at: CheckpointName | null): Note {
    const { anchors, log } = this.#options;
    const meant = at ?? anchors.newest;
    if (meant === null) throw unavailable('no checkpoint of this log is anchored yet');
    const text = log.noteOf(meant);
    if (text === undefined) throw conflict('this log has published no such checkpoint');
    return parseNote(text);
  }

  async #epoch(number: CanonicalNumber, key: VrfKey, checkpoint: Checkpoint): Promise<AnsweredEpoch> {
    const { handles, log } = this.#options;
    const [h] = await handles.of(key, [number]);
    const reader: HistoryReader = {
      tree: log.tree,
      map: log.map,
      entryAt: (slot) => {
        const entryIndex = log.indexAt(slot);
        if (entryIndex === undefined) throw unavailable('the log’s store lacks something that it must hold');
        return { entryIndex, entryBytes: log.entry(entryIndex) };
      },
    };
    const { items, absence } = proveHistory(h!, checkpoint, reader);
    const bare = items.map((item): AnsweredItem => ({ ...item, content: null }));
    return { keyId: key.keyId, proof: handles.prove(key, number), items: bare, absence };
  }

  /** Newest first, as far as they fit. */
  async #withContents(epochs: readonly AnsweredEpoch[]): Promise<AnsweredEpoch[]> {
    const newestFirst = epochs
      .flatMap(({ items }) => items)
      .toSorted((a, b) => decodeEntry(b.entryBytes).recordedAt - decodeEntry(a.entryBytes).recordedAt);
    const contents = new Map<AnsweredItem, EntryContent>();
    let left = MAX_CONTENT_BYTES;
    for (const item of newestFirst) {
      const content = await this.contentOf(leafHashOf(item.entryBytes));
      left -= content.state === 'opened' ? Math.ceil(content.body.length / 3) * 4 : 0;
      if (left < 0) break;
      contents.set(item, content);
    }
    return epochs.map((epoch) => ({
      ...epoch,
      items: epoch.items.map((item) => ({ ...item, content: contents.get(item) ?? null })),
    }));
  }

  /** What is neither there nor in the ledger of erasures is lost: nobody says that it was erased. */
  async contentOf(leafHash: Hash): Promise<EntryContent> {
    const { ledger, bodies, logger } = this.#options;
    if (ledger.isErased(leafHash)) return { state: 'erased' };
    const legalBasis = ledger.withheldBy(leafHash);
    if (legalBasis !== null) return { state: 'refused', legalBasis };
    try {
      const opened = await bodies.open(leafHash);
      return opened === null ? { state: 'erased' } : { state: 'opened', ...opened };
    } catch (error) {
      if (!isCodedError(error, 'UNAVAILABLE')) throw error;
      logger.warn({ error }, 'a body cannot be read');
      return { state: 'lost' };
    }
  }

  /** All that the log says or has promised to say about the number, in the order of its slots. */
  async entriesOf(number: CanonicalNumber): Promise<OwnEntry[]> {
    const { handles, logFact } = this.#options;
    const entries: OwnEntry[] = [];
    for (const key of handles.epochs(logFact())) {
      const [h] = await handles.of(key, [number]);
      for (let i = 0; ; i++) {
        const found = this.#entryAt(h!, i);
        if (found === null) break;
        entries.push({ keyId: key.keyId, ...found });
      }
    }
    return entries;
  }

  #entryAt(h: HistorySecret, i: number): Omit<OwnEntry, 'keyId'> | null {
    const { log, pending } = this.#options;
    const slot = slotAt(h, i);
    const promised = pending.at(slot) ?? null;
    if (promised !== null) return { ...promised, entryIndex: null, promised };
    const entryIndex = log.indexAt(slot);
    if (entryIndex === undefined) return null;
    const entryBytes = log.entry(entryIndex);
    const entry = decodeEntry(entryBytes);
    invariant(equalBytes(entry.slot, slot), 'an entry stands at its own slot');
    return { entry, entryBytes, leafHash: leafHashOf(entryBytes), entryIndex, promised: null };
  }

  /** What the answer above does not cover yet: entries beyond its checkpoint, with the promises that bind the log. */
  async beyond(number: CanonicalNumber, at: CheckpointName | null): Promise<JsonObject> {
    const { promises } = this.#options;
    const { size } = this.noteAt(at).checkpoint;
    const rows: JsonObject[] = [];
    for (const { keyId, entryBytes, leafHash, entryIndex, promised } of await this.entriesOf(number)) {
      if (entryIndex !== null && entryIndex < size) continue;
      const promise = promised && (await describePromise(promises, { ...promised, slot: promised.entry.slot }));
      rows.push({
        keyId: encodeHex(keyId),
        entry: encodeBase64(entryBytes),
        leafHash: encodeHex(leafHash),
        index: entryIndex,
        promise,
        content: formatContent(await this.contentOf(leafHash)),
      });
    }
    return { size, entries: rows };
  }
}
