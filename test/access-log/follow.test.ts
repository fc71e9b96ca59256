import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { KINDS } from '../../core/log/entry.ts';
import { hasTrouble, logView, standsOn, TIMING, until } from '../verifier/world.ts';
import { CustodyWorld, DAY, entryAt, MINUTE, type QuantumLog } from './quantum-log.ts';

let custody: CustodyWorld;
let log: QuantumLog;
beforeEach(async () => {
  custody = await CustodyWorld.create();
  log = custody.access;
});
afterEach(() => custody.end());

describe('an access log is followed', () => {
  test('with calls that a registered request key has signed, each with a nonce of its own; openings are not asked for', async () => {
    const verifier = await custody.startedOn('a', 'b');
    custody.anchorNext(log, 'c');
    await standsOn(verifier, log, 3);
    const { admitted, accessNode } = custody;
    expect(admitted.length).to.be.greaterThan(1);
    expect(new Set(admitted.map(({ status }) => status))).to.deep.equal(new Set([200]));
    expect(new Set(admitted.map(({ nonce }) => nonce)).size).to.equal(admitted.length);
    expect(accessNode.paths.filter((path) => path.startsWith('/opening/'))).to.deep.equal([]);
  });

  test('by nobody without such a key: its node is not even asked', async () => {
    custody.anchorNext(log, 'a');
    const verifier = await custody.start('verifier', { request: null });
    custody.world.anchor();
    await standsOn(verifier, custody.world.story.issuer, 0);
    const { json } = await verifier.get(`/v1/logs/${encodeHex(log.logId)}`);
    expect(json).to.include({ class: 'access', followed: false, size: null, checkpoint: null });
    expect(custody.accessNode.paths).to.deep.equal([]);
    expect((await verifier.get(`/v1/logs/${encodeHex(log.logId)}/standing`)).status).to.equal(404);
  });

  test('no further with a key that the registry does not have; that convicts nobody', async () => {
    custody.anchorNext(log, 'a');
    const request = await custody.world.writeKey('request', 'a key of nobody');
    const verifier = await custody.start('verifier', { request });
    expect(await hasTrouble(verifier, log, 'NODE_UNREACHABLE')).to.include({ anchoredSize: null, finding: null });
    expect(custody.admitted.every(({ status }) => status === 403)).to.equal(true);
    custody.addKey('request', '11999900MB0000003R', 'a key of nobody');
    await standsOn(verifier, log, 1);
  });

  test('over quanta in which nothing was read, many quanta at once, kinds that nobody knows yet, and a restart', async () => {
    let verifier = await custody.startedOn('a', 'b');
    // Nothing: the roots are repeated, in the same quantum and in others.
    custody.world.anchor(log);
    custody.anchorNext(log);
    for (let i = 0; i < 2; i++) custody.nextQuantum();
    const now = custody.nextQuantum();
    const times = [now - 3 * MINUTE, now - 2 * MINUTE, now - MINUTE];
    const entries = times.flatMap((time, i) => [entryAt(time, `d${i}`), entryAt(time, `e${i}`, { kind: 99 })]);
    log.grow(...entries);
    custody.world.anchor(log);
    await standsOn(verifier, log, 8);
    await verifier.close();
    verifier = await custody.start('verifier');
    custody.anchorNext(log, 'f', 'g');
    await standsOn(verifier, log, 10);
    expect(await logView(verifier, log)).to.include({ trouble: null, finding: null });
  });

  test('beyond its newest anchor, provisionally, as any log', async () => {
    const verifier = await custody.startedOn('a');
    const recordedAt = custody.nextQuantum() - MINUTE;
    log.grow(entryAt(recordedAt, 'b'), entryAt(recordedAt, 'c'));
    custody.world.publish(log);
    await until('more is replayed', async () => (await logView(verifier, log)).size === 3);
    expect(await logView(verifier, log)).to.include({ anchoredSize: 1, trouble: null });
  });

  test('by a verifier that asks its witness, and stands on it when that has spoken', async () => {
    const witness = await custody.startWitness();
    const witnesses = [{ name: 'sample/11999900MB0000003R/witness', url: witness.url }];
    const verifier = await custody.start('verifier', { trustFile: await custody.world.writeTrust(), witnesses });
    custody.anchorNext(log, 'a', 'b');
    await standsOn(verifier, log, 2);
    const { text } = await verifier.get(`/v1/logs/${encodeHex(log.logId)}/checkpoint`);
    expect(text).to.contain('— sample/11999900MB0000003R/witness ');
  });
});

describe('a seals log is followed', () => {
  test('by anyone: calls are not signed, openings are not asked for', async () => {
    const { seals, sealsNode } = custody;
    const signatures: unknown[] = [];
    sealsNode.admit = ({ headers }) => {
      signatures.push(headers['signature']);
      return 200;
    };
    const recordedAt = custody.nextQuantum(DAY) - DAY;
    seals.grow(...['a', 'b'].map((name) => entryAt(recordedAt, name, { kind: KINDS.seal })));
    custody.world.anchor(seals);
    const timing = { ...TIMING, witnessesWithinMs: -1 };
    const verifier = await custody.start('verifier', { request: null }, { timing });
    await standsOn(verifier, seals, 2);
    expect(signatures.length).to.be.greaterThan(0);
    expect(signatures.every((one) => one === undefined)).to.equal(true);
    expect(sealsNode.paths.filter((path) => path.startsWith('/opening/'))).to.deep.equal([]);
  });
});
