/** The swap register at a witness, over HTTP: what it takes, what it refuses, and that it never goes back. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { formatNote, parseNote, signNote } from '../../core/log/note.ts';
import { formatSwapRequest, parseSwapState, type SwapState } from '../../core/verify/swap.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { SWAP_STATE } from '../../verifier/api/shape.ts';
import { bytesOf } from '../log/memory-log.ts';
import type { Signer } from '../../core/log/signer.ts';
import { AUDIT, digestOf, ISSUER, signerNamed, StoryLog, witnessName } from '../verify/story.ts';
import { type Answer, hasTrouble, logView, type Served, until, World } from './world.ts';

const SUCCESSOR = '11999900MB0000004W';
let world: World;
let log: StoryLog;
let witness: Served;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
  witness = await world.startWitness();
  await until('the chain was read', async () => (await witness.get('/readyz')).status === 200);
});
afterEach(() => world.end());

/** The log as it is, but for what a liar changes. */
function checkpointOf(of = log, changes: Partial<Checkpoint> = {}): Checkpoint {
  const size = of.rows.length;
  return {
    origin: of.origin,
    size,
    rootHash: rootAt(size, of.tree),
    mapRoot: of.map.root,
    issuedAt: world.story.tick(),
    ...changes,
  };
}

function grow(name: string, of = log): void {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] }, of);
}

/** What a node with this tree would send. */
function requestOf(oldSize: number, note: string, of = log): JsonObject {
  const parsed = parseNote(note);
  const consistency = proveConsistency(oldSize, parsed.checkpoint.size, of.tree);
  return formatSwapRequest({ oldSize, note: parsed, consistency });
}

const send = (body: JsonObject): Promise<Answer> => witness.post('/v1/swap', body);
const swap = (oldSize: number, note: string, of = log): Promise<Answer> => send(requestOf(oldSize, note, of));

async function registered(of = log): Promise<SwapState> {
  const { status, json } = await witness.get(`/v1/swap/${encodeHex(of.logId)}`);
  expect(status).to.equal(200);
  SWAP_STATE.parse(json);
  return parseSwapState(json);
}

async function noteThere(of = log): Promise<string | null> {
  const { note } = await registered(of);
  return note && formatNote(note);
}

async function expectTaken(answer: Promise<Answer>, note: string): Promise<void> {
  const { status, json } = await answer;
  expect([status, json['code']]).to.deep.equal([200, undefined]);
  expect(json['checkpoint']).to.equal(note);
  expect(await noteThere()).to.equal(note);
}

async function expectRefused(answer: Promise<Answer>, status: number, code: string, facts?: object): Promise<void> {
  const before = await noteThere();
  const { json } = await answer;
  expect(json).to.include({ status, code });
  if (facts !== undefined) expect(json['facts']).to.deep.equal(facts);
  expect(await noteThere(), 'a refusal changes nothing').to.equal(before);
}

