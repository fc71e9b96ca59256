import { test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, isError, keccak256, type EventLog } from 'ethers';
import {
  deployContracts,
  digest,
  eventsOf,
  NO_CODE,
  OPEN,
  OTHER,
  OWNER,
  publicKey,
  refusalOf,
  START,
  TYPE,
  ZERO,
  type Deployment,
} from './deployment.ts';

const CODES = [OWNER, OTHER, NO_CODE];
const KEYS = ['log', 'log 2', 'vrf', 'vrf 2', 'theirs', 'never'].map(digest);
const LOGS = ['licences', 'successor', 'accesses', 'never'].map(digest);
const TYPES = [TYPE, '11100000000013338W010'];

const at = (minutes: number): number => START + minutes * 60_000;

/** A life with every kind of event; the calls marked so are refused and must leave no trace. */
function story({ registry, anchor, owner, stranger }: Deployment): [time: number, 'done' | 'refused', () => Promise<unknown>][] {
  const [licences, successor, accesses] = LOGS as [string, string, string];
  const signature = `0x${'5a'.repeat(64)}`;
  const anchorAt = (minutes: number, log: string, size: number, root: string, key = 'log') =>
    anchor.anchor(log, size, at(minutes), digest(root), size === 0 ? ZERO : digest(`map ${root}`), digest(key), signature, []);
  const addKey = (code: string, name: string, keyType: number) =>
    registry.addKey(code, digest(name), keyType, publicKey(name), 0);
  return [
    [at(1), 'done', () => registry.registerAuthority(OWNER, '自然资源部', '110000', NO_CODE, owner.address)],
    [at(1), 'refused', () => registry.registerAuthority(OTHER, '审计署', '110000', `0x${'39'.repeat(18)}`, owner.address)],
    [at(1), 'done', () => registry.registerAuthority(OTHER, '审计署', '110000', OWNER, owner.address)],
    [at(2), 'done', () => addKey(OWNER, 'log', 2)],
    [at(2), 'done', () => addKey(OWNER, 'log 2', 2)],
    [at(2), 'done', () => addKey(OWNER, 'vrf', 7)],
    [at(2), 'done', () => addKey(OWNER, 'vrf 2', 7)],
    [at(2), 'refused', () => addKey(OTHER, 'log', 2)],
    [at(2), 'done', () => addKey(OTHER, 'theirs', 2)],
    [at(3), 'done', () => registry.registerLog(licences, OWNER, 'o/licences', 1, 1, 60_000, 120_001)],
    [at(3), 'done', () => registry.registerLog(accesses, OTHER, 'o/accesses', 2, 60_000, 60_000, 180_000)],
    [at(3), 'refused', () => registry.registerLog(successor, OWNER, 'o/licences', 1, 1, 60_000, 120_001)],
    [at(4), 'done', () => registry.setMode(licences, TYPES[0]!, 1)],
    [at(4), 'done', () => registry.setMode(licences, TYPES[1]!, 2)],
    [at(4), 'done', () => registry.setVrfKey(licences, digest('vrf'), 0)],
    [at(4), 'refused', () => registry.setVrfKey(licences, digest('vrf 2'), 9)],
    [at(5), 'done', () => registry.grantScope(OWNER, TYPE, '110000', 0, OPEN)],
    [at(5), 'done', () => registry.declareCoverage(OWNER, TYPE, 0)],
    [at(6), 'done', () => anchorAt(6, licences, 0, 'empty')],
    [at(7), 'done', () => anchorAt(7, licences, 0, 'empty')],
    [at(8), 'done', () => anchorAt(8, licences, 3, 'r3')],
    [at(8), 'done', () => anchorAt(8, accesses, 1, 'a1', 'theirs')],
    [at(9), 'refused', () => anchorAt(9, licences, 2, 'r2')],
    [at(9), 'done', () => anchorAt(9, licences, 3, 'forked')],
    [at(10), 'done', () => registry.retireKey(digest('log'))],
    [at(11), 'refused', () => anchorAt(11, licences, 4, 'r4')],
    [at(11), 'done', () => anchorAt(11, licences, 4, 'r4', 'log 2')],
    [at(12), 'done', () => registry.declareKeyCompromised(digest('log'), at(9))],
    [at(12), 'done', () => registry.declareKeyCompromised(digest('log'), at(7))],
    [at(13), 'done', () => registry.closeLog(licences)],
    [at(14), 'done', () => registry.registerLog(successor, OWNER, 'o/successor', 1, 1, 60_000, 120_001)],
    [at(14), 'done', () => registry.setMode(successor, TYPES[0]!, 2)],
    [at(15), 'done', () => registry.changeAccount(OTHER, stranger.address)],
    [at(16), 'refused', () => anchorAt(16, accesses, 2, 'a2', 'theirs')],
  ];
}

