import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { fileSecret, slotAt } from '../../core/log/slot.ts';
import { decodeSlotProof, type SlotFinding, verifySlotProof } from '../../core/log/slot-proof.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { verifyInclusion } from '../../core/log/tree-proof.ts';
import type { AbsentSlot, LookupAnswer } from '../../core/verify/lookup.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, type StoryLog } from '../verify/story.ts';
import { judgeAt, lookUpAt, short } from './reader.ts';
import { hasTrouble, logView, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

const FILE = digestOf('a file');
const SLOTS = Array.from({ length: 3 }, (_, i) => slotAt(fileSecret(FILE), i));

function issue(name: string, into = log): void {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] }, into);
}

/** Every proof of the answer, checked against the checkpoint it names. */
function verifyAnswer({ logs, present, absent }: LookupAnswer): void {
  const checkpointOf = (row: AbsentSlot): Checkpoint =>
    parseNote(logs.find(({ logId }) => equalBytes(logId, row.logId))!.checkpoint).checkpoint;
  const findingOf = (row: AbsentSlot): SlotFinding =>
    verifySlotProof(checkpointOf(row).mapRoot, row.slot, decodeSlotProof(row.map));
  for (const row of absent) expect(findingOf(row).present).to.equal(false);
  for (const row of present) {
    const leafHash = leafHashOf(row.entry);
    expect(findingOf(row)).to.deep.equal({ present: true, leafHash });
    verifyInclusion({ leafHash, entryIndex: row.index, ...checkpointOf(row) }, row.inclusion);
  }
}

/** Of the anchors named for the first log. */
const anchorSizes = ({ logs }: LookupAnswer): number[] =>
  logs[0]!.anchors.map(({ checkpoint }) => parseNote(checkpoint).checkpoint.size).sort((a, b) => a - b);

