import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { KINDS } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import { ANCHORS, LOOKUP_ANSWER, PROBLEM } from '../../verifier/api/shape.ts';
import { AUDIT, witnessName } from '../verify/story.ts';
import { type Served, standsOn, until } from '../verifier/world.ts';
import { pathOf, Person, readAnchors, readStanding } from './person.ts';
import { CustodyWorld, DAY, entryAt, MINUTE, type QuantumLog } from './quantum-log.ts';

let custody: CustodyWorld;
let log: QuantumLog;
let person: Person;
let verifier: Served;
beforeEach(async () => {
  custody = await CustodyWorld.create();
  log = custody.access;
  person = new Person(custody);
});
afterEach(() => custody.end());

/** A verifier that waits for its witness. */
async function start(): Promise<void> {
  const witness = await custody.startWitness();
  const witnesses = [{ name: witnessName(AUDIT), url: witness.url }];
  verifier = await custody.start('verifier', { trustFile: await custody.world.writeTrust(), witnesses });
}

/** One quantum in which she was read, among others, and its anchor. */
function anchorHers(...others: string[]): string {
  const recordedAt = custody.nextQuantum() - MINUTE;
  log.grow(person.readAt(recordedAt), ...others.map((name) => entryAt(recordedAt, name)));
  return custody.world.anchor(log);
}

const sizesOf = (claims: readonly { readonly checkpoint: string }[]): number[] =>
  claims.map(({ checkpoint }) => parseNote(checkpoint).checkpoint.size);

describe('a person’s browser', () => {
  test('is shown the checkpoint that her custodian’s proofs stand on, and judges it complete', async () => {
    await start();
    custody.anchorNext(log, 'a', 'b');
    const note = anchorHers('c');
    await standsOn(verifier, log, 4);
    const standing = await readStanding(verifier, log.logId);
    const { completeness, entries } = await person.judge(verifier, person.answer(note), standing);
    expect(completeness.outcome).to.equal('complete');
    expect(entries).to.have.length(1);
    // Only the anchor stood on is there: since the log began, until then.
    expect(entries[0]!.recordedIn.to).to.equal(standing.anchors[0]!.anchoredAt);
  });

  test('asks for anchors of a day, not of entries, and finds between which each was recorded', async () => {
    await start();
    custody.anchorNext(log, 'a', 'b');
    anchorHers('c');
    custody.world.story.tick(3 * DAY);
    custody.anchorNext(log, 'd');
    const [before, first] = [custody.world.anchor(log), anchorHers()];
    custody.world.story.tick(3 * DAY);
    const newest = anchorHers('e', 'f');
    await standsOn(verifier, log, 9);
    const isSaid = async (): Promise<boolean> => sizesOf(await readAnchors(verifier, log.logId, 0, 2 ** 50)).length === 6;
    await until('the witness has spoken of all anchors', isSaid);
    const answer = person.answer(newest);
    const standing = await readStanding(verifier, log.logId);
    const coarse = await person.judge(verifier, answer, standing);
    const days = new Set(coarse.entries.map(({ proven }) => Math.floor(proven.entry.recordedAt / DAY) * DAY));
    const around = await Promise.all([...days].map((day) => readAnchors(verifier, log.logId, day, day + DAY)));
    const { entries } = await person.judge(verifier, answer, { ...standing, anchors: [...standing.anchors, ...around.flat()] });
    expect(entries).to.have.length(3);
    for (const { proven, recordedIn } of entries) {
      const anchors = custody.world.chain.anchorsOf(log.logId);
      const [lacking, holding] = [
        anchors.findLast(({ size }) => size <= proven.entryIndex)!,
        anchors.find(({ size }) => size > proven.entryIndex)!,
      ];
      expect(recordedIn).to.deep.equal({ from: Math.min(lacking.issuedAt, lacking.block.at), to: holding.block.at });
    }
    const times = [before, first].map((note) => parseNote(note).checkpoint.issuedAt);
    expect(entries[1]!.recordedIn.from).to.equal(times[0]);
  });

  test('gets the checkpoint of a size and time when its custodian stands on an earlier one', async () => {
    await start();
    const early = anchorHers();
    await standsOn(verifier, log, 1);
    const repeated = custody.world.anchor(log);
    custody.anchorNext(log, 'a');
    await standsOn(verifier, log, 2);
    for (const note of [early, repeated]) {
      const { size, issuedAt } = parseNote(note).checkpoint;
      await until('the witness’s word on it is there', async () => {
        const standing = await readStanding(verifier, log.logId, `?size=${size}&time=${issuedAt}`);
        expect(standing.checkpoint.startsWith(note)).to.equal(true);
        return (await person.judge(verifier, person.answer(note), standing)).completeness.outcome === 'complete';
      });
    }
    expect((await readStanding(verifier, log.logId, '?size=1')).checkpoint.startsWith(repeated)).to.equal(true);
    const refused = await verifier.get(pathOf(log.logId, '/standing?size=1&time=5'));
    expect([refused.status, PROBLEM.parse(refused.json).facts]).to.deep.equal([409, { newest: 2 }]);
  });

  test('sees what is published and not anchored as provisional', async () => {
    await start();
    const recordedAt = custody.nextQuantum() - MINUTE;
    log.grow(person.readAt(recordedAt));
    const note = custody.world.publish(log);
    await standsOn(verifier, log, null);
    await until('it is replayed', async () => (await verifier.get(pathOf(log.logId, '/standing'))).status === 200);
    const standing = await readStanding(verifier, log.logId);
    expect(standing.anchors).to.deep.equal([]);
    const { completeness } = await person.judge(verifier, person.answer(note), standing);
    expect(completeness).to.include({ outcome: 'unknown' });
  });
});