describe('the swap register', () => {
  test('has nothing of a log before its first swap, and tells the time', async () => {
    const { note, answeredAt, logId } = await registered();
    expect(note).to.equal(null);
    expect(encodeHex(logId)).to.equal(encodeHex(log.logId));
    expect(Math.abs(answeredAt - world.clock())).to.be.lessThan(60_000);
  });

  test('takes a log from its empty checkpoint on, each note in place of the one before', async () => {
    const empty = world.sign(checkpointOf());
    await expectTaken(swap(0, empty), empty);
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      grow(name);
      const note = world.sign(checkpointOf());
      await expectTaken(swap(2 * i, note), note);
    }
    const later = world.sign(checkpointOf());
    await expectTaken(swap(6, later), later);
  });

  test('takes the notes of a successor once the log has moved, and the former owner’s no more', async () => {
    const { story } = world;
    const before = world.sign(checkpointOf());
    await expectTaken(swap(0, before), before);
    story.enter(SUCCESSOR, '样例市规划局');
    const early = world.sign(checkpointOf());
    story.succeed(ISSUER, SUCCESSOR);
    const signed = (signer: Signer, changes: Partial<Checkpoint> = {}): string =>
      formatNote(signNote(checkpointOf(log, changes), signer));
    const [former, successor] = [story.logSigners.get(ISSUER)!, story.logSigners.get(SUCCESSOR)!];
    const { at } = world.chain.head;
    await until('the move was read', async () => (await logView(witness, log)).authority === SUCCESSOR);
    await expectRefused(swap(0, signed(former)), 422, 'UNVERIFIED');
    await expectRefused(swap(0, signed(successor, { issuedAt: at - 1 })), 422, 'UNVERIFIED');
    // What the former owner signed while the log was its own may still come.
    await expectTaken(swap(0, early), early);
    grow('a');
    const note = signed(successor);
    await expectTaken(swap(0, note), note);
  });

  test('takes a log that had no register before at the size it has', async () => {
    grow('a');
    const note = world.sign(checkpointOf());
    await expectTaken(swap(0, note), note);
  });

  test('answers a checkpoint that is sent again the same, whatever old size it comes with', async () => {
    grow('a');
    const note = world.sign(checkpointOf());
    await expectTaken(swap(0, note), note);
    await expectTaken(swap(0, note), note);
    await expectTaken(swap(2, note), note);
  });

  test('remembers over a restart', async () => {
    grow('a');
    const note = world.sign(checkpointOf());
    await expectTaken(swap(0, note), note);
    await witness.close();
    await rm(join(witness.dataDir, 'index'), { recursive: true });
    witness = await world.startWitness();
    await until('the chain was read', async () => (await witness.get('/readyz')).status === 200);
    expect(await noteThere()).to.equal(note);
    grow('b');
    await expectRefused(swap(0, world.sign(checkpointOf())), 409, 'CONFLICT');
  });

  test('goes on with what it knows while the chain does not answer', async () => {
    grow('a');
    const note = world.sign(checkpointOf());
    world.chain.isDown = true;
    await expectTaken(swap(0, note), note);
  });

  test('lets one win of those that come together', async () => {
    grow('a');
    const first = world.sign(checkpointOf());
    await expectTaken(swap(0, first), first);
    // Machines with one key, each with an entry of its own.
    const notes = ['x', 'y', 'z'].map((name) => {
      const other = new StoryLog(ISSUER);
      for (const row of log.rows) {
        other.rows.push(row);
        other.tree.append(log.tree.node(0, other.rows.length - 1));
      }
      grow(name, other);
      return { other, note: world.sign(checkpointOf(other)) };
    });
    const answers = await Promise.all(notes.map(({ note, other }) => swap(2, note, other)));
    expect(answers.map(({ status }) => status)).to.have.members([200, 409, 409]);
    const winner = notes[answers.findIndex(({ status }) => status === 200)]!;
    expect(await noteThere()).to.equal(winner.note);
    for (const { json, status } of answers) if (status === 409) expect(json['facts']).to.deep.include({ size: 4 });
  });

  test('keeps each log apart', async () => {
    const { outsider } = world.story;
    grow('a', outsider);
    const note = world.sign(checkpointOf(outsider), outsider);
    expect((await swap(0, note, outsider)).status).to.equal(200);
    expect(await noteThere()).to.equal(null);
    expect(await noteThere(outsider)).to.equal(note);
  });

  test('is no part of a verifier without a key', async () => {
    const verifier = await world.start('verifier');
    expect((await verifier.get(`/v1/swap/${encodeHex(log.logId)}`)).status).to.equal(404);
    expect((await verifier.post('/v1/swap', requestOf(0, world.sign(checkpointOf())))).status).to.equal(404);
  });

  test('is described with the rest of the interface', async () => {
    const { json } = await witness.get('/openapi.json');
    expect(Object.keys(json['paths'] as JsonObject)).to.include.members(['/v1/swap', '/v1/swap/{logId}']);
  });
});

