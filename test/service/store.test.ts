import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Level } from 'level';
import { compareBytes, encodeHex, encodeUtf8 as bytes, equalBytes, u32 } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import type { KeyRange, KeySpace, Store } from '../../service/store.ts';
import { openStore } from '../../service/store.ts';
import { createMemoryStore } from './memory-store.ts';

const SYNC = { sync: true };

let root = '';
let made = 0;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
});
after(() => rm(root, { recursive: true }));

const fresh = (): string => join(root, String(made++));

function codeOf(error: unknown): string {
  if (!(error instanceof CodedError)) throw error;
  return error.code;
}

async function keysOf(space: KeySpace, range?: KeyRange): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of space.iterate(range)) keys.push(new TextDecoder().decode(key));
  return keys;
}

/** What every store promises; each implementation runs it. */
function describeStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    let space: KeySpace;
    beforeEach(async () => {
      store = await open();
      space = store.space('entry');
    });
    afterEach(() => store.close());

    async function fill(keys: readonly string[], into = space): Promise<void> {
      const batch = store.batch();
      for (const key of keys) batch.put(into, bytes(key), bytes(`value of ${key}`));
      await batch.write(SYNC);
    }

    test('gives back what was put, by each way of reading', async () => {
      await fill(['a']);
      expect(space.getSync(bytes('a'))).to.deep.equal(bytes('value of a'));
      expect(await space.get(bytes('a'))).to.deep.equal(bytes('value of a'));
      expect(await space.has(bytes('a'))).to.equal(true);
    });

    test('has nothing under a key that was never put', async () => {
      await fill(['a']);
      for (const key of ['', 'b', 'aa']) {
        expect(space.getSync(bytes(key))).to.equal(undefined);
        expect(await space.get(bytes(key))).to.equal(undefined);
        expect(await space.has(bytes(key))).to.equal(false);
      }
    });

    test('keeps empty values and empty keys', async () => {
      await store.batch().put(space, bytes('k'), bytes('')).put(space, bytes(''), bytes('v')).write(SYNC);
      expect(space.getSync(bytes('k'))).to.deep.equal(bytes(''));
      expect(space.getSync(bytes(''))).to.deep.equal(bytes('v'));
      expect(await keysOf(space)).to.deep.equal(['', 'k']);
    });

    test('shows nothing of a batch before it is written, and all of it after', async () => {
      await fill(['a']);
      const batch = store.batch().del(space, bytes('a')).put(space, bytes('b'), bytes('2'));
      expect(await keysOf(space)).to.deep.equal(['a']);
      await batch.write({ sync: false });
      expect(await keysOf(space)).to.deep.equal(['b']);
    });

    test('lets the later of two operations on one key count', async () => {
      const key = bytes('k');
      await store.batch().put(space, key, bytes('1')).put(space, key, bytes('2')).write(SYNC);
      expect(space.getSync(key)).to.deep.equal(bytes('2'));
      await store.batch().put(space, key, bytes('3')).del(space, key).write(SYNC);
      expect(space.getSync(key)).to.equal(undefined);
    });

    test('keeps key spaces apart, even when one name begins the other', async () => {
      const longer = store.space('entry-x');
      await fill(['a'], space);
      await fill(['b'], longer);
      await store.batch().put(store.space('e'), bytes('ntry/a'), bytes('other')).write(SYNC);
      expect(await keysOf(space)).to.deep.equal(['a']);
      expect(await keysOf(longer)).to.deep.equal(['b']);
      expect(space.getSync(bytes('a'))).to.deep.equal(bytes('value of a'));
      expect(longer.getSync(bytes('a'))).to.equal(undefined);
    });

    test('iterates a range with its first key and without its last, both ways, up to a limit', async () => {
      await fill(['d', 'a', 'c', 'b', 'ba']);
      expect(await keysOf(space)).to.deep.equal(['a', 'b', 'ba', 'c', 'd']);
      expect(await keysOf(space, { from: bytes('b'), to: bytes('d') })).to.deep.equal(['b', 'ba', 'c']);
      expect(await keysOf(space, { to: bytes('b') })).to.deep.equal(['a']);
      expect(await keysOf(space, { reverse: true, limit: 2 })).to.deep.equal(['d', 'c']);
      expect(await keysOf(space, { from: bytes('b'), reverse: true, limit: 1 })).to.deep.equal(['d']);
      expect(await keysOf(space, { from: bytes('e') })).to.deep.equal([]);
      expect(await keysOf(space, { from: bytes('c'), to: bytes('c') })).to.deep.equal([]);
      expect(await keysOf(space, { limit: 0 })).to.deep.equal([]);
    });

    test('shows an iteration the store as it was at its first step', async () => {
      await fill(['a', 'b', 'c']);
      const seen: string[] = [];
      for await (const [key] of space.iterate()) {
        seen.push(new TextDecoder().decode(key));
        await fill(['bb', 'd']);
      }
      expect(seen).to.deep.equal(['a', 'b', 'c']);
    });

    test('lets an iteration be left half-way', async () => {
      await fill(['a', 'b', 'c']);
      for await (const [key] of space.iterate()) {
        expect(key).to.deep.equal(bytes('a'));
        break;
      }
      expect(await keysOf(space)).to.deep.equal(['a', 'b', 'c']);
    });

    test('gives values that the reader may change without changing the store', async () => {
      await fill(['a']);
      space.getSync(bytes('a'))!.fill(0);
      for await (const [key, value] of space.iterate()) {
        key.fill(0);
        value.fill(0);
      }
      expect(space.getSync(bytes('a'))).to.deep.equal(bytes('value of a'));
    });

    test('orders keys by unsigned bytes and holds any bytes', async () => {
      const binary = fc.uint8Array({ maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(binary, binary), { maxLength: 20 }), async (entries) => {
          const wiped = store.batch();
          for await (const [key] of space.iterate()) wiped.del(space, key);
          await wiped.write({ sync: false });
          const batch = store.batch();
          for (const [key, value] of entries) batch.put(space, key, value);
          await batch.write({ sync: false });
          const want = [...new Map(entries.map(([key, value]) => [encodeHex(key), [key, value] as const])).values()];
          want.sort(([a], [b]) => compareBytes(a, b));
          const got = [];
          for await (const [key, value] of space.iterate()) got.push([key, value]);
          expect(got.map(([key, value]) => [encodeHex(key!), encodeHex(value!)])).to.deep.equal(
            want.map(([key, value]) => [encodeHex(key), encodeHex(value)]),
          );
        }),
        { numRuns: 30 },
      );
    });

    for (const bad of ['', 'Entry', 'a/b', 'a0', 'seventeen-letters', 'a b']) {
      test(`refuses a key space called ${JSON.stringify(bad)}`, () => {
        expect(() => store.space(bad)).to.throw(/invariant broken/);
      });
    }

    test('answers UNAVAILABLE once it is closed', async () => {
      await fill(['a']);
      const late = store.batch().put(space, bytes('b'), bytes('2'));
      await store.close();
      const tries: (() => unknown)[] = [
        () => space.getSync(bytes('a')),
        () => space.get(bytes('a')),
        () => space.has(bytes('a')),
        () => keysOf(space),
        () => store.batch(),
        () => late.write(SYNC),
      ];
      for (const attempt of tries) {
        expect(await (async () => attempt())().catch(codeOf), String(attempt)).to.equal('UNAVAILABLE');
      }
    });
  });
}