describe('anchors of a period', () => {
  test('are those of its checkpoints, the last before and the first after; of one size only the ends', async () => {
    const timing = { witnessesWithinMs: -1, silentForMs: 10_000, retryMs: 0, openingRetryMs: 0, checkpointMs: 300, tileMs: 300 };
    verifier = await custody.start('verifier', {}, { timing });
    const notes = [custody.anchorNext(log, 'a'), custody.anchorNext(log, 'b'), custody.anchorNext(log), custody.anchorNext(log)];
    notes.push(custody.anchorNext(log), custody.anchorNext(log, 'c'), custody.anchorNext(log, 'd'));
    await standsOn(verifier, log, 4);
    const times = notes.map((note) => parseNote(note).checkpoint.issuedAt);
    const between = async (from: number, to: number): Promise<number[]> => {
      const { status, json } = await verifier.get(pathOf(log.logId, `/anchors?from=${from}&to=${to}`));
      expect(status).to.equal(200);
      return ANCHORS.parse(json).anchors.map(({ checkpoint }) => times.indexOf(parseNote(checkpoint).checkpoint.issuedAt));
    };
    expect(sizesOf(await readAnchors(verifier, log.logId, 0, 2 ** 50))).to.deep.equal([1, 2, 2, 3, 4]);
    expect(await between(0, times[0]!)).to.deep.equal([0]);
    expect(await between(times[0]!, times[1]!)).to.deep.equal([0, 1]);
    expect(await between(times[2]!, times[5]! + 1)).to.deep.equal([1, 2, 4, 5, 6]);
    expect(await between(times[6]! + 1, times[6]! + 2)).to.deep.equal([6]);
  });

  test('are refused for what is no period, and for what is not followed', async () => {
    verifier = await custody.startedOn('a');
    const statusOf = async (rest: string, of = log.logId): Promise<number> => (await verifier.get(pathOf(of, rest))).status;
    expect(await statusOf('/anchors?from=5&to=5')).to.equal(400);
    expect(await statusOf('/anchors?from=5')).to.equal(400);
    expect(await statusOf('/standing?time=5')).to.equal(400);
    expect(await statusOf('/standing?size=7')).to.equal(409);
    expect(await statusOf('/anchors?from=0&to=5', person.slot(0))).to.equal(404);
    expect(await statusOf('/standing', person.slot(0))).to.equal(404);
  });
});