describe('the swap register refuses', () => {
  let note: string;
  beforeEach(async () => {
    grow('a');
    grow('b');
    note = world.sign(checkpointOf());
    expect((await swap(0, note)).status).to.equal(200);
  });

  test('a note that is made without the one it has (409, with its size and time)', async () => {
    const { size, issuedAt } = parseNote(note).checkpoint;
    grow('c');
    const next = world.sign(checkpointOf());
    const there = { size, time: issuedAt };
    for (const oldSize of [0, 2, 3]) await expectRefused(swap(oldSize, next), 409, 'CONFLICT', there);
    await expectRefused(send({ ...requestOf(4, next), oldSize: 5 }), 409, 'CONFLICT', there);
  });

  test('a smaller tree, of an old backup', async () => {
    const older = new StoryLog(ISSUER);
    older.rows.push(...log.rows.slice(0, 2));
    for (let i = 0; i < 2; i++) older.tree.append(log.tree.node(0, i));
    const small = world.sign(checkpointOf(log, { size: 2, rootHash: rootAt(2, older.tree), mapRoot: bytesOf('map') }));
    await expectRefused(swap(0, small), 409, 'CONFLICT');
    await expectRefused(send({ ...requestOf(0, small), oldSize: 4 }), 409, 'CONFLICT');
  });

  test('a time that is not later', async () => {
    const { issuedAt } = parseNote(note).checkpoint;
    grow('c');
    for (const at of [issuedAt, issuedAt - 1]) {
      await expectRefused(swap(4, world.sign(checkpointOf(log, { issuedAt: at }))), 409, 'CONFLICT');
    }
  });

  test('other roots at the same size (422)', async () => {
    await expectRefused(swap(4, world.sign(checkpointOf(log, { rootHash: bytesOf('root') }))), 422, 'UNVERIFIED');
    await expectRefused(swap(4, world.sign(checkpointOf(log, { mapRoot: bytesOf('map') }))), 422, 'UNVERIFIED');
  });

  test('a tree that does not extend the one it has, or whose proof does not show it (422)', async () => {
    const other = new StoryLog(ISSUER);
    for (const name of ['x', 'y', 'z']) grow(name, other);
    await expectRefused(swap(4, world.sign(checkpointOf(other)), other), 422, 'UNVERIFIED');
    grow('c');
    const good = requestOf(4, world.sign(checkpointOf()));
    const proof = good['consistency'] as string[];
    for (const consistency of [[], proof.slice(1), [...proof, proof[0]!], proof.map(() => encodeHex(bytesOf('node')))]) {
      await expectRefused(send({ ...good, consistency }), 422, 'UNVERIFIED');
    }
    expect((await send(good)).status).to.equal(200);
  });

  test('a note that no key of the log signed (422)', async () => {
    grow('c');
    const checkpoint = checkpointOf();
    for (const name of ['a stranger', 'outsider log key', 'document key', 'witness key']) {
      await expectRefused(swap(4, formatNote(signNote(checkpoint, signerNamed(name)))), 422, 'UNVERIFIED');
    }
    const { logSignature } = signNote(checkpoint, world.story.logSigners.get(ISSUER)!);
    const later = formatNote({
      checkpoint: { ...checkpoint, issuedAt: checkpoint.issuedAt + 1 },
      logSignature,
      cosignatures: [],
    });
    await expectRefused(swap(4, later), 422, 'UNVERIFIED');
  });

  const ENDS = {
    lost: (keyId: Hash) => ({ kind: 'key-compromised' as const, keyId, since: world.story.clock - 60_000 }),
    retired: (keyId: Hash) => ({ kind: 'key-retired' as const, keyId, validTo: world.story.clock }),
  };
  for (const [how, endOf] of Object.entries(ENDS)) {
    test(`a note by a key that was ${how} when it was made (422)`, async () => {
      const { publicKey } = world.story.logSigners.get(ISSUER)!;
      world.chain.mine(world.story.tick(), endOf(keyIdOf(publicKey)));
      const { polls } = world.chain;
      await until('the chain was polled', () => world.chain.polls > polls + 1);
      grow('c');
      await expectRefused(swap(4, world.sign(checkpointOf())), 422, 'UNVERIFIED');
    });
  }

  test('a log that the registry does not list (404)', async () => {
    const stranger = new StoryLog(AUDIT);
    grow('a', stranger);
    const signed = formatNote(signNote(checkpointOf(stranger), signerNamed('a stranger')));
    await expectRefused(swap(0, signed, stranger), 404, 'NOT_FOUND');
    expect((await witness.get(`/v1/swap/${encodeHex(stranger.logId)}`)).json).to.include({ status: 404, code: 'NOT_FOUND' });
  });

  test('what is no swap request (400, 415, 413)', async () => {
    const later = world.sign(checkpointOf());
    const good = requestOf(4, later);
    await expectRefused(send({ ...good, force: true }), 400, 'MALFORMED');
    await expectRefused(send({ ...good, note: `${later}— ${witnessName(AUDIT)} AAAA\n` }), 400, 'MALFORMED');
    await expectRefused(send({}), 400, 'MALFORMED');
    await expectRefused(witness.post('/v1/swap', new Uint8Array(8)), 415, 'MALFORMED');
    await expectRefused(send({ ...good, note: 'x'.repeat(20_000) }), 413, 'MALFORMED');
    expect((await witness.get('/v1/swap/xyz')).status).to.equal(400);
  });
});

