/** One piece of work at a time under each name: between what it reads and what it writes nothing comes. */
export class Turns {
  /** The last piece under way, by name. */
  readonly #last = new Map<string, Promise<unknown>>();

  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const turn = done.catch(() => undefined);
    this.#last.set(name, turn);
    try {
      return await done;
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name);
    }
  }
}
