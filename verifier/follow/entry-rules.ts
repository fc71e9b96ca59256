/**
 * The rules that every entry keeps, read in the order of the log: its form, a kind of its log's class, a time at a multiple of the quantum that
 * is neither before the entry before nor after a checkpoint that holds it.
 *
 * A log that grows by whole quanta (core/authority/log-rules.ts) has its entries sorted by (time, slot) as well, and none of its checkpoints
 * splits a quantum: what a checkpoint holds is from before the quantum that its time is in, and what it lacks is not. So the log grows at
 * most once a quantum, and whatever comes in between repeats the roots.
 */
import { compareBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { isKindOf, LOG_RULES, quantumOf } from '../../core/authority/log-rules.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { decodeEntry, type Entry } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import type { Head } from '../index/head-store.ts';
import type { TileStore } from '../index/tile-store.ts';
import type { BadCheckpoint } from './finding.ts';
import type { SignedCheckpoint, Waypoint } from './replay.ts';

export interface EntryRulesOptions {
  readonly log: Pick<LogFact, 'class' | 'quantum'>;
  readonly tiles: Pick<TileStore, 'entryAt'>;
  /** From where on entries are read. */
  readonly start: Head;
  /** From the start on. */
  readonly waypoints: readonly Waypoint[];
  readonly target: SignedCheckpoint;
}

export interface BadEntry {
  readonly outcome: 'bad';
  readonly why: BadCheckpoint;
  /** The first that the log signed and that holds the entry. */
  readonly checkpoint: string;
  /** One that the log signed before, and that should hold the entry and does not. */
  readonly lacks: string | null;
  readonly entryIndex: number;
}

type Fault = Pick<BadEntry, 'why' | 'checkpoint' | 'lacks'>;

export class EntryRules {
  readonly #options: EntryRulesOptions;
  readonly #waypoints: readonly Waypoint[];
  readonly #bySize: ReadonlyMap<number, readonly Waypoint[]>;
  #previous: Pick<Entry, 'recordedAt' | 'slot'> | null;

  /** Throws IndexDamage. */
  constructor(options: EntryRulesOptions) {
    const { tiles, start, waypoints, target } = options;
    this.#options = options;
    this.#waypoints = [...waypoints, { checkpoint: target.checkpoint, signedNote: () => target.note }];
    const replayed = start.note === '' ? [] : [{ checkpoint: parseNote(start.note).checkpoint, signedNote: () => start.note }];
    this.#bySize = Map.groupBy([...replayed, ...this.#waypoints], ({ checkpoint }) => checkpoint.size);
    this.#previous = start.size === 0 ? null : decodeEntry(tiles.entryAt(start.size - 1));
  }

  /** To be called for each entry from the start on, in order. Throws IndexDamage. */
  read(entryIndex: number): Entry | BadEntry {
    const entry = decodeOrNull(this.#options.tiles.entryAt(entryIndex));
    const fault = entry === null ? this.#faultAt(entryIndex, 'entry-format') : this.#faultOf(entry, entryIndex);
    this.#previous = entry;
    return fault === null ? entry! : { outcome: 'bad', entryIndex, ...fault };
  }

  #faultOf(entry: Entry, entryIndex: number): Fault | null {
    const { log } = this.#options;
    const { kind, recordedAt, slot } = entry;
    if (!isKindOf(log.class, kind)) return this.#faultAt(entryIndex, 'entry-kind');
    const previous = this.#previous;
    if (recordedAt % log.quantum !== 0 || (previous !== null && recordedAt < previous.recordedAt)) {
      return this.#faultAt(entryIndex, 'entry-time');
    }
    for (const one of this.#bySize.get(entryIndex + 1) ?? []) {
      const note = recordedAt > one.checkpoint.issuedAt ? one.signedNote() : null;
      if (note !== null) return { why: 'entry-time', checkpoint: note, lacks: null };
    }
    if (!LOG_RULES[log.class].growsByQuanta) return null;
    // An equal slot is for the map to refuse.
    const isUnsorted = previous?.recordedAt === recordedAt && compareBytes(slot, previous.slot) < 0;
    return isUnsorted ? this.#faultAt(entryIndex, 'entry-order') : this.#splitAt(recordedAt, entryIndex);
  }

  /** A checkpoint that splits a quantum right before or right after this entry. */
  #splitAt(recordedAt: number, entryIndex: number): Fault | null {
    const { quantum } = this.#options.log;
    const isOver = ({ checkpoint }: Waypoint): boolean => recordedAt < quantumOf(checkpoint.issuedAt, quantum);
    for (const one of this.#bySize.get(entryIndex) ?? []) {
      const lacks = isOver(one) ? one.signedNote() : null;
      if (lacks !== null) return { ...this.#faultAt(entryIndex, 'quantum'), lacks };
    }
    for (const one of this.#bySize.get(entryIndex + 1) ?? []) {
      const checkpoint = isOver(one) ? null : one.signedNote();
      if (checkpoint !== null) return { why: 'quantum', checkpoint, lacks: null };
    }
    return null;
  }

  #faultAt(entryIndex: number, why: BadCheckpoint): Fault {
    for (const { checkpoint, signedNote } of this.#waypoints) {
      const note = checkpoint.size > entryIndex ? signedNote() : null;
      if (note !== null) return { why, checkpoint: note, lacks: null };
    }
    return { why, checkpoint: this.#options.target.note, lacks: null };
  }
}

function decodeOrNull(bytes: Uint8Array): Entry | null {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}
