/**
 * The program ends at each step of the write path; after a restart the whole log is checked from its stored bytes, and what was sent
 * again is answered as if nothing had happened.
 */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Batch, Store } from '../../service/store.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import {
  type LogDirectory,
  makeLogDirectory,
  type OpenLog,
  openLog,
  refusalOf,
  say,
  startLog,
  TERMS,
  type Wrappers,
} from './fixture.ts';

/** Counts the steps of the log's dealings with the world, and ends it at one of them, before or after it took effect. */
class Crash {
  readonly #at: number;
  readonly #isAfter: boolean;
  steps: string[] = [];

  constructor(at: number, isAfter: boolean) {
    this.#at = at;
    this.#isAfter = isAfter;
  }

  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const number = this.steps.push(name);
    // What is dead takes no step any more.
    if (number > this.#at) throw unavailable('crashed');
    if (number === this.#at && !this.#isAfter) throw unavailable('crashed');
    const done = await work();
    if (number === this.#at) throw unavailable('crashed');
    return done;
  }

  get wrappers(): Wrappers {
    const wrapBatch = (batch: Batch): Batch => {
      const wrapped: Batch = {
        put: (...args) => (batch.put(...args), wrapped),
        del: (...args) => (batch.del(...args), wrapped),
        write: (options) => this.step(options.sync ? 'durable' : 'publish', () => batch.write(options)),
      };
      return wrapped;
    };
    return {
      store: (store: Store): Store => ({ ...bound(store), batch: () => wrapBatch(store.batch()) }),
      register: (register) => ({
        recall: () => register.recall(),
        read: () => register.read(),
        swap: (known, next) => this.step('swap', () => register.swap(known, next)),
      }),
      signer: (signer) => ({ ...signer, sign: (message) => this.step(`sign ${label(message)}`, () => signer.sign(message)) }),
    };
  }
}

const label = (message: Uint8Array): string => new TextDecoder().decode(message.subarray(0, 16)).trim();
const bound = (store: Store): Store => ({
  space: (name) => store.space(name),
  batch: () => store.batch(),
  close: () => store.close(),
});
const NEVER = Number.POSITIVE_INFINITY;
const PUBLISHED = ['sign veritrail-cp-v1', 'swap', 'publish'];
const EMPTY_BATCH = ['durable', ...PUBLISHED];
const BATCH_OF_THREE = ['durable', ...Array<string>(3).fill('sign veritrail-pr-v1'), ...PUBLISHED];

describe('a log that ends at any step of the write path', () => {
  let directory: LogDirectory;
  beforeEach(async () => {
    directory = await makeLogDirectory();
  });
  afterEach(() => directory.remove());

  const writes = () => [say('a', 'one'), say('a', 'two'), say('b', 'three')];
  const submitAll = (open: OpenLog) => Promise.allSettled(writes().map((write) => open.writer.submit(write)));

  async function stepsFromTheFirst(): Promise<string[]> {
    const crash = new Crash(NEVER, false);
    const open = await startLog(directory, crash.wrappers);
    await submitAll(open);
    await open.close();
    return crash.steps;
  }

  /** Does again what was not answered, and checks that everything is there exactly once. */
  async function recover(answered: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (let start = 0; start < 2; start++) {
      directory.now += 1_000;
      const open = await startLog(directory);
      expect(open.writer.trouble).to.equal(null);
      const audit = await auditLog(open.store, await open.register.recall());
      const answers: Uint8Array[] = [];
      for (const write of writes()) {
        const known = open.answers.find(write.request);
        const answer = known === undefined ? await open.writer.submit(write) : await open.writer.finish(known);
        const name = encodeHex(write.request.keyDigest);
        if (answered.has(name)) expect(encodeHex(answer)).to.equal(encodeHex(answered.get(name)!));
        answers.push(answer);
      }
      const after = await auditLog(open.store, await open.register.recall());
      expect(after.size).to.equal(3);
      expect(audit.leafHashes).to.deep.equal(after.leafHashes.slice(0, audit.size));
      expect(answers.flatMap((answer) => verifyAnswer(answer, after))).to.have.members([0, 1, 2]);
      await open.close();
    }
  }

  test('takes the steps in the order that makes each safe', async () => {
    expect(await stepsFromTheFirst()).to.deep.equal([...EMPTY_BATCH, ...BATCH_OF_THREE]);
  });

  for (const isFirstStart of [true, false]) {
    for (const isAfter of [false, true]) {
      const count = (isFirstStart ? EMPTY_BATCH.length : 0) + BATCH_OF_THREE.length;
      for (let at = 1; at <= count; at++) {
        test(`goes on after step ${at} of ${count} ${isAfter ? 'was done' : 'failed'}${isFirstStart ? ', from the first start' : ''}`, async () => {
          if (!isFirstStart) await (await startLog(directory)).close();
          directory.now += 10;
          const crash = new Crash(at, isAfter);
          const open = await openLog(directory, crash.wrappers);
          const answered = new Map<string, Uint8Array>();
          await open.writer.resume(TERMS).catch(() => undefined);
          const results = await submitAll(open);
          for (const [i, result] of results.entries()) {
            if (result.status === 'fulfilled') answered.set(encodeHex(writes()[i]!.request.keyDigest), result.value);
          }
          expect(answered.size, 'nothing is answered before it is published').to.equal(0);
          expect(await refusalOf(open.writer.submit(say('c', 'late')))).to.equal('UNAVAILABLE');
          await open.close();
          await recover(answered);
        });
      }
    }
  }

  test('loses no note and no answer with the writes that a power cut takes', async () => {
    const dropUnsynced = (batch: Batch): Batch => ({
      put: (...args) => dropUnsynced(batch.put(...args)),
      del: (...args) => dropUnsynced(batch.del(...args)),
      write: async (options) => (options.sync ? batch.write(options) : undefined),
    });
    const store = (real: Store): Store => ({ ...bound(real), batch: () => dropUnsynced(real.batch()) });
    const open = await startLog(directory, { store });
    const answered = new Map<string, Uint8Array>();
    for (const write of writes()) answered.set(encodeHex(write.request.keyDigest), await open.writer.submit(write));
    await open.close();
    await recover(answered);
    const again = await startLog(directory);
    expect((await auditLog(again.store, await again.register.recall())).sizes).to.deep.equal([0, 1, 2, 3]);
    await again.close();
  });

  test('gives an answer that was given before byte for byte', async () => {
    const open = await startLog(directory);
    const answered = new Map<string, Uint8Array>();
    for (const write of writes()) answered.set(encodeHex(write.request.keyDigest), await open.writer.submit(write));
    await open.close();
    await recover(answered);
  });
});
