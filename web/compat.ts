/**
 * Methods that core/ uses and that browsers of 2020 and 2021 (Chromium 84, Firefox 90, Safari 15) lack: counters keep old machines.
 * A script of its own before the page's, whose modules may use them while they load. Changes nothing where a method exists.
 */
type Method = (this: never, ...parameters: never[]) => unknown;

function supply(owner: object, name: string, method: Method): void {
  if (name in owner) return;
  Object.defineProperty(owner, name, { value: method, writable: true, configurable: true });
}

type Test = (item: unknown, place: number) => boolean;

function findLastIndex(items: ArrayLike<unknown>, test: Test): number {
  for (let i = items.length - 1; i >= 0; i--) if (test(items[i], i)) return i;
  return -1;
}

supply(Array.prototype, 'at', function (this: unknown[], place: number) {
  return this[place < 0 ? this.length + place : place];
});
supply(Array.prototype, 'findLastIndex', function (this: unknown[], test: Test) {
  return findLastIndex(this, test);
});
supply(Array.prototype, 'findLast', function (this: unknown[], test: Test) {
  return this[findLastIndex(this, test)];
});
supply(Array.prototype, 'toSorted', function (this: unknown[], order?: (a: unknown, b: unknown) => number) {
  return [...this].sort(order);
});
supply(Array.prototype, 'toReversed', function (this: unknown[]) {
  return this.map((_, place) => this[this.length - 1 - place]);
});
supply(String.prototype, 'replaceAll', function (this: string, from: string | RegExp, to: string) {
  return typeof from === 'string' ? this.split(from).join(to) : this.replace(from, to);
});
supply(String.prototype, 'isWellFormed', function (this: string) {
  // With the flag u a surrogate matches only where it stands alone.
  return !/\p{Surrogate}/u.test(this);
});
supply(Map, 'groupBy', function (items: Iterable<unknown>, nameOf: (item: unknown) => unknown) {
  const groups = new Map<unknown, unknown[]>();
  for (const item of items) {
    const name = nameOf(item);
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return groups;
});
supply(Object, 'hasOwn', function (owner: object, name: string) {
  return Object.prototype.hasOwnProperty.call(owner, name);
});
