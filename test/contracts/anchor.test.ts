import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, keccak256, type JsonRpcSigner } from 'ethers';
import {
  deployContracts,
  digest,
  eventsOf,
  HOUR,
  MAX_INTEGER,
  OPEN,
  OTHER,
  OWNER,
  publicKey,
  refusalOf,
  registerLog,
  SECOND,
  START,
  ZERO,
  type Deployment,
} from './deployment.ts';

/** Block time of each anchor here, unless a test says another. */
const T = START + 10 * HOUR;
const KEY = digest('log key');
const SIGNATURE = `0x${'5a'.repeat(64)}`;

let world: Deployment;
let logId: string;
beforeEach(async () => {
  world = await deployContracts();
  logId = await registerLog(world);
});
afterEach(() => world.close());

interface Anchor {
  blockTime: number;
  logId: string;
  size: bigint;
  time: number | bigint;
  root: string;
  mapRoot: string;
  keyId: string;
  signature: string;
  proof: string[];
  from: JsonRpcSigner;
}

async function anchor(change: Partial<Anchor> = {}): Promise<void> {
  const blockTime = change.blockTime ?? T;
  const good = { logId, size: 5n, time: blockTime, root: digest('r'), mapRoot: digest('m'), keyId: KEY, from: world.owner };
  const call = { ...good, signature: SIGNATURE, proof: [], ...change };
  await world.at(blockTime);
  await world.anchor
    .connect(call.from)
    .anchor(call.logId, call.size, call.time, call.root, call.mapRoot, call.keyId, call.signature, call.proof);
}

const refused = (change: Partial<Anchor>): Promise<unknown[]> => refusalOf(anchor(change));

async function events(name: 'Anchored' | 'Forked'): Promise<unknown[][]> {
  return (await eventsOf(world.anchor, name)).map((event) => event.args.toArray() as unknown[]);
}

function wordOf(size: bigint, time: number, root: string, mapRoot: string, blockTime: number): string {
  const types = ['uint64', 'uint64', 'bytes32', 'bytes32', 'uint64'];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [size, time, root, mapRoot, blockTime]));
}

describe('an anchor', () => {
  test('stands in an event, and in storage as one word and the head', async () => {
    await anchor({ time: T - SECOND });
    const mapRoot = digest('m');
    expect(await events('Anchored')).to.deep.equal([
      [logId, 0n, 5n, BigInt(T - SECOND), digest('r'), mapRoot, KEY, SIGNATURE, BigInt(T)],
    ]);
    expect(await world.anchor.headOf(logId)).to.deep.equal([1n, 5n, BigInt(T - SECOND), BigInt(T)]);
    expect(await world.anchor.wordAt(logId, 0)).to.equal(wordOf(5n, T - SECOND, digest('r'), mapRoot, T));
    expect(await world.anchor.wordAt(logId, 1)).to.equal(ZERO);
  });

  test('comes from the account of the owner of an open, registered log', async () => {
    const stranger = { from: world.stranger };
    expect(await refused(stranger)).to.deep.equal(['NotLogAccount', logId, world.stranger.address]);
    expect(await refused({ logId: ZERO })).to.deep.equal(['UnknownLog', ZERO]);
    await world.registry.changeAccount(OWNER, world.stranger.address);
    expect(await refused({})).to.deep.equal(['NotLogAccount', logId, world.owner.address]);
    await anchor(stranger);
    await world.at(T + SECOND);
    await world.registry.closeLog(logId);
    expect(await refused({ ...stranger, blockTime: T + HOUR })).to.deep.equal(['ClosedLog', logId, BigInt(T + SECOND)]);
  });

  test('of one log says nothing about another', async () => {
    const second = await registerLog(world, 'second');
    await anchor();
    await anchor({ logId: second, size: 1n });
    expect((await world.anchor.headOf(second)).count).to.equal(1n);
    expect((await world.anchor.headOf(logId)).size).to.equal(5n);
  });

  test('refuses each argument out of shape', async () => {
    for (const [change, want] of [
      [{ size: MAX_INTEGER + 1n }, ['BadNumber', MAX_INTEGER + 1n]],
      [{ size: OPEN }, ['BadNumber', OPEN]],
      [{ size: 0n }, ['BadMapRoot', 0n, digest('m')]],
      [{ mapRoot: ZERO }, ['BadMapRoot', 5n, ZERO]],
      [{ signature: '0x' }, ['BadSignatureLength', 0n]],
      [{ signature: SIGNATURE.slice(0, -2) }, ['BadSignatureLength', 63n]],
      [{ signature: `${SIGNATURE}00` }, ['BadSignatureLength', 65n]],
      [{ proof: Array.from({ length: 65 }, () => ZERO) }, ['ProofTooLong', 65n]],
    ] as const) {
      expect(await refused(change)).to.deep.equal(want);
    }
    await anchor({ proof: Array.from({ length: 64 }, () => ZERO), size: MAX_INTEGER });
  });

  test('is signed with a living log key of the owner', async () => {
    const { registry } = world;
    const late = T + 1;
    await registry.addKey(OWNER, digest('document key'), 3, publicKey('document'), 0);
    await registry.addKey(OTHER, digest('foreign'), 2, publicKey('foreign'), 0);
    await registry.addKey(OWNER, digest('future'), 2, publicKey('future'), late);
    for (const name of ['lost', 'retired']) await registry.addKey(OWNER, digest(name), 2, publicKey(name), 0);
    await world.at(T);
    await registry.declareKeyCompromised(digest('lost'), T - HOUR);
    await world.at(T);
    await registry.retireKey(digest('retired'));
    for (const [name, want] of [
      ['unheard of', ['UnknownKey', digest('unheard of')]],
      ['document key', ['WrongKey', digest('document key')]],
      ['foreign', ['WrongKey', digest('foreign')]],
      ['future', ['NotYetValid', digest('future'), BigInt(late)]],
      ['lost', ['CompromisedKey', digest('lost'), BigInt(T - HOUR)]],
      ['retired', ['RetiredKey', digest('retired'), BigInt(T)]],
    ] as const) {
      expect(await refused({ keyId: digest(name) })).to.deep.equal(want);
    }
    await anchor({ keyId: digest('future'), time: late });
  });

  test('lies between an hour before the block and two minutes after it', async () => {
    for (const time of [T - HOUR - 1, T + 2 * 60_000 + 1]) {
      expect(await refused({ time })).to.deep.equal(['TimeOutOfBounds', BigInt(time), BigInt(T)]);
    }
    expect((await refused({ time: 0 }))[0]).to.equal('NotYetValid');
    const beyond = Number.MAX_SAFE_INTEGER;
    expect(await refused({ time: beyond })).to.deep.equal(['TimeOutOfBounds', BigInt(beyond), BigInt(T)]);
    await anchor({ time: T - HOUR });
    await anchor({ time: T + 2 * 60_000 });
  });

  test('is later than the one before it and not smaller', async () => {
    await anchor();
    const blockTime = T + SECOND;
    for (const time of [T, T - 1]) {
      expect(await refused({ blockTime, time, size: 6n })).to.deep.equal(['NotLater', logId, BigInt(T), BigInt(time)]);
      expect(await refused({ blockTime, time })).to.deep.equal(['NotLater', logId, BigInt(T), BigInt(time)]);
    }
    expect(await refused({ blockTime, size: 4n })).to.deep.equal(['SizeShrinks', logId, 5n, 4n]);
    const empty = { size: 0n, mapRoot: ZERO };
    expect(await refused({ blockTime, ...empty })).to.deep.equal(['SizeShrinks', logId, 5n, 0n]);
    await anchor({ blockTime, size: 6n, root: digest('r6') });
    expect((await world.anchor.headOf(logId)).count).to.equal(2n);
  });

  test('of an idle log has the same roots and a new time, also while it is empty', async () => {
    const empty = { size: 0n, mapRoot: ZERO };
    await anchor(empty);
    await anchor({ ...empty, blockTime: T + HOUR });
    await anchor({ blockTime: T + 2 * HOUR });
    await anchor({ blockTime: T + 3 * HOUR });
    expect(await world.anchor.headOf(logId)).to.deep.equal([4n, 5n, BigInt(T + 3 * HOUR), BigInt(T + 3 * HOUR)]);
    expect(await events('Forked')).to.deep.equal([]);
  });
});

