/**
 * The swap register: the one place that says which checkpoint is the newest. A log publishes by exchanging the note it believes to be
 * there for the next one; who finds another note there is not alone, or was restored from an old backup, and must not sign.
 *
 * In production it stands on a second machine, at a witness (core/verify/swap.ts), so that it is not restored together with the log; a
 * copy of what it took is kept here. Without a witness it is a file beside the log.
 */
import { decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { type CodedError, conflict, type ErrorFacts, forbidden, isCodedError, unavailable } from '../../core/bytes/error.ts';
import { formatNote, parseNote } from '../../core/log/note.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { formatSwapRequest, parseSwapState, type SwapState } from '../../core/verify/swap.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { fetchJson, type FetchJsonOptions } from '../../service/call/client.ts';
import { readPrivateFile, replaceFileDurably } from '../../service/durable-file.ts';
import type { LogStore } from './log-store.ts';

/** What the register says it holds. */
export interface Registered {
  /** Null before the first swap. */
  readonly note: string | null;
  /** UTC ms by the clock of the register's machine; null when that is this one. */
  readonly answeredAt: number | null;
}

export interface Register {
  /** The newest note that this machine knows it to have taken. Nobody else is asked. */
  recall(): Promise<string | null>;
  /** Throws UNAVAILABLE when it does not answer, FORBIDDEN when it has forgotten what it took. */
  read(): Promise<Registered>;
  /**
   * Durable when it returns. Throws CONFLICT when the register holds another note than `known`; after UNAVAILABLE it holds either
   * of the two, or will.
   */
  swap(known: string | null, next: string): Promise<void>;
}

const MAX_NOTE_BYTES = 16 * 1024;

async function readNote(path: string): Promise<string | null> {
  try {
    return decodeUtf8(await readPrivateFile(path, MAX_NOTE_BYTES));
  } catch (error) {
    if (isCodedError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

async function writeNote(path: string, note: string): Promise<void> {
  await replaceFileDurably(path, encodeUtf8(note)).catch((error: unknown) => {
    throw unavailable('the register cannot be written', {}, error);
  });
}

/** CONFLICT: somebody else signs, or the register was set back. */
export function otherThere(facts: ErrorFacts = {}): CodedError {
  return conflict('the register holds another checkpoint than this log published last', facts);
}

export function createFileRegister(path: string): Register {
  const recall = (): Promise<string | null> => readNote(path);
  const read = async (): Promise<Registered> => ({ note: await recall(), answeredAt: null });
  const swap = async (known: string | null, next: string): Promise<void> => {
    if ((await recall()) !== known) throw otherThere();
    await writeNote(path, next);
  };
  return { recall, read, swap };
}

export interface RemoteRegisterOptions {
  /** Of the witness, without a slash at the end. */
  readonly url: string;
  readonly origin: Origin;
  readonly log: Pick<LogStore, 'tree' | 'newestNote'>;
  /** Where the copy of the last note taken is kept. */
  readonly copyPath: string;
  readonly timeoutMs: number;
  /** Aborted when the program stops. */
  readonly signal: AbortSignal;
}

export class RemoteRegister implements Register {
  readonly #options: RemoteRegisterOptions;
  readonly #stateUrl: string;

  constructor(options: RemoteRegisterOptions) {
    this.#options = options;
    this.#stateUrl = `${options.url}/v1/swap/${encodeHex(logIdOf(options.origin))}`;
  }

  async recall(): Promise<string | null> {
    const { copyPath, log } = this.#options;
    const [copied, archived] = [await readNote(copyPath), (await log.newestNote()) ?? null];
    if (copied === null || archived === null) return copied ?? archived;
    return parseNote(copied).checkpoint.issuedAt > parseNote(archived).checkpoint.issuedAt ? copied : archived;
  }

  async read(): Promise<Registered> {
    const { note, answeredAt } = await this.#ask(this.#stateUrl, {});
    return { note: note === null ? await this.#begin() : formatNote(note), answeredAt };
  }

  /** A log that published before it had this register begins there with its newest note. One that had it does not begin again. */
  async #begin(): Promise<string | null> {
    const { copyPath, log } = this.#options;
    if ((await readNote(copyPath)) !== null) throw forbidden('the register has forgotten what this log published');
    const newest = (await log.newestNote()) ?? null;
    if (newest !== null) await this.swap(null, newest);
    return newest;
  }

  async swap(known: string | null, next: string): Promise<void> {
    const { url, log, copyPath } = this.#options;
    const note = parseNote(next);
    const oldSize = known === null ? 0 : parseNote(known).checkpoint.size;
    const consistency = proveConsistency(oldSize, note.checkpoint.size, log.tree);
    await this.#ask(`${url}/v1/swap`, { send: formatSwapRequest({ oldSize, note, consistency }) });
    await writeNote(copyPath, next);
  }

  async #ask(url: string, sent: Pick<FetchJsonOptions, 'send'>): Promise<SwapState> {
    const { timeoutMs, signal } = this.#options;
    try {
      return parseSwapState(await fetchJson(url, { ...sent, timeoutMs, signal, maxBytes: MAX_NOTE_BYTES }));
    } catch (error) {
      throw isCodedError(error) ? refusalOf(error) : error;
    }
  }
}

/** Only that another note is there ends the matter. A witness that lags behind the registry, say, takes the same note later. */
function refusalOf(error: CodedError): CodedError {
  if (error.code === 'CONFLICT') return otherThere(error.facts);
  return unavailable(`the register: ${error.message}`, error.facts, error);
}
