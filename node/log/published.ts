/**
 * A published checkpoint, and what two places that remember the newest one, the register and the store, may say against each other:
 * then one of them is an old copy, and nobody knows what was signed since.
 */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { type CodedError, forbidden } from '../../core/bytes/error.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import type { Origin } from '../../core/log/origin.ts';
import type { LogStore } from './log-store.ts';

export interface Published {
  readonly checkpoint: Checkpoint;
  readonly note: string;
}

export function readPublished(note: string | null): Published | null {
  return note === null ? null : { note, checkpoint: parseNote(note).checkpoint };
}

/** True when the log has published both roots at this size. */
export async function isPublished(
  log: Pick<LogStore, 'newestNote'>,
  { size, rootHash, mapRoot }: Pick<Checkpoint, 'size' | 'rootHash' | 'mapRoot'>,
): Promise<boolean> {
  const note = await log.newestNote(size);
  if (note === undefined) return false;
  const { checkpoint } = parseNote(note);
  return equalBytes(checkpoint.rootHash, rootHash) && equalBytes(checkpoint.mapRoot, mapRoot);
}

export interface PublishedLog {
  readonly origin: Origin;
  readonly log: LogStore;
}

/** FORBIDDEN, or null when both can be true: the store may lack the register's newest note, and may hold entries beyond it. */
export function contradictionOf(
  { origin, log }: PublishedLog,
  registered: Published | null,
  archived: Published | null,
): CodedError | null {
  if (registered === null) return archived === null ? null : forbidden('the register has forgotten what this log published');
  const head = log.head();
  const { origin: registeredOrigin, size, issuedAt, rootHash, mapRoot } = registered.checkpoint;
  if (registeredOrigin !== origin) return forbidden('the register belongs to another log');
  if (size > head.size || issuedAt > head.issuedAt) {
    return forbidden('the store is older than the register: it was restored from an old backup', { size, held: head.size });
  }
  if (archived !== null && archived.checkpoint.issuedAt > issuedAt) {
    return forbidden('the register is older than the store: it was restored from an old backup', { size, held: head.size });
  }
  const isSame = equalBytes(log.rootAt(size), rootHash) && (size < head.size || equalBytes(head.mapRoot, mapRoot));
  return isSame ? null : forbidden('the register holds a checkpoint of another tree', { size });
}
