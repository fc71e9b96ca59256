import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, keccak256 } from 'ethers';
import { signCheckpoint, type Checkpoint } from '../../core/log/checkpoint.ts';
import { ANCHOR, codeHex, hex, OPEN, REGISTRY, ZERO_WORD } from '../../chain/abi.ts';
import { bytesOf } from '../log/memory-log.ts';
import { keyIdOfSigner, signerNamed, SpokenLog } from '../court/spoken-log.ts';
import {
  anchorData,
  BEAT,
  call,
  CLOSED_ORIGIN,
  CODE,
  deployCourtWorld,
  errorsOf,
  eventsIn,
  HOUR,
  logSigner,
  MINUTE,
  ORIGIN,
  OTHER_CODE,
  provoked,
  READY,
  refusalOf,
  SECOND,
  secondSigner,
  type AnchorCall,
  type CourtWorld,
} from '../court/court-world.ts';

const MAX_INTEGER = 2n ** 53n - 1n;
const KEY = hex(keyIdOfSigner(logSigner));
/** Block time of each anchor here, unless a test says another. */
const T = READY + 10 * HOUR;

let world: CourtWorld;
let log: SpokenLog;
let restore: () => Promise<void>;

before(async () => {
  world = await deployCourtWorld();
  log = new SpokenLog(ORIGIN).grow(12);
  world.now = T;
});
after(() => world.close());
beforeEach(async () => {
  restore = await world.snapshot();
});
afterEach(() => restore());

const checkpoint = (size: number, issuedAt = world.now): Checkpoint => log.checkpoint(issuedAt, { size });
const logId = (): string => hex(log.logId);

/** Anchors the log at that size, now unless told, with the proof that it takes. */
async function anchor(size: number, change: Partial<AnchorCall> = {}): ReturnType<CourtWorld['anchor']> {
  const { size: have } = await world.head();
  const proof = log.consistency(Number(have), size);
  return world.anchor({ checkpoint: checkpoint(size, change.at), proof, ...change });
}

async function refused(size: number, change: Partial<AnchorCall> = {}): Promise<unknown[]> {
  const refusal = await refusalOf(anchor(size, change));
  if (refusal === null) throw new Error('the anchor was not refused');
  return refusal;
}

/** Handed in as the raw values say, whatever the types would allow. */
async function refusedValues(change: Record<number, unknown>): Promise<unknown[]> {
  const values = ANCHOR.parseTransaction({ data: anchorData({ checkpoint: checkpoint(5) }) })!.args.toArray(true) as unknown[];
  const data = call(ANCHOR, 'anchor', Object.assign(values, change));
  const refusal = await world.refusal(world.owner, world.addresses.anchor, data);
  if (refusal === null) throw new Error('the anchor was not refused');
  return refusal;
}

async function events(name: 'Anchored' | 'Forked'): Promise<unknown[][]> {
  const logs = await world.rawLogs('anchor');
  const found = logs.map(([raw]) => ANCHOR.parseLog({ topics: [...raw.topics], data: raw.data })!);
  return found.filter((event) => event.name === name).map((event) => event.args.toArray() as unknown[]);
}

async function wordAt(sequence: number): Promise<unknown> {
  return (await world.ask(ANCHOR, world.addresses.anchor, 'wordAt', [logId(), sequence]))[0];
}

function wordOf({ size, issuedAt, rootHash, mapRoot }: Checkpoint, blockTime: number): string {
  const types = ['uint64', 'uint64', 'bytes32', 'bytes32', 'uint64'];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [size, issuedAt, rootHash, mapRoot, blockTime]));
}

