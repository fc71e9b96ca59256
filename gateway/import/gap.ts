/** Which numbers of a numbered source were seen: intervals in order, apart from each other. What lies between them is missing. */

export type Interval = readonly [from: number, to: number];

export class NumberSet {
  readonly #intervals: [number, number][];

  constructor(intervals: readonly Interval[] = []) {
    this.#intervals = intervals.map(([from, to]) => [from, to]);
  }

  get intervals(): readonly Interval[] {
    return this.#intervals;
  }

  get gaps(): Interval[] {
    return this.#intervals.slice(1).map(([from], i) => [this.#intervals[i]![1] + 1, from - 1]);
  }

  add(number: number): void {
    // The last interval that begins at or before it.
    let [low, high] = [0, this.#intervals.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#intervals[middle]![0] <= number) low = middle + 1;
      else high = middle;
    }
    const [before, after] = [this.#intervals[low - 1], this.#intervals[low]];
    if (before !== undefined && number <= before[1]) return;
    const [joinsBefore, joinsAfter] = [before?.[1] === number - 1, after?.[0] === number + 1];
    if (joinsBefore && joinsAfter) {
      before![1] = after![1];
      this.#intervals.splice(low, 1);
    } else if (joinsBefore) before![1] = number;
    else if (joinsAfter) after![0] = number;
    else this.#intervals.splice(low, 0, [number, number]);
  }
}
