import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, type StoryLog } from '../verify/story.ts';
import { FakeMember } from './fake-member.ts';
import { judgeAt, short } from './reader.ts';
import { hasTrouble, logView, type Served, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
let member: FakeMember;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
  member = new FakeMember(world);
});
afterEach(() => world.end());

function issue(name: string, into = log): void {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] }, into);
}

/** The sizes that a witness has signed for. */
async function signedSizes(witness: Served, sizes: readonly number[]): Promise<number[]> {
  const signed: number[] = [];
  for (const size of sizes) {
    const { status, json } = await witness.get(`/seen/${encodeHex(log.logId)}?size=${size}`);
    if (status === 200 && (json['checkpoint'] as string).includes('/witness ')) signed.push(size);
  }
  return signed;
}

async function hasHadTime(): Promise<void> {
  const { polls } = world.chain;
  await until('the chain was polled some more', () => world.chain.polls > polls + 8);
}

function clear(): void {
  world.chain.mine(world.story.tick(), { kind: 'dispute-cleared', logId: log.logId, reason: 'an operator’s error, made good' });
}

describe('a log that the court disputes', () => {
  test('is undetermined from the disputed size on, and as before once a quorum has cleared it', async () => {
    const { verifier } = await world.startBoth();
    issue('a');
    world.anchor();
    await standsOn(verifier, log, 2);
    await until('it is valid', async () => short(await judgeAt(world, verifier, digestOf('a'))) === 'valid');
    member.dispute(log.logId, 3);
    await hasHadTime();
    expect(await logView(verifier, log)).to.include({ trouble: null });
    expect(short(await judgeAt(world, verifier, digestOf('a')))).to.equal('valid');
    member.dispute(log.logId, 2);
    await hasTrouble(verifier, log, 'DISPUTED_LOG');
    const verdict = await judgeAt(world, verifier, digestOf('a'));
    expect(verdict.verdict).to.equal('undetermined');
    expect(verdict.reasons).to.include('DISPUTED_LOG');
    // Another department's log beside it stands.
    expect(await logView(verifier, world.story.outsider)).to.include({ trouble: null });
    clear();
    await hasTrouble(verifier, log, null);
    expect(short(await judgeAt(world, verifier, digestOf('a')))).to.equal('valid');
  });

  test('gets no cosignature and no attestation beyond the dispute, and all of them once it is cleared', async () => {
    const witness = await world.startWitness();
    for (const [name, size] of [
      ['a', 2],
      ['b', 4],
    ] as const) {
      issue(name);
      world.anchor();
      await until('it is signed', async () => (await signedSizes(witness, [size])).length === 1);
    }
    member.dispute(log.logId, 5);
    issue('c');
    world.anchor();
    await until('all is replayed', async () => (await logView(witness, log)).size === 6);
    await hasHadTime();
    expect(await signedSizes(witness, [2, 4, 6])).to.deep.equal([2, 4]);
    expect((await witness.get(`/seen/${encodeHex(log.logId)}?size=6`)).status).to.equal(404);
    clear();
    await until('it goes on', async () => (await signedSizes(witness, [6])).length === 1);
  });

  test('stays writable: what it anchors is followed and can be looked up', async () => {
    const verifier = await world.start('verifier');
    issue('a');
    world.anchor();
    member.dispute(log.logId, 1);
    await hasTrouble(verifier, log, 'DISPUTED_LOG');
    issue('b');
    world.anchor();
    expect(await standsOn(verifier, log, 4)).to.include({ trouble: 'DISPUTED_LOG' });
  });
});