describe('an anchor', () => {
  test('stands in an event, and in storage as one word and the head', async () => {
    const said = checkpoint(5, T - SECOND);
    await anchor(5, { checkpoint: said });
    const [root, mapRoot] = [hex(said.rootHash), hex(said.mapRoot)];
    const signature = hex(signCheckpoint(said, logSigner));
    expect(await events('Anchored')).to.deep.equal([
      [logId(), 0n, 5n, BigInt(T - SECOND), root, mapRoot, KEY, signature, BigInt(T)],
    ]);
    expect(await world.head()).to.deep.equal({ count: 1n, size: 5n, time: BigInt(T - SECOND), blockTime: BigInt(T), root });
    expect(await wordAt(0)).to.equal(wordOf(said, T));
    expect(await wordAt(1)).to.equal(ZERO_WORD);
  });

  test('comes from the account of the owner, until the log has been silent for two beats', async () => {
    const from = world.stranger;
    const silentAt = (since: number): bigint => BigInt(since + 2 * BEAT);
    await anchor(5);
    for (const at of [T, T + 2 * BEAT]) {
      expect(await refused(6, { from, at })).to.deep.equal(['NotLogAccount', logId(), from.address, silentAt(T)]);
    }
    await anchor(6, { from, at: T + 2 * BEAT + SECOND });
    const again = T + 2 * BEAT + 2 * SECOND;
    expect((await refused(7, { from, at: again }))[3]).to.equal(silentAt(again - SECOND));
    await anchor(7, { at: again });
  });

  test('is anybody’s from two beats after the log’s registration, if there is none', async () => {
    await world.registerLog(CLOSED_ORIGIN.replace('closed', 'third') as typeof ORIGIN);
    const third = new SpokenLog(CLOSED_ORIGIN.replace('closed', 'third') as typeof ORIGIN).grow(1);
    const first = (at: number): Promise<unknown> => world.anchor({ checkpoint: third.checkpoint(at), from: world.stranger, at });
    const silentAt = BigInt(T + 2 * BEAT);
    const want = ['NotLogAccount', hex(third.logId), world.stranger.address, silentAt];
    expect(await refusalOf(first(T + 2 * BEAT))).to.deep.equal(want);
    await first(T + 2 * BEAT + SECOND);
  });

  test('is taken from the owner’s present account', async () => {
    const { registry } = world.addresses;
    await world.send(world.owner, registry, call(REGISTRY, 'changeAccount', [codeHex(CODE), world.members[2]!.address]));
    await anchor(5, { from: world.members[2]! });
    expect((await refused(6, { at: T + SECOND }))[0]).to.equal('NotLogAccount');
  });

  test('of one log says nothing about another', async () => {
    await anchor(5);
    const other = new SpokenLog(CLOSED_ORIGIN).grow(1, 'other');
    await world.anchor({ checkpoint: other.checkpoint(T) });
    expect((await world.head(CLOSED_ORIGIN)).count).to.equal(1n);
    expect((await world.head()).size).to.equal(5n);
  });

  test('refuses each argument out of shape', async () => {
    const empty = hex(new SpokenLog(ORIGIN).checkpoint(T).rootHash);
    const [root, mapRoot] = [hex(checkpoint(5).rootHash), hex(checkpoint(5).mapRoot)];
    for (const [change, want] of [
      [{ 1: MAX_INTEGER + 1n }, ['BadNumber', MAX_INTEGER + 1n]],
      [{ 1: OPEN }, ['BadNumber', OPEN]],
      [{ 2: MAX_INTEGER + 1n }, ['BadNumber', MAX_INTEGER + 1n]],
      [{ 1: 0n }, ['BadRoot', 0n, root]],
      [{ 3: empty }, ['BadRoot', 5n, empty]],
      [{ 1: 0n, 3: empty }, ['BadMapRoot', 0n, mapRoot]],
      [{ 4: ZERO_WORD }, ['BadMapRoot', 5n, ZERO_WORD]],
      [{ 7: Array.from({ length: 65 }, () => ZERO_WORD) }, ['ProofTooLong', 65n]],
      [{ 7: Array.from({ length: 64 }, () => ZERO_WORD) }, ['NotExtending', logId(), 0n, 5n]],
    ] as const) {
      expect(await refusedValues(change)).to.deep.equal(want);
    }
  });

  test('bears the signature of its own 128 bytes, 64 bytes long', async () => {
    const good = hex(signCheckpoint(checkpoint(5), logSigner));
    const bad = ['BadSignature', KEY];
    const { registry } = world.addresses;
    await world.send(world.owner, registry, call(REGISTRY, 'closeLog', [hex(new SpokenLog(CLOSED_ORIGIN).logId)]));
    for (const signature of [
      '0x',
      good.slice(0, -2),
      `${good}00`,
      `0x${'00'.repeat(64)}`,
      `0x${'5a'.repeat(64)}`,
      `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`,
      hex(signCheckpoint(checkpoint(5), secondSigner)),
      hex(signCheckpoint(checkpoint(5, T + 1), logSigner)),
      hex(signCheckpoint(checkpoint(6), logSigner)),
      hex(signCheckpoint({ ...checkpoint(5), rootHash: bytesOf('r') }, logSigner)),
      hex(signCheckpoint({ ...checkpoint(5), mapRoot: bytesOf('m') }, logSigner)),
      hex(signCheckpoint({ ...checkpoint(5), origin: CLOSED_ORIGIN }, logSigner)),
    ]) {
      expect(await refused(5, { signature })).to.deep.equal(bad);
    }
    expect(await refusedValues({ 4: hex(bytesOf('m')) })).to.deep.equal(bad);
    await anchor(5, { signature: good });
  });

  test('is signed with a living log key of the owner', async () => {
    await world.registerKey(signerNamed('document'), 'document');
    await world.registerKey(signerNamed('foreign'), 'log', OTHER_CODE);
    await world.registerKey(signerNamed('lost'));
    await world.registerKey(signerNamed('retired'));
    await world.registerKey(signerNamed('suspended'));
    world.now = T + SECOND;
    await world.declareCompromised(signerNamed('lost'), T);
    await world.retire(signerNamed('retired'));
    await world.suspend(signerNamed('suspended'));
    const retiredAt = world.now;
    const signed = (name: string, issuedAt = world.now): Partial<AnchorCall> => ({
      signer: signerNamed(name),
      checkpoint: checkpoint(5, issuedAt),
    });
    const idOf = (name: string): string => hex(keyIdOfSigner(signerNamed(name)));
    for (const [name, issuedAt, want] of [
      ['unheard of', T, ['UnknownKey', idOf('unheard of')]],
      ['document', T + SECOND, ['WrongKey', idOf('document')]],
      ['foreign', T + SECOND, ['WrongKey', idOf('foreign')]],
      ['log key', READY - 2 * HOUR, ['WrongKey', KEY]],
      ['lost', T - 1, ['NotValidThen', idOf('lost'), BigInt(T - 1)]],
      ['lost', T + SECOND, ['CompromisedKey', idOf('lost'), BigInt(T)]],
      ['retired', T, ['RetiredKey', idOf('retired'), BigInt(retiredAt)]],
      ['retired', retiredAt, ['NotValidThen', idOf('retired'), BigInt(retiredAt)]],
      ['suspended', T + SECOND, ['SuspendedKey', idOf('suspended'), BigInt(retiredAt + 7 * 24 * HOUR)]],
    ] as const) {
      expect(await refused(5, signed(name, issuedAt))).to.deep.equal(want);
    }
    await world.liftSuspension(signerNamed('suspended'));
    await anchor(5, signed('suspended'));
  });

  test('of an unknown log has no owner whose key counts', async () => {
    const nobody = new SpokenLog(ORIGIN.replace('licences', 'unheard-of') as typeof ORIGIN).grow(5);
    expect(await refused(5, { checkpoint: nobody.checkpoint(T) })).to.deep.equal(['WrongKey', KEY]);
  });

  test('lies between an hour before the block and two minutes after it', async () => {
    for (const time of [T - HOUR - 1, T + 2 * MINUTE + 1, Number.MAX_SAFE_INTEGER]) {
      expect(await refused(5, { checkpoint: checkpoint(5, time) })).to.deep.equal(['TimeOutOfBounds', BigInt(time), BigInt(T)]);
    }
    await anchor(5, { checkpoint: checkpoint(5, T - HOUR) });
    await anchor(6, { checkpoint: checkpoint(6, T + 2 * MINUTE) });
  });

  test('is later than the one before it and not smaller', async () => {
    await anchor(5);
    const at = T + SECOND;
    for (const time of [T, T - 1]) {
      const want = ['NotLater', logId(), BigInt(T), BigInt(time)];
      expect(await refused(6, { at, checkpoint: checkpoint(6, time) })).to.deep.equal(want);
      expect(await refused(5, { at, checkpoint: checkpoint(5, time) })).to.deep.equal(want);
    }
    for (const size of [4, 0]) {
      const want = ['SizeShrinks', logId(), 5n, BigInt(size)];
      expect(await refused(5, { at, checkpoint: checkpoint(size, at) })).to.deep.equal(want);
    }
    await anchor(6, { at });
    expect((await world.head()).count).to.equal(2n);
  });

  test('extends the one before it, and the proof says so', async () => {
    await anchor(5);
    const at = T + SECOND;
    const other = log.branch(4).grow(8, 'other');
    const want = ['NotExtending', logId(), 5n, 11n];
    const proof = log.consistency(5, 11);
    for (const change of [
      { proof: [] },
      { proof: proof.slice(1) },
      { proof: [...proof, bytesOf('more')] },
      { proof: proof.toReversed() },
      { proof: log.consistency(6, 11) },
      { checkpoint: other.checkpoint(at, { size: 11 }) },
      { checkpoint: other.checkpoint(at, { size: 11 }), proof: other.consistency(5, 11) },
    ]) {
      expect(await refused(11, { at, ...change })).to.deep.equal(want);
    }
    await anchor(11, { at });
  });

  test('comes first without a proof: every tree extends the empty one', async () => {
    expect(await refused(5, { proof: [bytesOf('more')] })).to.deep.equal(['NotExtending', logId(), 0n, 5n]);
    await anchor(5, { proof: [] });
    const idle = { checkpoint: checkpoint(5, T + SECOND), at: T + SECOND };
    expect(await refused(5, { ...idle, proof: [bytesOf('more')] })).to.deep.equal(['NotExtending', logId(), 5n, 5n]);
  });

  test('extends every size by every larger one', async () => {
    for (let size = 0; size <= 12; size++) await anchor(size, { at: T + size * SECOND });
    expect((await world.head()).count).to.equal(13n);
  });

  test('of an idle log has the same roots and a new time, also while it is empty', async () => {
    for (const [i, size] of [0, 0, 5, 5].entries()) await anchor(size, { at: T + i * HOUR });
    const root = hex(checkpoint(5).rootHash);
    const time = BigInt(T + 3 * HOUR);
    expect(await world.head()).to.deep.equal({ count: 4n, size: 5n, time, blockTime: time, root });
    expect(await events('Forked')).to.deep.equal([]);
  });

  test('goes on under the successor, and no longer under the one before', async () => {
    const theirs = signerNamed('theirs');
    await world.registerKey(theirs, 'log', OTHER_CODE);
    await anchor(5);
    world.now = T + MINUTE;
    const { registry } = world.addresses;
    const share = [codeHex(OTHER_CODE), [logId()], []];
    await world.decide(registry, call(REGISTRY, 'recordSuccession', [codeHex(CODE), [share], false]));
    const at = T + MINUTE + SECOND;
    const before = checkpoint(6, T + 1);
    const want = ['NotLogAccount', logId(), world.owner.address, BigInt(T + 2 * BEAT)];
    expect(await refused(6, { at, checkpoint: before })).to.deep.equal(want);
    const from = world.stranger;
    expect(await refused(6, { at, from })).to.deep.equal(['WrongKey', KEY]);
    expect(await refused(6, { at, from, signer: theirs, checkpoint: before })).to.deep.equal([
      'WrongKey',
      hex(keyIdOfSigner(theirs)),
    ]);
    // What was signed before it moved, whoever brings it.
    await anchor(6, { at, from, checkpoint: before });
    await anchor(7, { at: at + SECOND, from, signer: theirs });
  });

  test('is not taken by a closed log', async () => {
    await anchor(5);
    world.now = T + SECOND;
    await world.closeLog(ORIGIN);
    const want = ['ClosedLog', logId(), BigInt(T + SECOND)];
    expect(await refused(6, { at: T + 2 * SECOND })).to.deep.equal(want);
    expect(await refused(6, { at: T + HOUR, from: world.stranger })).to.deep.equal(want);
  });
});

