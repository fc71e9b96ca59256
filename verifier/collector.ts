/**
 * Asks one witness, again and again, for its word on every anchor that our own replay reproduced: the newest first. A witness that
 * does not answer delays nobody but itself.
 */
import { isCodedError } from '../core/bytes/error.ts';
import type { Logger } from '../service/logger.ts';
import type { Confirmations } from './confirmation.ts';
import type { Anchor } from './follow/anchor.ts';
import type { Following } from './follow/following.ts';
import type { LogFollower } from './follow/log-follower.ts';
import { IndexDamage } from './index/damage.ts';

export interface CollectorOptions {
  /** `<consortium>/<USCC>/witness`. */
  readonly name: string;
  readonly url: string;
  readonly following: Following;
  readonly confirmations: Confirmations;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Looked at in one step and for one log; those that are left come with the next steps. */
const ANCHORS_PER_STEP = 64;
/** Until it is asked again about an anchor that it has not come to: doubled each time. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 3_600_000;

/** About one anchor: when to ask again, and how long to wait after that. */
interface Attempt {
  readonly nextAt: number;
  readonly pauseMs: number;
}

export class Collector {
  readonly #options: CollectorOptions;
  readonly #attempts = new WeakMap<Anchor, Attempt>();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async step(signal: AbortSignal): Promise<void> {
    for (const follower of this.#options.following.logs.values()) {
      for (const anchor of this.#wantedOf(follower)) {
        if (signal.aborted) return;
        await this.#ask(follower, anchor, signal);
      }
    }
  }

  #wantedOf(follower: LogFollower): Anchor[] {
    const { name, confirmations, clock } = this.#options;
    const { registered, anchors } = follower;
    if (registered === null) return [];
    const now = clock();
    const isDue = (anchor: Anchor): boolean =>
      anchor.checkpoint.size <= follower.index.size && (this.#attempts.get(anchor)?.nextAt ?? 0) <= now;
    const due = anchors.filter(isDue).slice(-ANCHORS_PER_STEP).toReversed();
    return due.filter((anchor) => {
      const isWanted = !confirmations.isComplete(registered.log, anchor, name) && this.#isReproduced(follower, anchor);
      if (!isWanted) this.#pause(anchor, LAST_PAUSE_MS);
      return isWanted;
    });
  }

  #isReproduced(follower: LogFollower, anchor: Anchor): boolean {
    try {
      return follower.isReproduced(anchor);
    } catch (error) {
      if (!(error instanceof IndexDamage)) throw error;
      this.#options.following.onDamage(error, follower);
      return false;
    }
  }

  #pause(anchor: Anchor, pauseMs: number): void {
    this.#attempts.set(anchor, { nextAt: this.#options.clock() + pauseMs, pauseMs: Math.min(2 * pauseMs, LAST_PAUSE_MS) });
  }

  async #ask(follower: LogFollower, anchor: Anchor, signal: AbortSignal): Promise<void> {
    const { name, url, confirmations, logger } = this.#options;
    // Answers stand on the newest: a witness that was away for long is not kept waiting for.
    const isNewest = follower.anchors.at(-1) === anchor;
    this.#pause(anchor, isNewest ? FIRST_PAUSE_MS : (this.#attempts.get(anchor)?.pauseMs ?? FIRST_PAUSE_MS));
    try {
      if (await confirmations.ask(follower.registered!.log, anchor, name, url, signal)) follower.advance();
    } catch (error) {
      if (!isCodedError(error) || error.code === 'UNAVAILABLE') throw error;
      if (error.code !== 'NOT_FOUND') logger.warn({ error, origin: follower.origin }, 'a witness says what does not hold');
    }
  }
}
