/**
 * The swap register: the one place that says which checkpoint is the newest. A log publishes by exchanging the note it believes to be
 * there for the next one; who finds another note there is not alone, or was restored from an old backup, and must not sign.
 *
 * Here it is a file beside the log. In production it stands on a second machine, so that it is not restored together with the log.
 */
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { conflict, isCodedError, unavailable } from '../../core/bytes/error.ts';
import { readPrivateFile, replaceFileDurably } from '../../service/durable-file.ts';

export interface Register {
  /** Null before the first swap. */
  read(): Promise<string | null>;
  /**
   * Durable when it returns. Throws CONFLICT when the register holds another note than `known`; after UNAVAILABLE it holds either
   * of the two.
   */
  swap(known: string | null, next: string): Promise<void>;
}

const MAX_NOTE_BYTES = 16 * 1024;

export function createFileRegister(path: string): Register {
  const read = async (): Promise<string | null> => {
    try {
      return decodeUtf8(await readPrivateFile(path, MAX_NOTE_BYTES));
    } catch (error) {
      if (isCodedError(error, 'NOT_FOUND')) return null;
      throw error;
    }
  };
  const swap = async (known: string | null, next: string): Promise<void> => {
    if ((await read()) !== known) throw conflict('the register holds another checkpoint than this log published last');
    await replaceFileDurably(path, encodeUtf8(next)).catch((error: unknown) => {
      throw unavailable('the register cannot be written', {}, error);
    });
  };
  return { read, swap };
}
