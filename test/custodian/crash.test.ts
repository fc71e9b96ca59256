/**
 * The program ends at each step of the write path; after a restart the whole log is checked from its stored bytes: what was promised is
 * there, once, and what was sent again is the same.
 */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Batch, Store } from '../../service/store.ts';
import { decodeRecorded, type Recorded } from '../../node/quantum/acceptance.ts';
import { refusalOf } from '../node/fixture.ts';
import { auditLog } from './audit.ts';
import {
  type LogDirectory,
  makeLogDirectory,
  openLog,
  type OpenLog,
  QUANTUM,
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

  #wrapStore(store: Store, name: string): Store {
    const wrapBatch = (batch: Batch): Batch => {
      const wrapped: Batch = {
        put: (...args) => (batch.put(...args), wrapped),
        del: (...args) => (batch.del(...args), wrapped),
        write: (options) => this.step(options.sync ? name : 'publish', () => batch.write(options)),
      };
      return wrapped;
    };
    return { space: (space) => store.space(space), batch: () => wrapBatch(store.batch()), close: () => store.close() };
  }

  get wrappers(): Wrappers {
    return {
      store: (store) => this.#wrapStore(store, 'durable'),
      bodies: (store) => this.#wrapStore(store, 'bodies'),
      register: (register) => ({
        recall: () => register.recall(),
        read: () => register.read(),
        swap: (known, next) => this.step('swap', () => register.swap(known, next)),
      }),
      signer: (signer) => ({ ...signer, sign: (message) => this.step('sign', () => signer.sign(message)) }),
    };
  }
}

const NEVER = Number.POSITIVE_INFINITY;
const CHECKPOINT = ['durable', 'sign', 'swap', 'publish'];
const ACCEPTED = ['bodies', 'durable'];
const writes = () => [say(['a', 'b'], 'one'), say(['a'], 'two'), say(['c'], 'three')];
const nameOf = (i: number): string => encodeHex(writes()[i]!.request.keyDigest);

/** Two quanta: two requests at once in the first, one in the second. */
async function story(directory: LogDirectory, open: OpenLog): Promise<Map<string, Recorded>> {
  const answered = new Map<string, Recorded>();
  const submit = async (...indexes: number[]): Promise<void> => {
    const results = await Promise.allSettled(indexes.map((i) => open.writer.submit(writes()[i]!)));
    for (const [k, result] of results.entries())
      if (result.status === 'fulfilled') answered.set(nameOf(indexes[k]!), result.value);
  };
  await open.writer.resume(TERMS).catch(() => undefined);
  await submit(0, 1);
  directory.now += QUANTUM;
  await open.writer.grow();
  await submit(2);
  directory.now += QUANTUM;
  await open.writer.grow();
  return answered;
}

describe('an access log that ends at any step of the write path', () => {
  let directory: LogDirectory;
  beforeEach(async () => {
    directory = await makeLogDirectory();
  });
  afterEach(() => directory.remove());

  test('takes the steps in the order that makes each safe', async () => {
    const crash = new Crash(NEVER, false);
    const open = await openLog(directory, crash.wrappers);
    await story(directory, open);
    await open.close();
    expect(crash.steps).to.deep.equal([...CHECKPOINT, ...ACCEPTED, ...CHECKPOINT, ...ACCEPTED, ...CHECKPOINT]);
  });

  /** Does again what was not answered, and checks that everything is there exactly once. */
  async function recover(answered: ReadonlyMap<string, Recorded>): Promise<void> {
    const known = new Map(answered);
    for (let start = 0; start < 2; start++) {
      directory.now += 1_000;
      const open = await startLog(directory);
      expect(open.writer.trouble).to.equal(null);
      await auditLog(open.store, await open.register.recall());
      for (const [i, write] of writes().entries()) {
        const found = open.answers.find(write.request);
        const recorded = found === undefined ? await open.writer.submit(write) : decodeRecorded(found);
        if (known.has(nameOf(i))) expect(recorded).to.deep.equal(known.get(nameOf(i)));
        known.set(nameOf(i), recorded);
        for (const [k, { leafHash }] of recorded.entries.entries()) {
          const opened = (await open.bodies.open(leafHash))!;
          expect([opened.nonce, opened.body]).to.deep.equal([write.drafts[k]!.nonce, write.drafts[k]!.body]);
        }
      }
      directory.now += QUANTUM;
      await open.writer.grow();
      const audit = await auditLog(open.store, await open.register.recall());
      const promised = [...known.values()].flatMap(({ entries }) => entries.map(({ leafHash }) => encodeHex(leafHash)));
      expect(audit.leafHashes).to.have.members(promised);
      expect(audit.pending).to.deep.equal([]);
      for (const { issuedAt, deadlineAt, recordedAt } of known.values()) {
        expect(recordedAt).to.equal(issuedAt - (issuedAt % QUANTUM));
        for (const checkpoint of audit.checkpoints)
          if (checkpoint.issuedAt >= deadlineAt) expect(checkpoint.size).to.equal(audit.size);
      }
      await open.close();
    }
  }

  const count = 3 * CHECKPOINT.length + 2 * ACCEPTED.length;
  for (const isAfter of [false, true]) {
    for (let at = 1; at <= count; at++) {
      test(`goes on after step ${at} of ${count} ${isAfter ? 'was done' : 'failed'}`, async () => {
        const open = await openLog(directory, new Crash(at, isAfter).wrappers);
        const answered = await story(directory, open);
        await open.close();
        await recover(answered);
      });
    }
  }

  test('gives nobody the keys of bodies that no entry refers to', async () => {
    const open = await openLog(directory, new Crash(CHECKPOINT.length + ACCEPTED.length, false).wrappers);
    await open.writer.resume(TERMS);
    expect(await refusalOf(open.writer.submit(writes()[0]!))).to.equal('UNAVAILABLE');
    expect(open.bodies.placeCount).to.equal(2);
    await open.close();
    const again = await startLog(directory);
    const recorded = await again.writer.submit(writes()[0]!);
    expect(again.bodies.placeCount).to.equal(4);
    expect(await again.bodies.placeOf(recorded.entries[0]!.leafHash)).to.equal(2);
    await again.close();
  });
});
