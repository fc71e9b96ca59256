/**
 * Follows the chain: folds the registry's events into facts and hands on every update. A poll that fails changes nothing; what was
 * read before goes on to count, with its age.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isCodedError } from '../core/bytes/error.ts';
import { asHash } from '../core/bytes/hash.ts';
import { applyRegistryEvent, emptyRegistry } from '../core/authority/fold.ts';
import type { RegistryFacts } from '../core/authority/registry.ts';
import { isRegistryEvent, type RegistryEvent } from '../core/authority/registry-event.ts';
import type { ChainReader, ChainUpdate } from '../chain/reader.ts';
import type { Logger } from '../service/logger.ts';

export interface FollowerOptions {
  readonly reader: Pick<ChainReader, 'poll'>;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  /** Gets each update once its registry events are in the facts. */
  readonly take: (update: ChainUpdate, facts: RegistryFacts) => Promise<void>;
  /** Ends polling. */
  readonly signal: AbortSignal;
}

const POLL_MS = 1_000;
const NO_BLOCK = { number: 0, hash: asHash(new Uint8Array(32)), at: 0 };

export class ChainFollower {
  readonly #options: FollowerOptions;
  /** Kept so that the facts can be folded again when the chain loses blocks; a registry changes rarely. */
  #events: RegistryEvent[] = [];
  #facts = emptyRegistry(NO_BLOCK);
  #polledAt: number | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get facts(): RegistryFacts {
    return this.#facts;
  }

  /** Null until the chain was read to its end once. */
  polledMsAgo(): number | null {
    return this.#polledAt === null ? null : Math.max(0, this.#options.clock() - this.#polledAt);
  }

  /** Reads the chain up to its present end. Throws UNAVAILABLE. */
  async poll(): Promise<void> {
    const polled = this.#turn.then(() => this.#poll());
    this.#turn = polled.catch(() => undefined);
    return polled;
  }

  async #poll(): Promise<void> {
    for (;;) {
      const update = await this.#options.reader.poll();
      this.#fold(update);
      await this.#options.take(update, this.#facts);
      if (!update.caughtUp) continue;
      this.#polledAt = this.#options.clock();
      return;
    }
  }

  #fold({ head, lost, events }: ChainUpdate): void {
    const added = events.filter(isRegistryEvent);
    if (lost === null) {
      this.#facts = added.reduce(applyRegistryEvent, this.#facts);
      this.#events.push(...added);
    } else {
      this.#events = [...this.#events.filter(({ block }) => block.number < lost), ...added];
      this.#facts = this.#events.reduce(applyRegistryEvent, emptyRegistry(head));
    }
    this.#facts = { ...this.#facts, block: head };
  }

  /** Tries until the chain was read once, or the program stops. */
  async catchUp(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await this.#pollQuietly();
      if (this.#polledAt !== null) return;
      await this.#pause();
    }
  }

  /** Polls until the program stops. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await this.#pollQuietly();
      await this.#pause();
    }
  }

  async #pollQuietly(): Promise<void> {
    try {
      await this.poll();
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.#options.logger.warn({ error }, 'the chain cannot be read');
    }
  }

  async #pause(): Promise<void> {
    await sleep(POLL_MS, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }
}