describe('a witness that was restored from an old backup', () => {
  test('tells the old note, and takes no other that does not extend it', async () => {
    grow('a');
    const first = world.sign(checkpointOf());
    await expectTaken(swap(0, first), first);
    await witness.close();
    const store = join(witness.dataDir, 'witness');
    await cp(store, `${store}-old`, { recursive: true });
    witness = await world.startWitness();
    await until('the chain was read', async () => (await witness.get('/readyz')).status === 200);
    grow('b');
    const second = world.sign(checkpointOf());
    await expectTaken(swap(2, second), second);
    await witness.close();
    await rm(store, { recursive: true });
    await cp(`${store}-old`, store, { recursive: true });
    witness = await world.startWitness();
    await until('the chain was read', async () => (await witness.get('/readyz')).status === 200);
    expect(await noteThere()).to.equal(first);
    const other = new StoryLog(ISSUER);
    for (const name of ['x', 'y']) grow(name, other);
    await expectRefused(swap(2, world.sign(checkpointOf(other)), other), 422, 'UNVERIFIED');
  });
});

describe('a witness that keeps the register', () => {
  async function isSigned(size: number): Promise<boolean> {
    const { status } = await witness.get(`/seen/${encodeHex(log.logId)}?size=${size}`);
    return status === 200;
  }

  test('signs for no checkpoint that contradicts what is registered, and convicts the log that signed both', async () => {
    grow('a');
    world.anchor();
    await until('it is signed', () => isSigned(2));
    // One copy registers its next checkpoint; the other anchors its own, of the same size, without asking.
    const copy = new StoryLog(log.authority);
    for (const row of log.rows) {
      const leafHash = leafHashOf(row.bytes);
      copy.rows.push(row);
      copy.tree.append(leafHash);
      copy.map.insert({ slot: row.slot, leafHash });
    }
    grow('c', copy);
    grow('b');
    const note = world.sign(checkpointOf());
    await expectTaken(swap(0, note), note);
    world.issuer.log = copy;
    const other = world.sign(checkpointOf(copy));
    world.issuer.note = other;
    world.mineNote(other);
    const view = await hasTrouble(witness, log, 'FORKED_LOG');
    expect(view.finding).to.deep.include({ a: note, b: other, tree: null });
    expect(await isSigned(4)).to.equal(false);
  });

  test('signs what goes on from it, and what was anchored before it', async () => {
    grow('a');
    const anchored = world.publish();
    grow('b');
    const note = world.sign(checkpointOf());
    await expectTaken(swap(0, note), note);
    world.mineNote(anchored);
    await until('the older one is signed', () => isSigned(2));
    world.issuer.note = note;
    world.mineNote(note);
    await until('it is signed', () => isSigned(4));
    grow('c');
    world.anchor();
    await until('the next one is signed', () => isSigned(6));
    expect(await logView(witness, log)).to.include({ trouble: null });
  });
});
