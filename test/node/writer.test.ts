/** The write path without a chain: batches, times, idempotency, and when a log refuses to sign. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { conflict } from '../../core/bytes/error.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import { openOpening } from '../../core/log/opening.ts';
import { publicLicenceSecret, slotAt } from '../../core/log/slot.ts';
import type { Draft } from '../../node/log/batch.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import {
  draftOf,
  type LogDirectory,
  LOG_ID,
  makeLogDirectory,
  openLog,
  type OpenLog,
  readAnswer,
  refusalOf,
  say,
  START,
  startLog,
  TERMS,
} from './fixture.ts';

describe('the writer', () => {
  let directory: LogDirectory;
  let open: OpenLog;
  beforeEach(async () => {
    directory = await makeLogDirectory();
    open = await startLog(directory);
  });
  afterEach(async () => {
    await open.close();
    await directory.remove();
  });

  const audit = async () => auditLog(open.store, await open.register.recall());
  const reopen = async (): Promise<void> => {
    await open.close();
    open = await startLog(directory);
  };

  test('publishes an empty checkpoint before anything is said', async () => {
    expect((await audit()).sizes).to.deep.equal([0]);
    expect(open.writer.newest!.checkpoint.issuedAt).to.equal(START);
  });

  test('answers with promises that hold, for entries that are published', async () => {
    const answer = await open.writer.submit(say('a', 'first'));
    expect(verifyAnswer(answer, await audit())).to.deep.equal([0]);
    expect(open.writer.newest!.checkpoint.size).to.equal(1);
  });

  test('puts what arrives together into one batch, and what arrives meanwhile into the next', async () => {
    const first = Array.from({ length: 5 }, (_, i) => open.writer.submit(say('a', `first ${i}`)));
    await first[0];
    const second = Array.from({ length: 3 }, (_, i) => open.writer.submit(say('b', `second ${i}`)));
    await Promise.all([...first, ...second]);
    expect((await audit()).sizes).to.deep.equal([0, 5, 8]);
  });

  test('puts no more than 256 requests into one batch', async () => {
    await Promise.all(Array.from({ length: 257 }, (_, i) => open.writer.submit(say(`thing ${i}`, `one ${i}`))));
    expect((await audit()).sizes).to.deep.equal([0, 256, 257]);
  });

  test('puts no more than 2,048 entries into one batch', async () => {
    const many = (name: string) => {
      const entryCount = 1_025;
      const plan = (): Draft[] => Array.from({ length: entryCount }, (_, i) => draftOf(`${name} thing ${i}`, name));
      return open.writer.submit({ ...say(name, name), entryCount, plan });
    };
    await Promise.all([many('first'), many('second')]);
    const sizes = [1_025, 2_050].map((size) => open.log.newestNote(size));
    expect((await Promise.all(sizes)).includes(undefined)).to.equal(false);
  });

  test('fills the slots of one history in order, also within a batch', async () => {
    await Promise.all(['1', '2', '3'].map((name) => open.writer.submit(say('a', name))));
    await reopen();
    await open.writer.submit(say('a', '4'));
    const h = publicLicenceSecret(LOG_ID, 'a');
    const indexes = [0, 1, 2, 3, 4].map((i) => open.log.indexAt(slotAt(h, i)));
    expect(indexes).to.deep.equal([0, 1, 2, 3, undefined]);
    await audit();
  });

  test('shows a plan all that was said before it, with its openings', async () => {
    await open.writer.submit(say('a', 'old'));
    const seen: string[][] = [];
    const look = (name: string) =>
      say('a', name, (log, draft) => {
        seen.push(log.history(draft.h).map((said) => `${said.kind} ${new TextDecoder().decode(said.open().body)}`));
        return [draft];
      });
    await Promise.all([open.writer.submit(look('new')), open.writer.submit(look('newer'))]);
    expect(seen).to.deep.equal([['issue old'], ['issue old', 'issue new']]);
  });

  test('leaves no trace of a request that its plan refuses', async () => {
    const refuse = say('a', 'bad', () => {
      throw conflict('no');
    });
    const answers = [open.writer.submit(say('a', '1')), open.writer.submit(refuse), open.writer.submit(say('a', '2'))];
    const [first, second, third] = await Promise.allSettled(answers);
    expect([first!.status, second!.status, third!.status]).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect((await audit()).size).to.equal(2);
    expect(open.answers.find(refuse.request)).to.equal(undefined);
    // A batch of refusals alone makes no checkpoint.
    const { note } = open.writer.newest!;
    expect(await refusalOf(open.writer.submit(refuse))).to.equal('CONFLICT');
    expect(open.writer.newest!.note).to.equal(note);
  });

  test('writes openings that only h opens', async () => {
    const { leafHash } = readAnswer(await open.writer.submit(say('a', 'secret words'))).entries[0]!;
    const opening = open.store.space('opening').getSync(decodeHex(leafHash))!;
    const entry = decodeEntry(open.log.entry(0));
    const context = { logId: LOG_ID, entry };
    const opened = openOpening({ ...context, h: publicLicenceSecret(LOG_ID, 'a') }, opening);
    expect(new TextDecoder().decode(opened.body)).to.equal('secret words');
    expect(() => openOpening({ ...context, h: publicLicenceSecret(LOG_ID, 'b') }, opening)).to.throw(/./);
  });

  describe('times', () => {
    test('are rounded down to the quantum for entries, and never later than the checkpoint', async () => {
      directory.now = START + 1_999;
      const answer = readAnswer(await open.writer.submit(say('a', '1')));
      expect(decodeEntry(open.log.entry(0)).recordedAt).to.equal(START + 1_000);
      expect(open.writer.newest!.checkpoint.issuedAt).to.equal(START + 1_999);
      const { issuedAt, deadline } = answer.entries[0]!.promise;
      expect([issuedAt, deadline]).to.deep.equal([START + 1_999, START + 1_999 + TERMS.promiseSpan]);
    });

    test('never go back with the clock, nor stand still for checkpoints', async () => {
      directory.now = START + 10_000;
      await open.writer.submit(say('a', '1'));
      directory.now = START - 50_000;
      await open.writer.submit(say('a', '2'));
      await reopen();
      await open.writer.submit(say('a', '3'));
      const notes = await Promise.all([1, 2, 3].map((size) => open.log.newestNote(size)));
      expect(notes.map((note) => parseNote(note!).checkpoint.issuedAt - START)).to.deep.equal([10_000, 10_001, 10_002]);
      await audit();
    });

    test('of a refreshed checkpoint are new, and nothing else', async () => {
      await open.writer.submit(say('a', '1'));
      const { checkpoint } = open.writer.newest!;
      directory.now += 5_000;
      const refreshed = (await open.writer.refresh()).checkpoint;
      expect(refreshed).to.deep.equal({ ...checkpoint, issuedAt: START + 5_000 });
      expect((await audit()).sizes).to.deep.equal([0, 1, 1]);
    });
  });

  describe('stops for good', () => {
    const stopped = async (): Promise<void> => {
      const before = open.writer.newest?.note;
      expect(open.writer.trouble).to.be.a('string');
      expect(await refusalOf(open.writer.submit(say('z', 'late')))).to.equal('UNAVAILABLE');
      expect(await refusalOf(open.writer.refresh())).to.equal('UNAVAILABLE');
      expect(open.writer.newest?.note).to.equal(before);
    };
    const registerPath = (): string => join(directory.path, 'register');

    test('when the register holds another note than the log believes', async () => {
      await open.writer.submit(say('a', '1'));
      const older = await readFile(registerPath());
      await open.writer.submit(say('a', '2'));
      await writeFile(registerPath(), older);
      expect(await refusalOf(open.writer.submit(say('a', '3')))).to.equal('UNAVAILABLE');
      await stopped();
    });

    test('when the register is gone', async () => {
      await rm(registerPath());
      expect(await refusalOf(open.writer.submit(say('a', '1')))).to.equal('UNAVAILABLE');
      await open.close();
      open = await startLog(directory);
      await stopped();
    });

    test('when the store was restored and the register was not', async () => {
      await open.writer.submit(say('a', '1'));
      await open.close();
      await cp(join(directory.path, 'store'), join(directory.path, 'old'), { recursive: true });
      open = await startLog(directory);
      await open.writer.submit(say('a', '2'));
      await open.close();
      await rm(join(directory.path, 'store'), { recursive: true });
      await cp(join(directory.path, 'old'), join(directory.path, 'store'), { recursive: true });
      open = await startLog(directory);
      await stopped();
      expect(open.writer.newest!.checkpoint.size).to.equal(1);
    });

    test('when the register was restored and the store was not', async () => {
      await open.writer.submit(say('a', '1'));
      const older = await readFile(registerPath());
      await open.writer.submit(say('a', '2'));
      await open.close();
      await writeFile(registerPath(), older);
      open = await startLog(directory);
      await stopped();
      expect(open.writer.newest!.checkpoint.size).to.equal(2);
    });

    test('when the register holds a checkpoint of another tree', async () => {
      await open.writer.submit(say('a', '1'));
      await open.close();
      const other = await makeLogDirectory();
      const twin = await startLog(other);
      await twin.writer.submit(say('b', '1'));
      await twin.close();
      await cp(join(other.path, 'register'), registerPath());
      await other.remove();
      open = await startLog(directory);
      await stopped();
    });
  });

  test('takes no writes before it is started', async () => {
    await open.close();
    open = await openLog(directory);
    expect(await refusalOf(open.writer.submit(say('a', '1')))).to.equal('UNAVAILABLE');
    expect(open.writer.newest!.checkpoint.size).to.equal(0);
  });

  test('stops when its index hides a slot that the map holds', async () => {
    await open.writer.submit(say('a', '1'));
    const slot = slotAt(publicLicenceSecret(LOG_ID, 'a'), 0);
    await open.store.batch().del(open.log.slots, slot).write({ sync: false });
    expect(await refusalOf(open.writer.submit(say('a', '2')))).to.equal('UNAVAILABLE');
    expect(open.writer.trouble).to.equal('a slot is taken');
    expect(open.log.head()).to.deep.include({ size: 1, rootHash: open.writer.newest!.checkpoint.rootHash });
  });
});