describe('a witness whose key', () => {
  const keyId = (): ReturnType<typeof bytesOf> => keyIdOf(world.story.witnessSigner.publicKey);

  async function signs(witness: Served, name: string): Promise<boolean> {
    issue(name);
    world.anchor();
    const size = log.rows.length;
    await until('it is replayed', async () => (await logView(witness, log)).size === size);
    await hasHadTime();
    return (await signedSizes(witness, [size])).length === 1;
  }

  test('is suspended signs nothing until the suspension is lifted or over, and then all of it', async () => {
    const { story, chain } = world;
    const witness = await world.startWitness();
    expect(await signs(witness, 'a')).to.equal(true);
    const suspend = (until: number | null): unknown =>
      chain.mine(story.tick(), { kind: 'key-suspended', keyId: keyId(), suspendedAt: story.clock, until });
    suspend(story.clock + 7 * 86_400_000);
    expect(await signs(witness, 'b')).to.equal(false);
    suspend(null);
    await until('it goes on', async () => (await signedSizes(witness, [2, 4])).length === 2);
    suspend(story.clock + 60_000);
    expect(await signs(witness, 'c')).to.equal(false);
    chain.mine(story.tick(61_000));
    await until('it goes on', async () => (await signedSizes(witness, [6])).length === 1);
  });

  test('is declared lost signs nothing any more', async () => {
    const { story, chain } = world;
    const witness = await world.startWitness();
    expect(await signs(witness, 'a')).to.equal(true);
    chain.mine(story.tick(), { kind: 'key-compromised', keyId: keyId(), since: story.clock });
    expect(await signs(witness, 'b')).to.equal(false);
  });
});

describe('a silent log', () => {
  const beats = (count: number): number => world.story.tick(count * 60_000);

  async function startedOn(account: FakeMember | null = member): Promise<Served> {
    issue('a');
    world.anchor();
    const monitor = await world.startMonitor(account);
    await standsOn(monitor, log, 2);
    return monitor;
  }

  test('is anchored for by a monitor with an account, after two of its beats, with the newest that it published', async () => {
    const monitor = await startedOn();
    issue('b');
    world.publish();
    await until('it is replayed', async () => (await logView(monitor, log)).size === 4);
    beats(1.5);
    await hasHadTime();
    expect(member.names).to.deep.equal([]);
    beats(0.6);
    const [call] = await until('it is anchored', () => member.calls.length > 0 && member.calls);
    expect(call!.name).to.equal('anchor');
    const [logId, size] = call!.values;
    expect([logId, Number(size)]).to.deep.equal([`0x${encodeHex(log.logId)}`, 4]);
    expect(FakeMember.rootsOf(call!.values)[1]).to.deep.equal(log.map.root);
    expect(call!.values[7]).to.have.length(1);
    // The chain shows it: there is nothing more to anchor.
    world.mineNote(world.issuer.note!);
    await standsOn(monitor, log, 4);
    const tried = member.calls.length;
    beats(2.1);
    await hasHadTime();
    expect(member.calls.length).to.be.within(tried, tried + 1);
  });

  test('is anchored for again when the chain refused, and not without an account, without anything new, or out of time', async () => {
    const quiet = await world.startMonitor(null, 'without account');
    const monitor = await startedOn();
    beats(2.1);
    await hasHadTime();
    expect(member.calls).to.deep.equal([]);
    issue('b');
    world.publish();
    member.refusal = 'NotLogAccount';
    await until('it was tried', () => member.calls.length > 0);
    member.refusal = null;
    const tried = member.calls.length;
    await until('it was tried again', () => member.calls.length > tried);
    expect((await logView(quiet, log)).size).to.equal(4);
    world.mineNote(world.issuer.note!);
    await standsOn(monitor, log, 4);
    issue('c');
    world.publish();
    await until('it is replayed', async () => (await logView(monitor, log)).size === 6);
    const before = member.calls.length;
    beats(70);
    await hasHadTime();
    expect(member.calls.length).to.equal(before);
  });

  test('that is convicted is not anchored for', async () => {
    const monitor = await startedOn();
    const { size, rootHash, issuedAt } = { ...world.chain.anchorsOf(log.logId)[0]! };
    const note = world.sign({ origin: log.origin, size, rootHash, issuedAt: issuedAt + 1, mapRoot: bytesOf('other') });
    world.mineNote(note, log, 'forked');
    await hasTrouble(monitor, log, 'FORKED_LOG');
    issue('b');
    world.publish();
    beats(3);
    await hasHadTime();
    expect(member.names).to.not.include('anchor');
  });
});