/** What the views answer for everything there is. */
async function stateOf({ registry, anchor }: Deployment): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = {};
  const view = async (name: string, answer: Promise<unknown>): Promise<void> => {
    state[name] = await answer.catch((error: unknown) => {
      if (!isError(error, 'CALL_EXCEPTION')) throw error;
      return null;
    });
  };
  for (const code of CODES) await view(`authority ${code}`, registry.authorityOf(code));
  for (const key of KEYS) await view(`key ${key}`, registry.keyOf(key));
  for (const log of LOGS) {
    await view(`log ${log}`, registry.logOf(log));
    await view(`account ${log}`, registry.accountOf(log));
    await view(`open ${log}`, registry.isOpen(log));
    for (const type of TYPES) await view(`mode ${log} ${type}`, registry.modeOf(log, type));
    await view(`head ${log}`, anchor.headOf(log));
    const { count } = await anchor.headOf(log);
    for (let i = 0n; i <= count; i++) await view(`word ${log} ${i}`, anchor.wordAt(log, i));
  }
  return state;
}

/** The same, from events alone. */
function replay(events: readonly EventLog[]): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const code of CODES) state[`authority ${code}`] = null;
  for (const key of KEYS) state[`key ${key}`] = null;
  for (const log of LOGS) {
    Object.assign(state, {
      [`log ${log}`]: null,
      [`open ${log}`]: false,
      [`head ${log}`]: [0n, 0n, 0n, 0n],
      [`word ${log} 0`]: ZERO,
    });
    for (const type of TYPES) state[`mode ${log} ${type}`] = 0n;
  }
  for (const { eventName, args } of events) {
    const e = args.toObject() as Record<string, string & bigint>;
    const key = state[`key ${e.keyId}`] as unknown[];
    if (eventName === 'AuthorityRegistered') state[`authority ${e.code}`] = [e.parent, e.account];
    if (eventName === 'AccountChanged') (state[`authority ${e.code}`] as unknown[])[1] = e.account;
    if (eventName === 'KeyAdded') state[`key ${e.keyId}`] = [e.code, e.keyType, e.validFrom, OPEN, OPEN];
    if (eventName === 'KeyRetired') key[3] = e.validTo;
    if (eventName === 'KeyCompromised') key[4] = e.since;
    if (eventName === 'LogRegistered') state[`log ${e.logId}`] = [e.owner, e.logClass, OPEN];
    if (eventName === 'LogRegistered') state[`open ${e.logId}`] = true;
    if (eventName === 'LogClosed') (state[`log ${e.logId}`] as unknown[])[2] = e.closedAt;
    if (eventName === 'LogClosed') state[`open ${e.logId}`] = false;
    if (eventName === 'ModeSet') state[`mode ${e.logId} ${e.licenceType}`] = e.mode;
    if (eventName === 'Anchored') {
      state[`head ${e.logId}`] = [BigInt(e.sequence!) + 1n, e.size, e.time, e.blockTime];
      const types = ['uint64', 'uint64', 'bytes32', 'bytes32', 'uint64'];
      const word = AbiCoder.defaultAbiCoder().encode(types, [e.size, e.time, e.root, e.mapRoot, e.blockTime]);
      state[`word ${e.logId} ${e.sequence}`] = keccak256(word);
      state[`word ${e.logId} ${BigInt(e.sequence!) + 1n}`] = ZERO;
    }
  }
  for (const log of LOGS) {
    const owner = (state[`log ${log}`] as [owner: string] | null)?.[0];
    state[`account ${log}`] = owner === undefined ? null : (state[`authority ${owner}`] as unknown[])[1];
  }
  return state;
}

test("all events from block 0 lead to the contracts' state", async () => {
  const world = await deployContracts();
  let accepted = 0;
  for (const [time, want, call] of story(world)) {
    await world.at(time);
    if (want === 'refused') await refusalOf(call());
    else await call().then(() => accepted++);
  }
  const [granted] = await eventsOf(world.registry, 'ScopeGranted');
  await world.registry.endScope((granted!.args.toObject() as { scopeId: string }).scopeId).then(() => accepted++);

  const events = [...(await eventsOf(world.registry)), ...(await eventsOf(world.anchor))];
  expect(events.length).to.equal(accepted);
  expect(new Set(events.map((event) => event.eventName)).size, 'every kind of event').to.equal(14);
  expect(replay(events)).to.deep.equal(await stateOf(world));
  await world.close();
});
