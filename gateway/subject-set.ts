/** Whom an event is about: each number once, in the order in which they were found. */
import type { CanonicalNumber } from '../core/access/number.ts';

export class SubjectSet {
  readonly #numbers = new Map<string, CanonicalNumber>();

  get size(): number {
    return this.#numbers.size;
  }

  get list(): readonly CanonicalNumber[] {
    return [...this.#numbers.values()];
  }

  add(...numbers: readonly CanonicalNumber[]): this {
    for (const number of numbers) this.#numbers.set(`${number.class} ${number.id}`, number);
    return this;
  }
}