describe('a fork', () => {
  const later = T + SECOND;
  const fork = { blockTime: later, root: digest('other') };

  test('of the newest anchor is an event that names it, and leaves the head and its word as they are', async () => {
    await anchor({ size: 4n });
    await anchor({ blockTime: later });
    const before = [await world.anchor.headOf(logId), await world.anchor.wordAt(logId, 1)];
    await anchor({ ...fork, blockTime: T + HOUR });
    expect(await events('Forked')).to.deep.equal([
      [logId, 1n, 5n, BigInt(T + HOUR), digest('other'), digest('m'), KEY, SIGNATURE, BigInt(T + HOUR)],
    ]);
    expect([await world.anchor.headOf(logId), await world.anchor.wordAt(logId, 1)]).to.deep.equal(before);
  });

  test('is another map root as well, and another root of the empty tree', async () => {
    await anchor({ size: 0n, mapRoot: ZERO });
    await anchor({ ...fork, size: 0n, mapRoot: ZERO });
    await anchor({ blockTime: later });
    await anchor({ blockTime: T + HOUR, mapRoot: digest('other') });
    expect((await events('Forked')).map((event) => [event[1], event[2]])).to.deep.equal([
      [0n, 0n],
      [1n, 5n],
    ]);
  });

  test('is recorded whatever its time is', async () => {
    await anchor();
    for (const time of [T, T - SECOND, T - 2 * HOUR, T + 5 * HOUR]) await anchor({ ...fork, time });
    expect((await events('Forked')).length).to.equal(4);
  });

  test('is not recorded for a stranger, a wrong key or a broken shape', async () => {
    await anchor();
    expect((await refused({ ...fork, from: world.stranger }))[0]).to.equal('NotLogAccount');
    expect((await refused({ ...fork, keyId: digest('unheard of') }))[0]).to.equal('UnknownKey');
    expect((await refused({ ...fork, mapRoot: ZERO }))[0]).to.equal('BadMapRoot');
    expect((await refused({ ...fork, signature: '0x' }))[0]).to.equal('BadSignatureLength');
    expect((await refused({ ...fork, time: MAX_INTEGER + 1n }))[0]).to.equal('BadNumber');
    expect(await events('Forked')).to.deep.equal([]);
  });

  test('does not keep the log from growing', async () => {
    await anchor();
    await anchor(fork);
    await anchor({ blockTime: later, size: 6n });
    expect((await world.anchor.headOf(logId)).count).to.equal(2n);
  });
});
