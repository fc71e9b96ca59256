/**
 * What a log must know before it signs, after a start and whenever its register did not answer: the chain's head, and what witnesses
 * have seen. Either may show a checkpoint that this tree does not hold; then it is an old copy, or not the only one, and stops. Only
 * then is the register asked, and what was left unpublished published (log/publisher.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHex, equalBytes } from '../core/bytes/bytes.ts';
import { forbidden, isCodedError } from '../core/bytes/error.ts';
import { JsonFields } from '../core/bytes/json-fields.ts';
import { findLog } from '../core/authority/registry.ts';
import { encodeCheckpoint } from '../core/log/checkpoint.ts';
import { noteKeyHash, type Note, parseNote } from '../core/log/note.ts';
import type { Origin } from '../core/log/origin.ts';
import { isSm2Signature } from '../core/sm/sm2.ts';
import { fetchJson } from '../service/call/client.ts';
import type { Logger } from '../service/logger.ts';
import type { ChainFollower } from './follower.ts';
import type { LogStore } from './log/log-store.ts';
import { isPublished } from './log/published.ts';
import type { LogTerms, Writing } from './log/writing.ts';

export interface ResumptionOptions {
  readonly origin: Origin;
  readonly writer: Pick<Writing, 'logId' | 'isWaiting' | 'resume' | 'stop'>;
  readonly log: Pick<LogStore, 'newestNote'>;
  readonly follower: Pick<ChainFollower, 'poll' | 'facts'>;
  /** The witness that keeps the register: it must answer. Null for a register on this machine. */
  readonly registerUrl: string | null;
  /** Other witnesses. What they cosigned was anchored, so that the chain has shown it: one that is silent holds nobody up. */
  readonly others: readonly string[];
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Ends it when the program stops. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 500;
const MAX_SEEN_BYTES = 128 << 10;
const MAX_NOTE = 16 * 1024;

export class Resumption {
  readonly #options: ResumptionOptions;
  #lastTrouble: string | null = null;

  constructor(options: ResumptionOptions) {
    this.#options = options;
  }

  /** Has the log go on whenever it waits, until the program stops. */
  async run(terms: LogTerms): Promise<void> {
    const { writer, signal } = this.#options;
    while (!signal.aborted) {
      if (writer.isWaiting) await this.attempt(terms);
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The log may wait still when it returns. */
  async attempt(terms: LogTerms): Promise<void> {
    const { writer, follower, registerUrl, others, signal } = this.#options;
    try {
      // Stops the log by itself when the chain shows what it does not hold.
      await follower.poll();
      if (registerUrl !== null) await this.#ask(registerUrl);
      for (const url of others) await this.#ask(url).catch((error: unknown) => this.#report(error));
      if (!signal.aborted) await writer.resume(terms);
      this.#lastTrouble = null;
    } catch (error) {
      this.#report(error);
    }
  }

  /** The same trouble is told once. Throws what is our own mistake. */
  #report(error: unknown): void {
    if (!isCodedError(error)) throw error;
    const { logger, signal } = this.#options;
    if (error.message !== this.#lastTrouble && !signal.aborted) logger.warn({ error }, 'the log cannot go on yet');
    this.#lastTrouble = error.message;
  }

  /** Stops the log when the witness has seen another one under its name. Throws UNAVAILABLE, MALFORMED. */
  async #ask(url: string): Promise<void> {
    const { writer, log, logger } = this.#options;
    const note = await this.#seenAt(url);
    if (note === null || (await isPublished(log, note.checkpoint))) return;
    // Nobody but a key of the log says anything about it.
    if (!this.#isSigned(note)) return logger.warn('a witness shows a checkpoint that no key of the log signed');
    const { size } = note.checkpoint;
    writer.stop(
      forbidden('a witness has seen a checkpoint that this log does not hold: it is an old copy, or not the only one', { size }),
    );
  }

  async #seenAt(url: string): Promise<Note | null> {
    const { writer, timeoutMs, signal } = this.#options;
    try {
      const seen = await fetchJson(`${url}/seen/${encodeHex(writer.logId)}`, { timeoutMs, signal, maxBytes: MAX_SEEN_BYTES });
      return parseNote(new JsonFields(seen, 'seen').string('checkpoint', MAX_NOTE));
    } catch (error) {
      if (isCodedError(error, 'NOT_FOUND')) return null;
      throw error;
    }
  }

  #isSigned(note: Note): boolean {
    const { origin, writer, follower } = this.#options;
    const { checkpoint, logSignature } = note;
    if (checkpoint.origin !== origin) return false;
    const { keys } = follower.facts;
    const owners = findLog(follower.facts, writer.logId)?.owners.map(({ authority }) => authority) ?? [];
    return keys.some(
      ({ type, authority, publicKey }) =>
        type === 'log' &&
        owners.includes(authority) &&
        equalBytes(noteKeyHash(origin, publicKey), logSignature.keyHash) &&
        isSm2Signature(publicKey, encodeCheckpoint(checkpoint), logSignature.signature),
    );
  }
}
