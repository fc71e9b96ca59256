/** How an access log grows, what it promises meanwhile, and when it does not. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { conflict, unavailable } from '../../core/bytes/error.ts';
import { decodeEntry, KINDS } from '../../core/log/entry.ts';
import { publicLicenceSecret, slotAt } from '../../core/log/slot.ts';
import { refusalOf } from '../node/fixture.ts';
import { auditLog } from './audit.ts';
import { LOG_ID, type LogDirectory, makeLogDirectory, type OpenLog, QUANTUM, say, startLog, TERMS } from './fixture.ts';

describe('the writer of an access log', () => {
  let directory: LogDirectory;
  beforeEach(async () => {
    directory = await makeLogDirectory();
  });
  afterEach(() => directory.remove());

  const audit = async (open: OpenLog) => auditLog(open.store, await open.register.recall());
  const slotOf = (thing: string, i: number): string => encodeHex(slotAt(publicLicenceSecret(LOG_ID, thing), i));

  test('promises at once, and grows when the quantum is over', async () => {
    const open = await startLog(directory);
    const { entries, recordedAt, issuedAt, deadlineAt } = await open.writer.submit(say(['a'], 'one'));
    expect(encodeHex(entries[0]!.slot)).to.equal(slotOf('a', 0));
    expect([issuedAt, deadlineAt]).to.deep.equal([directory.now, directory.now + TERMS.promiseSpan]);
    expect(recordedAt).to.equal(directory.now - (directory.now % QUANTUM));
    directory.now += QUANTUM - 1 - (directory.now % QUANTUM);
    await open.writer.grow();
    expect(await audit(open)).to.include({ size: 0 });
    directory.now += 1;
    await open.writer.grow();
    expect((await audit(open)).leafHashes).to.deep.equal([encodeHex(entries[0]!.leafHash)]);
    await open.close();
  });

  test('counts promised entries when it looks for a slot, also within one batch and after a restart', async () => {
    let open = await startLog(directory);
    const first = await Promise.all([open.writer.submit(say(['a'], 'one')), open.writer.submit(say(['a'], 'two'))]);
    expect(first.flatMap(({ entries }) => entries.map(({ slot }) => encodeHex(slot)))).to.deep.equal([
      slotOf('a', 0),
      slotOf('a', 1),
    ]);
    await open.close();
    open = await startLog(directory);
    for (let i = 2; i < 9; i++) {
      const { entries } = await open.writer.submit(say(['a'], `later ${i}`));
      expect(encodeHex(entries[0]!.slot)).to.equal(slotOf('a', i));
      if (i % 3 === 0) directory.now += QUANTUM;
      await open.writer.grow();
    }
    await audit(open);
    await open.close();
  });

  test('grows once a quantum, sorted by time and slot, and repeats its roots in between', async () => {
    const open = await startLog(directory);
    const things = Array.from({ length: 12 }, (_, i) => `thing ${i}`);
    for (const [i, thing] of things.entries()) {
      await open.writer.submit(say([thing, 'a'], `says ${i}`));
      directory.now += QUANTUM / 4;
      await open.writer.grow();
      await open.writer.refresh();
    }
    directory.now += QUANTUM;
    await open.writer.grow();
    const { size, checkpoints } = await audit(open);
    expect(size).to.equal(24);
    const grown = new Map<number, Set<number>>();
    for (const { size: at, issuedAt } of checkpoints) {
      const quantum = Math.floor(issuedAt / QUANTUM);
      grown.set(quantum, (grown.get(quantum) ?? new Set()).add(at));
    }
    expect([...grown.values()].map((sizes) => sizes.size)).to.satisfy((counts: number[]) => counts.every((count) => count === 1));
    await open.close();
  });

  test('dates nothing before what it dated last, whatever the clock says', async () => {
    const open = await startLog(directory);
    const { recordedAt } = await open.writer.submit(say(['a'], 'one'));
    directory.now -= 10 * QUANTUM;
    const later = await open.writer.submit(say(['a'], 'two'));
    expect(later.recordedAt).to.equal(recordedAt);
    directory.now += 20 * QUANTUM;
    await open.writer.grow();
    await audit(open);
    await open.close();
  });

  test('takes what may be claimed once only once, also in one batch', async () => {
    const open = await startLog(directory);
    const space = open.store.space('once');
    const claim = { space, key: Uint8Array.of(7), value: () => Uint8Array.of(1), refusal: conflict('taken') };
    const results = await Promise.allSettled(
      ['one', 'two'].map((name) => open.writer.submit({ ...say([name], name), claims: [claim] })),
    );
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
    expect(await refusalOf(open.writer.submit({ ...say(['c'], 'three'), claims: [claim] }))).to.equal('CONFLICT');
    directory.now += QUANTUM;
    await open.writer.grow();
    expect((await audit(open)).size).to.equal(1);
    await open.close();
  });

  test('goes on promising while its register is silent, publishes later, and does not promise for ever', async () => {
    let isDown = false;
    const open = await startLog(directory, {
      register: (register) => ({
        recall: () => register.recall(),
        read: async () => {
          if (isDown) throw unavailable('down');
          return register.read();
        },
        swap: async (known, next) => {
          if (isDown) throw unavailable('down');
          await register.swap(known, next);
        },
      }),
    });
    isDown = true;
    directory.now += QUANTUM;
    await open.writer.submit(say(['a'], 'one'));
    directory.now += QUANTUM;
    await open.writer.grow();
    expect(open.writer.isWaiting).to.equal(true);
    await open.writer.submit(say(['a'], 'two'));
    expect(await refusalOf(open.writer.refresh())).to.equal('UNAVAILABLE');
    directory.now += TERMS.promiseSpan;
    expect(await refusalOf(open.writer.submit(say(['a'], 'three')))).to.equal('UNAVAILABLE');
    isDown = false;
    await open.writer.resume(TERMS);
    await open.writer.grow();
    expect((await audit(open)).size).to.equal(2);
    await open.writer.submit(say(['a'], 'three'));
    await open.close();
  });

  test('stops when another node of the log has signed', async () => {
    const open = await startLog(directory);
    const first = (await open.register.recall())!;
    await open.register.swap(first, first.replace(/time \d+/, `time ${directory.now + 5}`));
    directory.now += QUANTUM;
    await open.writer.grow();
    expect(open.writer.trouble).to.match(/another checkpoint/);
    expect(open.writer.isWaiting).to.equal(false);
    expect(await refusalOf(open.writer.submit(say(['a'], 'one')))).to.equal('UNAVAILABLE');
    await open.close();
  });

  test('puts a checkpoint before whatever it promises after a start, so that an earlier copy of it stops', async () => {
    const open = await startLog(directory);
    await open.close();
    directory.now += 1;
    const again = await startLog(directory);
    expect((await audit(again)).checkpoints).to.have.lengthOf(2);
    await again.close();
  });

  test('refuses a slot that its index has lost and its map holds', async () => {
    const open = await startLog(directory);
    const { entries } = await open.writer.submit(say(['a'], 'one'));
    directory.now += QUANTUM;
    await open.writer.grow();
    await open.store.batch().del(open.log.slots, entries[0]!.slot).write({ sync: true });
    expect(await refusalOf(open.writer.submit(say(['a'], 'two')))).to.equal('UNAVAILABLE');
    expect(open.writer.trouble).to.match(/hides an entry/);
    await open.close();
  });

  describe('that pads', () => {
    test('fills each quantum up to the same number, by entries like any others', async () => {
      const open = await startLog(directory, { fillTo: 5 });
      for (const count of [0, 1, 4, 5, 7]) {
        directory.now += QUANTUM;
        await open.writer.grow();
        const things = Array.from({ length: count }, (_, i) => `${count} thing ${i}`);
        if (count > 0) await open.writer.submit(say(things, `says ${count}`));
      }
      directory.now += QUANTUM;
      await open.writer.grow();
      const { size } = await audit(open);
      const entries = Array.from({ length: size }, (_, i) => decodeEntry(open.log.entry(i)));
      const counts = Map.groupBy(entries, ({ recordedAt }) => recordedAt);
      expect([...counts.values()].map((group) => group.length)).to.deep.equal([5, 5, 5, 5, 5, 7]);
      expect(new Set(entries.map(({ kind }) => kind))).to.deep.equal(new Set([KINDS.access]));
      await open.close();
    });

    test('adds nothing to a quantum that is in the tree already, nor to those while it was not running', async () => {
      let open = await startLog(directory, { fillTo: 3 });
      directory.now += QUANTUM;
      await open.writer.grow();
      await open.writer.grow();
      await open.writer.refresh();
      expect((await audit(open)).size).to.equal(3);
      await open.close();
      directory.now += 10 * QUANTUM;
      open = await startLog(directory, { fillTo: 3 });
      expect((await audit(open)).size).to.equal(6);
      await open.close();
    });
  });
});