describeStore('store over LevelDB', () => openStore(fresh()));
describeStore('store in memory', async () => createMemoryStore());

const COUNT = 400;
/** Hashes, so that LevelDB's compression leaves the bytes as they are and tests find them in its files. */
const VALUES = Array.from({ length: COUNT }, (_, i) => new Uint8Array([...sm3(u32(i)), ...sm3(u32(i), u32(i))]));

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset]! ^= 1 << (offset % 8);
  await writeFile(path, bytes);
}

interface Readings {
  right: number;
  refused: number;
  absent: number;
  wrong: number;
}

/** Each value by `get` and by `getSync`. */
async function readAll(store: Store): Promise<Readings> {
  const space = store.space('entry');
  const readings: Readings = { right: 0, refused: 0, absent: 0, wrong: 0 };
  for (const [i, want] of VALUES.entries()) {
    for (const read of [() => space.get(u32(i)), async () => space.getSync(u32(i))]) {
      const got = await read().catch(codeOf);
      if (got === undefined) readings.absent += 1;
      else if (got === 'UNAVAILABLE') readings.refused += 1;
      else if (typeof got !== 'string' && equalBytes(got, want)) readings.right += 1;
      else readings.wrong += 1;
    }
  }
  return readings;
}

/** False when an entry was wrong or out of order. An iteration that is refused half-way is none of both. */
async function iterateAll(store: Store): Promise<boolean> {
  let last: Uint8Array | undefined;
  try {
    for await (const [key, value] of store.space('entry').iterate()) {
      const i = new DataView(key.buffer, key.byteOffset, 4).getUint32(0);
      if (!equalBytes(value, VALUES[i]!) || (last !== undefined && compareBytes(last, key) >= 0)) return false;
      last = key;
    }
  } catch (error) {
    return codeOf(error) === 'UNAVAILABLE';
  }
  return true;
}

