/**
 * What must still be told to somebody: kept on disk, encrypted, until it was. Each item is delivered at least once, in no promised order;
 * one that the other side refuses stays and is tried again, and others pass it by; while nobody answers, all wait.
 */
import { u64 } from '../../core/bytes/bytes.ts';
import { type CodedError, isCodedError } from '../../core/bytes/error.ts';
import type { Logger } from '../logger.ts';
import { type RecordsKey, SealedSpace } from '../sealed-space.ts';
import type { Batch, Store } from '../store.ts';

export interface OutboxOptions {
  readonly store: Store;
  /** Of the key space. */
  readonly name: string;
  readonly recordsKey: RecordsKey;
  readonly logger: Logger;
  /** True when the item was taken, or will never be. Throws UNAVAILABLE for later. */
  readonly deliver: (item: Uint8Array, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;
/** Deliveries in a row that nobody answers, before a round ends: the rest would fare no better. More than one, lest a single item holds up all. */
const MAX_SILENT = 3;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #space: SealedSpace;
  #next = 0;
  #count = 0;
  #wake: () => void = () => {};

  private constructor(options: OutboxOptions) {
    this.#options = options;
    this.#space = new SealedSpace(options.store, options.name, options.recordsKey);
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    for await (const [key] of outbox.#space.iterate()) {
      outbox.#next = sequenceOf(key) + 1;
      outbox.#count++;
    }
    return outbox;
  }

  /** Items that nobody has taken yet. */
  get count(): number {
    return this.#count;
  }

  /** Part of the caller's batch; `announce` once that is written. */
  add(batch: Batch, item: Uint8Array): void {
    this.#space.put(batch, u64(this.#next++), item);
    this.#count++;
  }

  announce(): void {
    this.#wake();
  }

  async put(item: Uint8Array): Promise<void> {
    const batch = this.#options.store.batch();
    this.add(batch, item);
    await batch.write({ sync: true });
    this.announce();
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const waited = new Promise<void>((resolve) => (this.#wake = resolve));
      const hasMoved = await this.#round();
      pauseMs = hasMoved ? FIRST_PAUSE_MS : Math.min(2 * pauseMs, MAX_PAUSE_MS);
      const timer = setTimeout(this.#wake, this.#count > 0 ? pauseMs : MAX_PAUSE_MS);
      signal.addEventListener('abort', this.#wake, { once: true });
      if (!signal.aborted) await waited;
      clearTimeout(timer);
      signal.removeEventListener('abort', this.#wake);
    }
  }

  /** True when something was taken, or nothing was left. */
  async #round(): Promise<boolean> {
    const { logger, signal } = this.#options;
    let hasMoved = this.#count === 0;
    let trouble: CodedError | null = null;
    let silent = 0;
    for await (const [key, item] of this.#space.iterate()) {
      if (signal.aborted) break;
      const error = await this.#deliver(key, item);
      hasMoved ||= error === null;
      trouble = error ?? trouble;
      silent = error !== null && isSilence(error) ? silent + 1 : 0;
      if (silent === MAX_SILENT) break;
    }
    if (trouble !== null && !signal.aborted) logger.warn({ error: trouble, count: this.#count }, 'not delivered, kept for later');
    return hasMoved;
  }

  /** Why not; null when it was taken. */
  async #deliver(key: Uint8Array, item: Uint8Array): Promise<CodedError | null> {
    const { store, deliver, signal } = this.#options;
    try {
      await deliver(item, signal);
    } catch (error) {
      if (isCodedError(error)) return error;
      throw error;
    }
    const batch = store.batch();
    this.#space.del(batch, key);
    await batch.write({ sync: false });
    this.#count--;
    return null;
  }
}

/** Nobody answered, as client.ts says it. A refusal has its status. */
function isSilence({ code, facts }: CodedError): boolean {
  return code === 'UNAVAILABLE' && facts['status'] === undefined;
}

function sequenceOf(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(0));
}