describe('a fork', () => {
  const other = (size: number, issuedAt = world.now): Checkpoint =>
    log.branch(2).grow(10, 'other').checkpoint(issuedAt, { size });

  /** Hands in a checkpoint that is expected to contradict the newest anchor. */
  async function handIn(forked: Checkpoint, change: Partial<AnchorCall> = {}): Promise<void> {
    const data = anchorData({ checkpoint: forked, ...change });
    const receipt = await world.send(change.from ?? world.stranger, world.addresses.anchor, data, change.at);
    expect(eventsIn(receipt, ANCHOR).map(({ name }) => name)).to.deep.equal(['Forked']);
  }

  test('of the newest anchor is an event that names it, and leaves the head and its word as they are', async () => {
    await anchor(4);
    await anchor(5, { at: T + SECOND });
    const before = [await world.head(), await wordAt(1), await wordAt(2)];
    const forked = other(5, T + HOUR);
    await handIn(forked, { at: T + HOUR });
    const [root, mapRoot, signature] = [forked.rootHash, forked.mapRoot, signCheckpoint(forked, logSigner)].map(hex);
    expect(await events('Forked')).to.deep.equal([
      [logId(), 1n, 5n, BigInt(T + HOUR), root, mapRoot, KEY, signature, BigInt(T + HOUR)],
    ]);
    expect([await world.head(), await wordAt(1), await wordAt(2)]).to.deep.equal(before);
  });

  test('is another map root as well', async () => {
    await anchor(5);
    await handIn({ ...checkpoint(5), mapRoot: log.mapRoots[4]! });
  });

  test('is recorded from anyone, whatever its time and proof', async () => {
    await anchor(5);
    for (const time of [T, T - SECOND, READY, T + 5 * HOUR, Number.MAX_SAFE_INTEGER]) await handIn(other(5, time));
    await handIn(other(5), { proof: Array.from({ length: 70 }, () => bytesOf('more')), from: world.owner });
    expect((await events('Forked')).length).to.equal(6);
  });

  test('is recorded under a key that was retired since, and for a closed log', async () => {
    await anchor(5, { signer: secondSigner });
    world.now += SECOND;
    await world.retire(secondSigner);
    await world.closeLog(ORIGIN);
    await handIn(other(5, T), { signer: secondSigner });
    const late = await refused(5, { checkpoint: other(5, T + SECOND), signer: secondSigner });
    expect(late[0]).to.equal('NotValidThen');
  });

  test('is not recorded under a key in doubt: the court takes that', async () => {
    await anchor(5);
    await world.suspend(secondSigner);
    const forked = { checkpoint: other(5), signer: secondSigner, from: world.stranger };
    expect((await refused(5, forked))[0]).to.equal('SuspendedKey');
    await world.declareCompromised(secondSigner);
    expect((await refused(5, forked))[0]).to.equal('CompromisedKey');
  });

  test('is not recorded without a signature, under a wrong key or in a broken shape', async () => {
    await anchor(5);
    const from = world.stranger;
    const forked = other(5);
    expect((await refused(5, { checkpoint: forked, from, signature: '0x' }))[0]).to.equal('BadSignature');
    expect((await refused(5, { checkpoint: other(6), from, signer: secondSigner }))[0]).to.equal('NotLogAccount');
    expect((await refused(5, { checkpoint: forked, from, signer: signerNamed('unheard of') }))[0]).to.equal('UnknownKey');
    expect((await refused(5, { checkpoint: other(5, READY - 2 * HOUR), from }))[0]).to.equal('WrongKey');
    expect((await refusedValues({ 1: 5n, 3: hex(bytesOf('r')) }))[0]).to.equal('BadSignature');
    expect(await events('Forked')).to.deep.equal([]);
  });

  test('of an older anchor is the court’s', async () => {
    await anchor(4);
    await anchor(5, { at: T + SECOND });
    expect((await refused(5, { checkpoint: other(4), from: world.owner }))[0]).to.equal('SizeShrinks');
  });

  test('does not keep the log from growing', async () => {
    await anchor(5);
    await handIn(other(5));
    await anchor(6, { at: T + SECOND });
    expect((await world.head()).count).to.equal(2n);
  });
});

test('every refusal of the contract has been provoked', () => {
  expect([...provoked]).to.include.members(errorsOf(ANCHOR));
});
