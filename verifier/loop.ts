/**
 * Something done again and again, with a pause in between, until the program stops. What goes wrong in the world is logged and
 * tried again; our own mistakes end the program (service/lifecycle.ts).
 */
import { isCodedError } from '../core/bytes/error.ts';
import type { Logger } from '../service/logger.ts';

export interface LoopOptions {
  /** From the end of one step to the beginning of the next. */
  readonly pauseMs: number;
  readonly logger: Logger;
  /** Ends soon when the signal is aborted. */
  readonly step: (signal: AbortSignal) => Promise<void>;
}

export class Loop {
  readonly #options: LoopOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #endPause: () => void = () => {};
  #isWoken = false;
  #lastTrouble: string | null = null;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** The next step comes at once; if one is under way, another follows it without a pause. */
  wake(): void {
    this.#isWoken = true;
    this.#endPause();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#isWoken = false;
      await this.#try();
      if (!this.#isWoken) await this.#pause();
    }
  }

  async #try(): Promise<void> {
    try {
      await this.#options.step(this.#stop.signal);
      this.#lastTrouble = null;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      // The same trouble is told once, not every second.
      if (error.message !== this.#lastTrouble && !this.#stop.signal.aborted)
        this.#options.logger.warn({ error }, 'tried again later');
      this.#lastTrouble = error.message;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.pauseMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
