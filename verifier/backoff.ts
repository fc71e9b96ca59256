/** When something that failed is tried again: later each time, and in time again once it has worked. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly clock: () => number;
}

interface Attempt {
  readonly nextAt: number;
  readonly pauseMs: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  readonly #attempts = new Map<string, Attempt>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  isDue(name: string): boolean {
    return (this.#attempts.get(name)?.nextAt ?? 0) <= this.#options.clock();
  }

  failed(name: string): void {
    const { firstMs, longestMs, clock } = this.#options;
    const pauseMs = Math.min(longestMs, 2 * (this.#attempts.get(name)?.pauseMs ?? firstMs / 2));
    this.#attempts.set(name, { nextAt: clock() + pauseMs, pauseMs });
  }

  succeeded(name: string): void {
    this.#attempts.delete(name);
  }
}
