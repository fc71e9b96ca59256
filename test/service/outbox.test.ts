/** What waits to be told is told, whoever refuses something in between, and nobody is called for nothing while nobody answers. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import { Outbox } from '../../service/call/outbox.ts';
import { recordsKeyOf } from '../../service/sealed-space.ts';
import { openStore, type Store } from '../../service/store.ts';
import { bytesOf } from '../log/memory-log.ts';
import { silent } from '../node/fixture.ts';

const recordsKey = recordsKeyOf(bytesOf('records key'));
const ITEMS = ['one', 'two', 'three', 'four', 'five'];

describe('an outbox', () => {
  let [dir, store]: [string, Store] = [] as never;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vt-outbox-'));
    store = await openStore(join(dir, 'store'));
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  /** Runs until `isDone`; `answer` throws to refuse. Returns what was tried. */
  async function run(answer: (item: string, tries: readonly string[]) => void, isDone: (outbox: Outbox) => boolean) {
    const stopping = new AbortController();
    const tried: string[] = [];
    const deliver = async (item: Uint8Array): Promise<void> => {
      tried.push(decodeUtf8(item));
      answer(decodeUtf8(item), tried);
    };
    const { signal } = stopping;
    const outbox = await Outbox.open({ store, name: 'notice', recordsKey, logger: silent, deliver, signal });
    if (outbox.count === 0) for (const item of ITEMS) await outbox.put(encodeUtf8(item));
    const running = outbox.run();
    for (let i = 0; i < 500 && !isDone(outbox); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    stopping.abort();
    await running;
    return { tried, count: outbox.count };
  }

  test('lets others pass what is refused, and keeps it', async () => {
    const refuse = (item: string): void => {
      if (item === 'two') throw unavailable('the other side refused', { status: 400 });
    };
    const { tried, count } = await run(refuse, (outbox) => outbox.count === 1);
    expect([tried, count]).to.deep.equal([ITEMS, 1]);
    expect(
      (
        await run(
          () => undefined,
          (outbox) => outbox.count === 0,
        )
      ).tried,
    ).to.deep.equal(['two']);
  });

  test('lets others pass one that is never answered', async () => {
    const hang = (item: string): void => {
      if (item === 'two') throw unavailable('no answer in time');
    };
    expect((await run(hang, (outbox) => outbox.count === 1)).tried).to.deep.equal(ITEMS);
  });

  test('ends a round where nobody answers, and tries again later', async () => {
    let isUp = false;
    const answer = (_: string, tried: readonly string[]): void => {
      if (tried.length === 4) isUp = true;
      if (!isUp) throw unavailable('no answer');
    };
    const { tried, count } = await run(answer, (outbox) => outbox.count === 0);
    expect([tried, count]).to.deep.equal([[...ITEMS.slice(0, 3), ...ITEMS], 0]);
  });
});
