/**
 * A log whose register is at a witness: unanswered swaps, old backups, two nodes on one log, clocks that jump. After each story every
 * checkpoint that the key ever signed must be one of the log that goes on: nothing may convict an honest log.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { ByteReader, encodeHex } from '../../core/bytes/bytes.ts';
import { label } from '../../core/bytes/label.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { formatNote, parseNote, signNote } from '../../core/log/note.ts';
import { signerOf } from '../../core/log/signer.ts';
import { formatSwapRequest } from '../../core/verify/swap.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { createFileRegister, RemoteRegister } from '../../node/log/register.ts';
import { LogStore } from '../../node/log/log-store.ts';
import { type Batch, openStore, type Store } from '../../service/store.ts';
import type { Signer } from '../../service/signer.ts';
import { Answers } from '../../node/log/answers.ts';
import { Anchors } from '../../node/log/anchors.ts';
import { LogWriter } from '../../node/log/writer.ts';
import { bytesOf } from '../log/memory-log.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import {
  type LogDirectory,
  logSigner,
  makeLogDirectory,
  type OpenLog,
  ORIGIN,
  refusalOf,
  say,
  silent,
  START,
  startLog,
  TERMS,
} from './fixture.ts';
import { RegisterHost } from './register-host.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a log with its register at a witness', () => {
  let directory: LogDirectory;
  let host: RegisterHost;
  let open: OpenLog;
  const opened = new Set<OpenLog>();
  /** Every checkpoint that the key signed, by anybody: size and both roots. */
  let signed: string[];

  const recording: Signer = {
    ...logSigner,
    sign: (message) => {
      if (encodeHex(message.subarray(0, 16)) === encodeHex(label('cp'))) signed.push(placeOf(message));
      return logSigner.sign(message);
    },
  };
  function placeOf(message: Uint8Array): string {
    const reader = new ByteReader(message.subarray(48));
    const size = reader.u64();
    reader.u64();
    return `${size} ${encodeHex(asHash(reader.bytes(32)))} ${encodeHex(asHash(reader.bytes(32)))}`;
  }

  async function openAt(path: string, wrap = (store: Store): Store => store): Promise<OpenLog> {
    const store = wrap(await openStore(join(path, 'store')));
    const [log, answers, anchors] = [new LogStore(store), new Answers(store), new Anchors(store)];
    const signal = new AbortController().signal;
    const copyPath = join(path, 'register.copy');
    const register = new RemoteRegister({ url: host.url, origin: ORIGIN, log, copyPath, timeoutMs: 5_000, signal });
    const clock = (): number => directory.now;
    const writer = await LogWriter.open({ origin: ORIGIN, log, answers, register, signer: recording, logger: silent, clock });
    const close = async (): Promise<void> => {
      opened.delete(one);
      await store.close();
    };
    const one = { store, log, answers, anchors, register, writer, close };
    opened.add(one);
    return one;
  }

  async function startAt(path = directory.path, wrap?: (store: Store) => Store): Promise<OpenLog> {
    const one = await openAt(path, wrap);
    await one.writer.resume(TERMS);
    return one;
  }

  beforeEach(async () => {
    signed = [];
    directory = await makeLogDirectory();
    host = await RegisterHost.start(() => directory.now);
    open = await startAt();
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await host.stop();
    await directory.remove();
  });

  const submit = (name: string, at = open): Promise<Uint8Array> => at.writer.submit(say('a', name));
  /** As a careful client: the answer that is there, or a new one. */
  const submitAgain = async (name: string, at = open): Promise<Uint8Array> => {
    const { request } = say('a', name);
    const known = at.answers.find(request);
    return known === undefined ? submit(name, at) : at.writer.finish(known);
  };
  const pathOf = (name: string): string => join(directory.path, name);

  /** The log is whole, the register has its newest note, and all that was ever signed is its own. */
  async function expectSound(sizes: readonly number[], at = open): Promise<void> {
    const audit = await auditLog(at.store, await host.registered());
    expect(audit.sizes).to.deep.equal(sizes);
    const own = new Set<string>();
    for await (const [, note] of at.store.space('checkpoint').iterate()) {
      const { size, rootHash, mapRoot } = parseNote(new TextDecoder().decode(note)).checkpoint;
      own.add(`${size} ${encodeHex(rootHash)} ${encodeHex(mapRoot)}`);
    }
    expect(
      signed.filter((one) => !own.has(one)),
      'nothing was signed that the log does not hold',
    ).to.deep.equal([]);
  }

  async function expectStopped(at: OpenLog, words: string): Promise<void> {
    const count = signed.length;
    expect(at.writer.isWaiting).to.equal(false);
    expect(at.writer.trouble).to.contain(words);
    expect(await refusalOf(submit('late', at))).to.equal('UNAVAILABLE');
    expect(await refusalOf(at.writer.refresh())).to.equal('UNAVAILABLE');
    await at.writer.resume(TERMS);
    expect(at.writer.trouble).to.contain(words);
    expect(signed).to.have.length(count);
  }

  test('registers every checkpoint before anybody sees it', async () => {
    await submit('1');
    expect(await host.registered()).to.equal(open.writer.newest!.note);
    await Promise.all(['2', '3'].map((name) => submit(name)));
    await open.writer.refresh();
    await expectSound([0, 1, 3, 3]);
    expect(host.sent).to.have.length(4);
  });

  describe('when a swap is not answered', () => {
    for (const fate of ['lose question', 'lose answer'] as const) {
      const how = fate === 'lose question' ? 'and was not taken' : 'and was taken';

      test(`(${how}) answers nothing, signs nothing else, and goes on with the very same checkpoint`, async () => {
        host.fate = fate;
        expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
        expect(open.writer.isWaiting).to.equal(true);
        expect(open.writer.newest!.checkpoint.size).to.equal(0);
        const count = signed.length;
        expect(await refusalOf(submit('2'))).to.equal('UNAVAILABLE');
        expect(await refusalOf(submitAgain('1'))).to.equal('UNAVAILABLE');
        expect(await refusalOf(open.writer.refresh())).to.equal('UNAVAILABLE');
        expect(signed).to.have.length(count);
        directory.now += MINUTE;
        host.fate = 'relay';
        await open.writer.resume(TERMS);
        expect(open.writer.trouble).to.equal(null);
        const answers = [await submitAgain('1'), await submitAgain('2')];
        await expectSound([0, 1, 2]);
        expect(new Set(host.sent).size, 'no note but those of sizes 0, 1 and 2').to.equal(3);
        const audit = await auditLog(open.store, await host.registered());
        expect(answers.flatMap((answer) => verifyAnswer(answer, audit))).to.deep.equal([0, 1]);
      });

      test(`(${how}) and the node is killed, goes on from there after a start`, async () => {
        host.fate = fate;
        expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
        await open.close();
        host.fate = 'relay';
        directory.now += MINUTE;
        open = await startAt();
        await submitAgain('1');
        await expectSound([0, 1]);
        expect(new Set(host.sent).size).to.equal(2);
      });

      test(`(${how}) and the witness is killed, goes on from there after its start`, async () => {
        host.fate = fate;
        expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
        await host.restart();
        host.fate = 'relay';
        await open.writer.resume(TERMS);
        await submitAgain('1');
        await submit('2');
        await expectSound([0, 1, 2]);
      });
    }

    test('(and was taken) loses no note with the writes that a power cut takes', async () => {
      await open.close();
      const unsynced = (batch: Batch): Batch => ({
        put: (...args) => unsynced(batch.put(...args)),
        del: (...args) => unsynced(batch.del(...args)),
        write: async (options) => (options.sync ? batch.write(options) : undefined),
      });
      const wrap = (real: Store): Store => ({
        space: (name) => real.space(name),
        batch: () => unsynced(real.batch()),
        close: () => real.close(),
      });
      open = await startAt(directory.path, wrap);
      host.fate = 'lose answer';
      expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
      host.fate = 'relay';
      await open.writer.resume(TERMS);
      const { note } = open.writer.newest!;
      await open.close();
      open = await openAt(directory.path);
      expect(open.writer.newest!.note).to.equal(note);
      expect(await open.log.newestNote(1)).to.equal(note);
    });

    test('takes no harm from a question that arrives late, and twice', async () => {
      host.fate = 'lose question';
      expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
      const late = parseNote(host.sent.at(-1)!);
      host.fate = 'relay';
      await open.writer.resume(TERMS);
      await submit('2');
      const request = { oldSize: 0, note: late, consistency: [] };
      const response = await fetch(`${host.url}/v1/swap`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(formatSwapRequest(request)),
      });
      expect(response.status).to.equal(409);
      await submit('3');
      await expectSound([0, 1, 2, 3]);
    });

    test('waits as long as it takes, and is refused no write after', async () => {
      host.isDown = true;
      expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
      for (let i = 0; i < 5; i++) {
        directory.now += HOUR;
        await open.writer.resume(TERMS);
        expect(open.writer.isWaiting).to.equal(true);
      }
      host.isDown = false;
      await open.writer.resume(TERMS);
      await submitAgain('1');
      await submit('2');
      await expectSound([0, 1, 2]);
    });

    test('waits for a witness that does not know the key yet', async () => {
      const { facts } = host;
      host.facts = { ...facts, keys: [] };
      expect(await refusalOf(submit('1'))).to.equal('UNAVAILABLE');
      expect(open.writer.isWaiting).to.equal(true);
      host.facts = { ...facts, logs: [] };
      await open.writer.resume(TERMS);
      expect(open.writer.isWaiting).to.equal(true);
      host.facts = facts;
      await open.writer.resume(TERMS);
      await submitAgain('1');
      await expectSound([0, 1]);
    });
  });

  test('can be read while its register does not answer at the start, and writes when it does', async () => {
    await submit('1');
    const { note } = open.writer.newest!;
    await open.close();
    host.isDown = true;
    open = await startAt();
    expect(open.writer.newest!.note).to.equal(note);
    expect(await refusalOf(submit('2'))).to.equal('UNAVAILABLE');
    host.isDown = false;
    await open.writer.resume(TERMS);
    await submit('2');
    await expectSound([0, 1, 2]);
  });

  describe('restored from an old backup', () => {
    const backUp = async (): Promise<void> => {
      await open.close();
      for (const name of ['store', 'register.copy']) await cp(pathOf(name), join(pathOf('backup'), name), { recursive: true });
      open = await startAt();
    };

    test('signs nothing once the original has gone on, and the original goes on', async () => {
      await submit('1');
      await backUp();
      await submit('2');
      const count = signed.length;
      const restored = await startAt(pathOf('backup'));
      await expectStopped(restored, 'old backup');
      expect(signed).to.have.length(count);
      expect(restored.writer.newest!.checkpoint.size).to.equal(1);
      await submit('3');
      await expectSound([0, 1, 2, 3]);
    });

    test('signs nothing when only the time of the checkpoint is another', async () => {
      await submit('1');
      await backUp();
      directory.now += MINUTE;
      await open.writer.refresh();
      await expectStopped(await startAt(pathOf('backup')), 'old backup');
      await expectSound([0, 1, 1]);
    });

    test('goes on when nothing was published since', async () => {
      await submit('1');
      await backUp();
      await open.close();
      open = await startAt(pathOf('backup'));
      await submit('2');
      await expectSound([0, 1, 2]);
    });

    test('signs nothing as long as the register does not answer, however often it is started', async () => {
      await submit('1');
      await backUp();
      await submit('2');
      host.isDown = true;
      const count = signed.length;
      for (let i = 0; i < 3; i++) {
        const restored = await startAt(pathOf('backup'));
        await restored.writer.resume(TERMS);
        expect(await refusalOf(submit('x', restored))).to.equal('UNAVAILABLE');
        await restored.close();
      }
      host.isDown = false;
      await expectStopped(await startAt(pathOf('backup')), 'old backup');
      expect(signed).to.have.length(count);
      await expectSound([0, 1, 2]);
    });

    test('and started beside the original: one of the two goes on, the other signs nothing', async () => {
      await submit('1');
      await backUp();
      const twin = await startAt(pathOf('backup'));
      expect(twin.writer.trouble).to.equal(null);
      await submit('2');
      expect(await refusalOf(submit('x', twin))).to.equal('UNAVAILABLE');
      await expectStopped(twin, 'another checkpoint');
      expect(twin.log.head().size).to.equal(1);
      await submit('3');
      await expectSound([0, 1, 2, 3]);
      await twin.close();
      await expectStopped(await startAt(pathOf('backup')), 'old backup');
    });
  });

  test('that writes in the same moment as its twin loses to it or wins, and never both', async () => {
    await submit('1');
    await open.close();
    for (const name of ['store', 'register.copy']) await cp(pathOf(name), join(pathOf('twin'), name), { recursive: true });
    const both = [(open = await startAt()), await startAt(pathOf('twin'))];
    await Promise.allSettled(both.flatMap((one, i) => [submit(`${i} a`, one), submit(`${i} b`, one)]));
    const going = both.filter(({ writer }) => writer.trouble === null);
    expect(going).to.have.length(1);
    await submit('2', going[0]);
    expect((await auditLog(going[0]!.store, await host.registered())).size).to.equal(4);
  });

  describe('does not believe a register', () => {
    test('that has forgotten it', async () => {
      await submit('1');
      await open.close();
      await host.forget();
      open = await startAt();
      await expectStopped(open, 'forgotten');
    });

    test('that has forgotten it while it ran', async () => {
      await submit('1');
      await host.forget();
      expect(await refusalOf(submit('2'))).to.equal('UNAVAILABLE');
      await expectStopped(open, 'forgotten');
    });

    test('that was set back', async () => {
      const empty = open.writer.newest!.note;
      await submit('1');
      await open.close();
      await host.forget();
      await fetchSwap(empty);
      open = await startAt();
      await expectStopped(open, 'register is older');
    });

    test('that shows another tree', async () => {
      await submit('1');
      await open.close();
      await host.forget();
      const signer = signerOf(parsePrivateKey(bytesOf('log key')));
      const checkpoint = { origin: ORIGIN, size: 1, rootHash: bytesOf('root'), mapRoot: bytesOf('map'), issuedAt: START - 1 };
      await fetchSwap(formatNote(signNote(checkpoint, signer)));
      open = await startAt();
      expect(open.writer.isWaiting).to.equal(false);
    });

    async function fetchSwap(note: string): Promise<void> {
      const body = JSON.stringify({ origin: ORIGIN, oldSize: 0, note, consistency: [] });
      const headers = { 'content-type': 'application/json' };
      expect((await fetch(`${host.url}/v1/swap`, { method: 'POST', headers, body })).status).to.equal(200);
    }
  });

  test('that had a file for its register goes on at the witness with what it has', async () => {
    const other = await makeLogDirectory();
    await host.forget();
    signed = [];
    const before = await startLog(other);
    await before.writer.submit(say('a', '1'));
    await before.close();
    const moved = await startAt(other.path);
    expect(await host.registered()).to.equal(moved.writer.newest!.note);
    await submit('2', moved);
    expect((await auditLog(moved.store, await host.registered())).sizes).to.deep.equal([0, 1, 2]);
    expect(await createFileRegister(join(other.path, 'register')).recall()).not.to.equal(await host.registered());
    await moved.close();
    await other.remove();
  });

  describe('and a clock that jumps', () => {
    test('ahead: records nothing until it is right again', async () => {
      await submit('1');
      host.now = directory.now;
      directory.now += HOUR;
      expect(await refusalOf(submit('2'))).to.equal('UNAVAILABLE');
      expect(open.writer.trouble).to.contain('clock');
      await open.writer.resume(TERMS);
      expect(await refusalOf(submit('2'))).to.equal('UNAVAILABLE');
      expect(open.log.head().size).to.equal(1);
      directory.now -= HOUR - MINUTE;
      host.now += MINUTE;
      await open.writer.resume(TERMS);
      await submit('2');
      await expectSound([0, 1, 2]);
    });

    test('ahead before the first start: signs nothing', async () => {
      const other = await makeLogDirectory();
      await host.forget();
      host.now = START;
      directory.now = START + HOUR;
      const first = await startAt(other.path);
      expect(first.writer.trouble).to.contain('clock');
      expect(first.writer.newest).to.equal(null);
      await first.close();
      await other.remove();
    });

    test('is no jump when all clocks went on', async () => {
      await submit('1');
      directory.now += 24 * HOUR;
      await submit('2');
      await expectSound([0, 1, 2]);
    });

    test('back: goes on with times that do not', async () => {
      await submit('1');
      host.now = directory.now;
      const { issuedAt } = open.writer.newest!.checkpoint;
      directory.now -= 24 * HOUR;
      await submit('2');
      host.fate = 'lose answer';
      expect(await refusalOf(submit('3'))).to.equal('UNAVAILABLE');
      directory.now -= HOUR;
      host.fate = 'relay';
      await open.writer.resume(TERMS);
      await submitAgain('3');
      expect(open.writer.newest!.checkpoint.issuedAt).to.equal(issuedAt + 2);
      await expectSound([0, 1, 2, 3]);
    });
  });
});
