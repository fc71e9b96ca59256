/** The small readers below gateway and agent: places in JSON, chunks, CSV, times, gaps. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonValue } from '../../core/bytes/json.ts';
import { gather, withLast } from '../../gateway/http/chunk.ts';
import { placeOf, valuesAt, walkPlaces } from '../../gateway/http/pointer.ts';
import { type CsvRecord, readCsv } from '../../gateway/import/csv.ts';
import { NumberSet } from '../../gateway/import/gap.ts';
import { lineReasonOf, parseTime } from '../../gateway/import/line.ts';

function uncoveredIn(document: JsonValue, ...pointers: readonly string[]): number {
  let count = 0;
  const places = pointers.map((pointer) => placeOf(pointer, pointer));
  walkPlaces(document, places, { found: () => {}, uncovered: () => count++ });
  return count;
}

describe('places in JSON', () => {
  test('reach every item and member that they name, and no other', () => {
    const document = { a: [{ b: 1 }, { b: 2, c: 3 }, {}], b: 4, d: { b: { c: 5 } } };
    expect(valuesAt(document, '/a/*/b')).to.deep.equal([1, 2]);
    expect(valuesAt(document, '/*/b')).to.deep.equal([{ c: 5 }]);
    expect(valuesAt(document, '')).to.deep.equal([document]);
    expect(valuesAt(document, '/a/0/b')).to.deep.equal([]);
    expect(valuesAt(document, '/nothing')).to.deep.equal([]);
  });

  test('tell of every value that none of them covers', () => {
    const document = { id: 'x', name: { first: 'a', last: 'b' }, list: [1, 2], empty: {}, none: null };
    expect(uncoveredIn(document, '/id', '/name', '/list/*')).to.equal(0);
    expect(uncoveredIn(document, '/id', '/name/first', '/list')).to.equal(1);
    expect(uncoveredIn(document, '/name')).to.equal(3);
    expect(uncoveredIn(document, '')).to.equal(0);
    expect(uncoveredIn('bare')).to.equal(1);
    // A subject within a field is found, and covers no more than itself.
    expect(uncoveredIn({ p: { id: 1, more: 2 } }, '/p/id')).to.equal(1);
    expect(uncoveredIn({ p: { id: 1, more: 2 } }, '/p/id', '/p')).to.equal(0);
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* given<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe('chunks', () => {
  test('hold all there was, in order, none over its limits, and exactly one is the last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 30 }),
        async (items, count, bytes) => {
          const chunks = await collect(withLast(gather(given(...items), { items: count, bytes, waitMs: 1000 }), 1000));
          expect(chunks.flatMap((chunk) => chunk.items)).to.deep.equal(items);
          expect(chunks.map(({ isLast }) => isLast)).to.deep.equal(chunks.map((_, i) => i === chunks.length - 1));
          for (const { items: some } of chunks) {
            expect(some.length).to.be.at.most(count);
            const before = some.slice(0, -1).reduce((sum, { length }) => sum + length, 0);
            expect(before === 0 || before < bytes).to.equal(true);
          }
        },
      ),
    );
  });

  test('leave their source when their reader leaves', async () => {
    let isLeft = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(1);
      } finally {
        isLeft = true;
      }
    }
    for await (const _ of withLast(gather(endless(), { items: 2, bytes: 10, waitMs: 10 }), 10)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isLeft).to.equal(true);
  });
});

describe('CSV', () => {
  const format = (fields: readonly string[]): string => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');

  test('comes back as it was written, in whatever pieces it comes', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '字', '"', ',', '\n', '\r', ' '), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        fc.nat(9),
        async (rows, cut) => {
          const text = rows.map((row) => `${format(row)}\r\n`).join('');
          const pieces = Array.from({ length: Math.ceil(text.length / (cut + 1)) }, (_, i) =>
            text.slice(i * (cut + 1), (i + 1) * (cut + 1)),
          );
          const read = await collect(readCsv(given(...pieces), ','));
          expect(read.map(({ fields }) => fields)).to.deep.equal(rows);
        },
      ),
    );
  });

  test('keeps the text of what is none', async () => {
    const read = async (text: string): Promise<CsvRecord[]> => collect(readCsv(given(text), ';'));
    expect(await read('a;b\nc"d;e\nf')).to.deep.equal([
      { number: 1, text: 'a;b', fields: ['a', 'b'] },
      { number: 2, text: 'c"d;e\nf', fields: null },
    ]);
    expect(await read('"a"b;c\n')).to.deep.equal([{ number: 1, text: '"a"b;c', fields: null }]);
    expect(await read('a;;\n')).to.deep.equal([{ number: 1, text: 'a;;', fields: ['a', '', ''] }]);
  });
});

describe('a time in a record', () => {
  const want = Date.UTC(2026, 10, 2, 1, 2, 3);
  for (const text of [
    '1793581323',
    '1793581323000',
    '2026-11-02T01:02:03Z',
    '2026-11-02T09:02:03+08:00',
    '2026-11-02 09:02:03',
    '2026/11/2 9:02:03',
    '2026-11-02T09:02:03.000',
  ]) {
    test(`${text} is read`, () => {
      expect(parseTime(text, '+08:00')).to.equal(want);
    });
  }
  for (const text of [
    '',
    'yesterday',
    '2026-02-30 09:00:00',
    '2026-11-02',
    '2026-13-02 09:00:00',
    '2026-11-02 25:00:00',
    '12',
    '09:00',
  ]) {
    test(`${text === '' ? 'nothing' : text} is none`, () => {
      let reason;
      try {
        parseTime(text, '+08:00');
      } catch (error) {
        reason = lineReasonOf(error);
      }
      expect(reason).to.equal('BAD_TIME');
    });
  }
});

describe('gaps', () => {
  test('are all numbers between those seen that were not, in whatever order they came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1 }), (numbers) => {
        const set = new NumberSet();
        for (const number of numbers) set.add(number);
        const seen = new Set(numbers);
        const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
        const missing = Array.from({ length: last - first }, (_, i) => first + i).filter((number) => !seen.has(number));
        const told = set.gaps.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
        expect(told).to.deep.equal(missing);
        expect(new NumberSet(set.intervals).gaps).to.deep.equal(set.gaps);
      }),
    );
  });
});
