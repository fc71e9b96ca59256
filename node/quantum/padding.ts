/**
 * Entries that say nothing, so that a night without accesses looks like one with a few: of the kind of an access, at random slots, with
 * random commitments. Nobody has anything that opens one, and nobody but the node can tell which they are; it forgets it as well.
 *
 * Each quantum is filled up to the same number. So the number of entries says of a quantum only whether there were more than that.
 */
import { compareBytes } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { decodeEntry, encodeEntry, KINDS } from '../../core/log/entry.ts';

export interface PaddingOptions {
  /** Due entries, sorted; those of the quantum to be filled are the last. */
  readonly entries: readonly Uint8Array[];
  /** The quantum's time. */
  readonly recordedAt: number;
  readonly fillTo: number;
  readonly random: (length: number) => Uint8Array;
}

/** All of them, sorted by (time, slot). */
export function padQuantum({ entries, recordedAt, fillTo, random }: PaddingOptions): Uint8Array[] {
  const start = entries.findIndex((entryBytes) => decodeEntry(entryBytes).recordedAt === recordedAt);
  const before = start === -1 ? entries : entries.slice(0, start);
  const own = start === -1 ? [] : entries.slice(start);
  const added = Array.from({ length: Math.max(0, fillTo - own.length) }, () =>
    encodeEntry({ kind: KINDS.access, recordedAt, slot: asHash(random(32)), commitment: asHash(random(32)) }),
  );
  return [...before, ...[...own, ...added].sort((a, b) => compareBytes(decodeEntry(a).slot, decodeEntry(b).slot))];
}
