/** Group commit: whatever arrives while a batch is being written goes into the next, so that many share one wait for the disk. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { CodedError } from '../../core/bytes/error.ts';

export interface Queued<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupQueueOptions<Item, Answer> {
  readonly entryCount: (item: Item) => number;
  /** Answers every one of them, or returns false, and the rest is refused. */
  readonly write: (batch: readonly Queued<Item, Answer>[]) => Promise<boolean>;
  readonly refusal: () => CodedError;
}

const MAX_REQUESTS = 256;
const MAX_ENTRIES = 2048;

export class GroupQueue<Item, Answer> {
  readonly #options: GroupQueueOptions<Item, Answer>;
  #queue: Queued<Item, Answer>[] = [];
  #isRunning = false;

  constructor(options: GroupQueueOptions<Item, Answer>) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  async push(item: Item): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#queue.push({ item, resolve, reject });
    void this.#run();
    return promise;
  }

  /** Refuses all that is not being written. */
  drop(): void {
    for (const { reject } of this.#queue.splice(0)) reject(this.#options.refusal());
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Requests of one moment share the first batch as well.
    await breathe();
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      const isDone = await this.#options.write(batch);
      if (!isDone) for (const { reject } of batch) reject(this.#options.refusal());
    }
    this.#isRunning = false;
  }

  #takeBatch(): Queued<Item, Answer>[] {
    let entries = 0;
    const end = this.#queue.findIndex(({ item }, i) => {
      entries += this.#options.entryCount(item);
      return i === MAX_REQUESTS || (i > 0 && entries > MAX_ENTRIES);
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }
}