describe('of an access log', () => {
  test('a verifier answers no slot and proves no entry, to anybody', async () => {
    const hers = person.readAt(custody.nextQuantum() - MINUTE);
    log.grow(hers, entryAt(hers.recordedAt, 'other'));
    custody.world.anchor(log);
    verifier = await custody.start('verifier');
    await standsOn(verifier, log, 2);
    const logId = encodeHex(log.logId);
    for (const slot of [hers.slot, person.slot(1)]) {
      const asked = await verifier.post('/v1/lookup', { slots: [encodeHex(slot)], logId });
      expect([asked.status, asked.json['code']]).to.deep.equal([403, 'FORBIDDEN']);
      const bare = await verifier.post('/v1/lookup', { slots: [encodeHex(slot)] });
      expect(bare.json).to.deep.equal({ logs: [], present: [], absent: [] });
    }
    for (const path of ['/inclusion?index=0&size=2', '/consistency?from=1&to=2']) {
      expect((await verifier.get(pathOf(log.logId, path))).status).to.equal(403);
    }
    for (const path of ['/tile/entries/000.p/2', '/tile/0/000.p/2']) expect((await verifier.get(path)).status).to.equal(404);
  });

  test('a slot that a licence log has as well is answered for the licence log alone', async () => {
    const { world } = custody;
    world.story.issue({ files: [] });
    const { slot } = world.story.issuer.rows[0]!;
    log.grow(entryAt(custody.nextQuantum() - MINUTE, 'same', { slot }));
    custody.world.anchor(log);
    custody.world.anchor();
    verifier = await custody.start('verifier');
    await standsOn(verifier, log, 1);
    await standsOn(verifier, world.story.issuer, 1);
    const { json } = await verifier.post('/v1/lookup', { slots: [encodeHex(slot)] });
    expect(LOOKUP_ANSWER.parse(json).present.map(({ logId }) => logId)).to.deep.equal([encodeHex(world.story.issuer.logId)]);
  });

  test('of a seals log everything is answered: it is public', async () => {
    const { seals } = custody;
    const seal = entryAt(custody.nextQuantum(DAY) - DAY, 'seal', { kind: KINDS.seal });
    seals.grow(seal);
    custody.world.anchor(seals);
    verifier = await custody.start('verifier', { request: null });
    await standsOn(verifier, seals, 1);
    const { json } = await verifier.post('/v1/lookup', { slots: [encodeHex(seal.slot)] });
    expect(LOOKUP_ANSWER.parse(json).present).to.have.length(1);
    expect((await verifier.get(pathOf(seals.logId, '/inclusion?index=0&size=1'))).status).to.equal(200);
  });

  test('nothing but route and class stands in logs, metrics and addresses: no slot, no leaf hash, no handle', async () => {
    await start();
    const notes = [anchorHers('a'), anchorHers('b', 'c')];
    await standsOn(verifier, log, 5);
    await readStanding(verifier, log.logId);
    await readAnchors(verifier, log.logId, 0, 2 ** 50);
    await verifier.post('/v1/lookup', { slots: [encodeHex(person.slot(0))], logId: encodeHex(log.logId) });
    await person.judge(verifier, person.answer(notes[1]!), await readStanding(verifier, log.logId));
    const secrets = [
      ...log.rows.flatMap(({ slot, bytes }) => [slot, bytes.subarray(10, 42), bytes.subarray(42)]),
      person.slot(2),
    ];
    const texts = [
      verifier.lines.join(''),
      (await verifier.get('/metrics')).text,
      (await verifier.get('/v1/logs')).text,
      (await verifier.get('/v1/status')).text,
      (await verifier.get('/v1/changes')).text,
      (await verifier.get(pathOf(log.logId, ''))).text,
      custody.accessNode.paths.join('\n'),
    ];
    for (const secret of secrets) {
      for (const said of [encodeHex(secret), Buffer.from(secret).toString('base64')]) {
        expect(texts.some((text) => text.includes(said))).to.equal(false);
      }
    }
  });
});
