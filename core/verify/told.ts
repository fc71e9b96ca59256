/**
 * One history as an answer tells it: the proven entries of `h` in one log, and what their openings say.
 *
 * The rows of an answer are untrusted. A history counts only as a whole: every slot from 0 shown, and the next one shown absent.
 */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { kindNameOf, type KindName } from '../log/entry.ts';
import { verifyHistory, type HistoryProof, type ProvenEntry } from '../log/history.ts';
import { openOpening, type OpenedBody } from '../log/opening.ts';
import { slotAt, type HistorySecret } from '../log/slot.ts';
import { decodeSlotProof } from '../log/slot-proof.ts';
import type { Basis } from './basis.ts';
import type { LookupAnswer, PresentSlot } from './lookup.ts';
import { type Finding, pass, unknown } from './verdict.ts';

export interface ToldHistory {
  /** Unknown BAD_PROOF when the rows do not show the whole history. */
  readonly finding: Finding;
  /** Empty unless the finding is a pass. */
  readonly entries: readonly ProvenEntry[];
  readonly kinds: readonly (KindName | null)[];
  /** Nonce and body of the entry at `place`, or null when its opening is missing or is not this entry's. */
  open(place: number): OpenedBody | null;
}

/** The rows of `h` in this log, from slot_0 up to the first that is not present. */
export function presentRows(answer: LookupAnswer, logId: Hash, h: HistorySecret): PresentSlot[] {
  const bySlot = new Map(answer.present.filter((row) => equalBytes(row.logId, logId)).map((row) => [encodeHex(row.slot), row]));
  const rows: PresentSlot[] = [];
  for (;;) {
    const row = bySlot.get(encodeHex(slotAt(h, rows.length)));
    if (row === undefined) return rows;
    rows.push(row);
  }
}

function proofOf(answer: LookupAnswer, logId: Hash, h: HistorySecret, rows: readonly PresentSlot[]): HistoryProof | null {
  const next = slotAt(h, rows.length);
  const absence = answer.absent.find((row) => equalBytes(row.logId, logId) && equalBytes(row.slot, next));
  if (absence === undefined) return null;
  const items = rows.map(({ entry, index, inclusion, map }) => ({
    entryBytes: entry,
    entryIndex: index,
    inclusionProof: inclusion,
    slotProof: decodeSlotProof(map),
  }));
  return { items, absence: decodeSlotProof(absence.map) };
}

/** The proven entries, or null when the rows do not prove a whole history. */
function provenEntries(answer: LookupAnswer, basis: Basis, h: HistorySecret, rows: readonly PresentSlot[]): ProvenEntry[] | null {
  try {
    const proof = proofOf(answer, basis.log.logId, h, rows);
    return proof && verifyHistory({ h, checkpoint: basis.checkpoint, logClass: 'licence' }, proof);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

export function toldHistory(answer: LookupAnswer, basis: Basis, h: HistorySecret): ToldHistory {
  const rows = presentRows(answer, basis.log.logId, h);
  const proven = provenEntries(answer, basis, h, rows);
  const entries = proven ?? [];
  return {
    finding: proven === null ? unknown('BAD_PROOF') : pass({ entries: entries.length }),
    entries,
    kinds: entries.map(({ entry }) => kindNameOf(entry.kind)),
    open: (place) => openRow(basis.log.logId, h, entries[place], rows[place]),
  };
}

function openRow(
  logId: Hash,
  h: HistorySecret,
  proven: ProvenEntry | undefined,
  row: PresentSlot | undefined,
): OpenedBody | null {
  if (proven === undefined || row === undefined || row.opening === null) return null;
  try {
    return openOpening({ h, logId, entry: proven.entry }, row.opening);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}