describe('a look-up', () => {
  test('without a log shows the logs that have one of the slots, and every slot in them', async () => {
    issue('x');
    world.story.issue({ files: [FILE] });
    world.anchor();
    issue('y', world.story.outsider);
    world.anchor(world.story.outsider);
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 4);
    await standsOn(verifier, world.story.outsider, 2);
    const answer = await lookUpAt(verifier)({ slots: SLOTS });
    verifyAnswer(answer);
    expect(answer.logs.map(({ logId }) => encodeHex(logId))).to.deep.equal([encodeHex(log.logId)]);
    expect(answer.present.map(({ index }) => index)).to.deep.equal([3]);
    expect(answer.absent.map(({ slot }) => slot)).to.deep.equal(SLOTS.slice(1));
    expect(answer.present[0]!.opening).to.deep.equal(log.rows[3]!.opening);
  });

  test('shows a file that two logs have in both', async () => {
    world.story.issue({ files: [FILE] });
    world.anchor();
    world.story.issue({ files: [FILE] }, world.story.outsider);
    world.anchor(world.story.outsider);
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    await standsOn(verifier, world.story.outsider, 2);
    const answer = await lookUpAt(verifier)({ slots: SLOTS });
    verifyAnswer(answer);
    expect(answer.logs).to.have.length(2);
    expect(answer.present).to.have.length(2);
    expect(answer.absent).to.have.length(4);
  });

  test('with a log shows that log, hit or not, and an empty one too', async () => {
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 0);
    for (const size of [0, 2]) {
      if (size > 0) {
        issue('x');
        world.anchor();
        await standsOn(verifier, log, size);
      }
      const answer = await lookUpAt(verifier)({ slots: SLOTS, logId: log.logId });
      verifyAnswer(answer);
      expect([answer.logs.length, answer.present.length, answer.absent.length]).to.deep.equal([1, 0, 3]);
    }
    expect(await lookUpAt(verifier)({ slots: SLOTS })).to.deep.equal({ logs: [], present: [], absent: [] });
  });

  test('names the anchor stood on and the two around each entry', async () => {
    const verifier = await world.start('verifier');
    world.anchor();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      if (name === 'c') world.story.issue({ files: [FILE] });
      else issue(name);
      world.anchor();
      await standsOn(verifier, log, log.rows.length);
    }
    const answer = await lookUpAt(verifier)({ slots: SLOTS });
    expect(anchorSizes(answer)).to.deep.equal([4, 6, 10]);
    const early = await lookUpAt(verifier)({ slots: [log.rows[0]!.slot] });
    expect(anchorSizes(early)).to.deep.equal([0, 2, 10]);
    const earlier = await lookUpAt(verifier)({ slots: SLOTS, logId: log.logId, size: 6 });
    verifyAnswer(earlier);
    expect(parseNote(earlier.logs[0]!.checkpoint).checkpoint.size).to.equal(6);
  });

  test('of an idle log names the newest anchor without the entry and the oldest with it', async () => {
    const verifier = await world.start('verifier');
    issue('a');
    const notes = [world.anchor(), world.anchor(), world.anchor()];
    world.story.issue({ files: [FILE] });
    notes.push(world.anchor(), world.anchor(), world.anchor());
    await until('the newest anchor is stood on', async () => (await logView(verifier, log)).checkpoint === notes.at(-1));
    const { logs } = await lookUpAt(verifier)({ slots: SLOTS });
    expect(new Set(logs[0]!.anchors.map(({ checkpoint }) => checkpoint))).to.deep.equal(new Set([notes[2], notes[3], notes[5]]));
  });

  test('of a size answers on that checkpoint; one that is not held is a conflict that names the newest', async () => {
    issue('a');
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    world.story.issue({ files: [FILE] });
    world.anchor();
    await standsOn(verifier, log, 4);
    const question = { slots: SLOTS.map(encodeHex), logId: encodeHex(log.logId) };
    const before = await lookUpAt(verifier)({ slots: SLOTS, logId: log.logId, size: 2 });
    verifyAnswer(before);
    expect(before.present).to.deep.equal([]);
    for (const size of [0, 1, 3, 5]) {
      const { status, json } = await verifier.post('/v1/lookup', { ...question, size });
      expect([status, json['code'], json['facts']]).to.deep.equal([409, 'CONFLICT', { newest: 4 }]);
    }
  });

  test('stands on the provisional checkpoint when a slot was taken since the last anchor, and holds it for a second question', async () => {
    const { verifier } = await world.startBoth();
    issue('a');
    world.anchor();
    await standsOn(verifier, log, 2);
    world.story.issue({ files: [FILE] });
    const note = world.publish();
    await until('it is replayed', async () => (await logView(verifier, log)).size === 4);
    const answer = await lookUpAt(verifier)({ slots: SLOTS });
    verifyAnswer(answer);
    expect(answer.logs[0]!.checkpoint).to.equal(note);
    expect(anchorSizes(answer)).to.deep.equal([2]);
    const again = await lookUpAt(verifier)({ slots: SLOTS, logId: log.logId, size: 4 });
    expect(again.logs[0]!.checkpoint).to.equal(note);
    const other = await lookUpAt(verifier)({ slots: [log.rows[0]!.slot] });
    expect(parseNote(other.logs[0]!.checkpoint).checkpoint.size).to.equal(2);
    expect((await judgeAt(world, verifier, FILE)).reasons).to.include('PROVISIONAL');
    world.mineNote(note);
    await until('it is valid', async () => short(await judgeAt(world, verifier, FILE)) === 'valid');
  });

  test('is refused for a log that is not followed, and while a log is not replayed yet', async () => {
    const verifier = await world.start('verifier', { logs: [{ origin: log.origin, url: world.issuer.url }] });
    await until('the chain is read', async () => (await verifier.get('/readyz')).status === 200);
    const ask = async (logId: Uint8Array): Promise<unknown[]> => {
      const { status, json } = await verifier.post('/v1/lookup', { slots: SLOTS.map(encodeHex), logId: encodeHex(logId) });
      return [status, json['code']];
    };
    expect(await ask(world.story.outsider.logId)).to.deep.equal([404, 'NOT_FOUND']);
    expect(await ask(bytesOf('no log'))).to.deep.equal([404, 'NOT_FOUND']);
    expect(await ask(log.logId)).to.deep.equal([503, 'UNAVAILABLE']);
  });

  test('says what speaks against the log', async () => {
    world.story.issue({ files: [FILE] });
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    const trouble = async (): Promise<unknown> => (await lookUpAt(verifier)({ slots: SLOTS })).logs[0]!.trouble;
    expect(await trouble()).to.equal(null);
    world.chain.isDown = true;
    world.story.tick(10_001);
    expect(await trouble()).to.equal('CHAIN_UNREACHABLE');
    expect((await lookUpAt(verifier)({ slots: SLOTS })).logs[0]!.polledMsAgo).to.be.greaterThan(10_000);
    world.chain.isDown = false;
    await hasTrouble(verifier, log, null);
    world.issuer.tamper = (path, bytes) => (path.startsWith('/tile/') ? null : bytes);
    issue('b');
    world.anchor();
    await hasTrouble(verifier, log, 'NODE_UNREACHABLE');
    expect(await trouble()).to.equal('NODE_UNREACHABLE');
    const { checkpoint } = parseNote(world.issuer.note!);
    world.mineNote(world.sign({ ...checkpoint, rootHash: bytesOf('another root') }), log, 'forked');
    await hasTrouble(verifier, log, 'FORKED_LOG');
    expect(await trouble()).to.equal('FORKED_LOG');
  });

  const SLOT = '00'.repeat(32);
  const MALFORMED: Record<string, JsonValue> = {
    'no object': [],
    'no slot': { slots: [] },
    'no slots': {},
    'more than 64 slots': { slots: Array.from({ length: 65 }, (_, i) => i.toString(16).padStart(64, '0')) },
    'a slot in capitals': { slots: ['AA'.repeat(32)] },
    'a slot that is too short': { slots: [SLOT.slice(2)] },
    'a slot that is no text': { slots: [0] },
    'a size without a log': { slots: [SLOT], size: 1 },
    'a size below zero': { slots: [SLOT], logId: SLOT, size: -1 },
    'a size that is no whole number': { slots: [SLOT], logId: SLOT, size: 1.5 },
    'an unknown member': { slots: [SLOT], fileDigest: SLOT },
  };

  test('is refused when it is malformed', async () => {
    const verifier = await world.start('verifier');
    for (const [what, question] of Object.entries(MALFORMED)) {
      const { status, json } = await verifier.post('/v1/lookup', question);
      expect([status, json['code']], what).to.deep.equal([400, 'MALFORMED']);
    }
    const body = new TextEncoder().encode(JSON.stringify({ slots: [SLOT] }));
    expect((await verifier.post('/v1/lookup', body)).status).to.equal(415);
    const long = await verifier.post('/v1/lookup', { slots: [SLOT], more: 'x'.repeat(17_000) });
    expect(long.status).to.equal(413);
    expect(verifier.lines.join('')).not.to.contain(SLOT);
  });
});