/** All values in the write-ahead log, or, after `compact`, in a table. */
async function fill(directory: string, compact: boolean): Promise<void> {
  const store = await openStore(directory);
  const space = store.space('entry');
  for (const [i, value] of VALUES.entries())
    await store
      .batch()
      .put(space, u32(i), value)
      .write({ sync: i === COUNT - 1 });
  await store.close();
  // Recovery moves the write-ahead log into a table.
  if (compact) await (await openStore(directory)).close();
}

async function fileOf(directory: string, ending: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(ending)).sort();
  return join(directory, names[0]!);
}

describe('store on a damaged disk', () => {
  let inTable = '';
  let inLog = '';
  before(async () => {
    await fill((inTable = fresh()), true);
    await fill((inLog = fresh()), false);
  });

  const copyOf = async (directory: string): Promise<string> => {
    const copy = fresh();
    await cp(directory, copy, { recursive: true });
    return copy;
  };

  test('keeps everything when nothing is damaged', async () => {
    for (const directory of [inTable, inLog]) {
      const store = await openStore(await copyOf(directory));
      expect(await readAll(store)).to.deep.equal({ right: 2 * COUNT, refused: 0, absent: 0, wrong: 0 });
      await store.close();
    }
  });

  test('refuses the value of which one bit was flipped, and no other', async () => {
    for (const i of [0, 1, 57, COUNT - 1]) {
      const directory = await copyOf(inTable);
      const path = await fileOf(directory, '.ldb');
      await flip(path, (await readFile(path)).indexOf(VALUES[i]!) + (i % 64));
      const store = await openStore(directory);
      expect(await readAll(store)).to.deep.equal({ right: 2 * COUNT - 2, refused: 2, absent: 0, wrong: 0 });
      expect(await iterateAll(store)).to.equal(true);
      await store.close();
    }
  });

  test('names the key space of a damaged value and not its key', async () => {
    const directory = await copyOf(inTable);
    const path = await fileOf(directory, '.ldb');
    await flip(path, (await readFile(path)).indexOf(VALUES[3]!));
    const store = await openStore(directory);
    const error = await store
      .space('entry')
      .get(u32(3))
      .catch((refusal: unknown) => refusal);
    expect(error).to.deep.include({ code: 'UNAVAILABLE', message: 'the index is damaged', facts: { space: 'entry' } });
    await store.close();
  });

  test('refuses a value that stands under another key, and one shorter than its checksum', async () => {
    const directory = await copyOf(inTable);
    const raw = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: 'view', valueEncoding: 'view' });
    const key = (i: number): Uint8Array => Buffer.concat([bytes('entry/'), u32(i)]);
    await raw.put(key(1), await raw.get(key(2)));
    await raw.put(key(3), new Uint8Array(15));
    await raw.put(key(4), new Uint8Array(0));
    await raw.close();
    const store = await openStore(directory);
    const space = store.space('entry');
    for (const i of [1, 3, 4]) expect(await space.get(u32(i)).catch(codeOf)).to.equal('UNAVAILABLE');
    expect(await space.get(u32(2))).to.deep.equal(VALUES[2]);
    await store.close();
  });

  for (const ending of ['.ldb', '.log']) {
    test(`never gives a wrong value, whichever bit of a ${ending} file is flipped`, async () => {
      const source = ending === '.ldb' ? inTable : inLog;
      const { length } = await readFile(await fileOf(source, ending));
      // The files are the same in every run: none of these bits leads LevelDB to the assertions that end a process.
      // Spread over the file; more densely at both ends, where the headers and the footer stand.
      const offsets = [...Array.from({ length: 60 }, (_, i) => Math.floor((i * length) / 60)), 1, 3, 4, 5, 6, 8];
      for (const fromEnd of [1, 5, 20, 44, 47]) offsets.push(length - fromEnd);
      for (const offset of offsets) {
        const directory = await copyOf(source);
        await flip(await fileOf(directory, ending), offset);
        const store = await openStore(directory).catch(codeOf);
        if (typeof store === 'string') {
          expect(store).to.equal('UNAVAILABLE');
          continue;
        }
        expect((await readAll(store)).wrong, `offset ${offset}`).to.equal(0);
        expect(await iterateAll(store), `offset ${offset}`).to.equal(true);
        await store.close();
      }
    });
  }

  test('refuses to open, ever, when LevelDB dropped part of its write-ahead log', async () => {
    const { length } = await readFile(await fileOf(inLog, '.log'));
    for (const offset of [6, 7, 40, Math.floor(length / 2), length - 200]) {
      const directory = await copyOf(inLog);
      await flip(await fileOf(directory, '.log'), offset);
      for (let start = 0; start < 3; start++) {
        expect(await openStore(directory).then(() => 'opened', codeOf), `offset ${offset}`).to.equal('UNAVAILABLE');
      }
    }
  });

  test('refuses even when the process died between the loss and the mark', async () => {
    const directory = await copyOf(inLog);
    await flip(await fileOf(directory, '.log'), 40);
    expect(await openStore(directory).catch(codeOf)).to.equal('UNAVAILABLE');
    await rm(join(directory, 'DAMAGED'));
    expect(await openStore(directory).catch(codeOf)).to.equal('UNAVAILABLE');
  });

  test('opens after a write that was cut short, without that write', async () => {
    const directory = await copyOf(inLog);
    const path = await fileOf(directory, '.log');
    await truncate(path, (await readFile(path)).length - 10);
    const store = await openStore(directory);
    expect(await readAll(store)).to.deep.equal({ right: 2 * COUNT - 2, refused: 0, absent: 2, wrong: 0 });
    await store.close();
  });

  for (const name of ['MANIFEST', 'CURRENT']) {
    test(`refuses to open with a damaged ${name}`, async () => {
      const directory = await copyOf(inTable);
      const found = (await readdir(directory)).find((one) => one.startsWith(name))!;
      await flip(join(directory, found), 9);
      expect(await openStore(directory).catch(codeOf)).to.equal('UNAVAILABLE');
    });
  }

  test('refuses to open when a table is missing', async () => {
    const directory = await copyOf(inTable);
    await rm(await fileOf(directory, '.ldb'));
    expect(await openStore(directory).catch(codeOf)).to.equal('UNAVAILABLE');
  });
});

test('a store that is open is not opened again', async () => {
  const directory = fresh();
  const store = await openStore(directory);
  expect(await openStore(directory).catch(codeOf)).to.equal('CONFLICT');
  await store.close();
  await (await openStore(directory)).close();
});

test('a store keeps its values over a restart', async () => {
  const directory = fresh();
  const first = await openStore(directory);
  await first.batch().put(first.space('head'), bytes('size'), u32(7)).write({ sync: true });
  await first.close();
  const second = await openStore(directory);
  expect(second.space('head').getSync(bytes('size'))).to.deep.equal(u32(7));
  await second.close();
});
