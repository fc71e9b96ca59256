import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import {
  at,
  HOUR,
  keyIdNamed,
  logIdOf,
  NO_CODE,
  OPEN,
  originOf,
  refusalOf,
  SECOND,
  TYPE,
  TYPE_2,
  TYPE_3,
  World,
  ZERO,
  type Name,
} from '../contracts/consortium-fixture.ts';

type Share = [successor: Name, logs: string[], licenceTypes: string[]];

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.register('nation', 'province', 'city', 'county', 'second', 'third');
});
afterEach(() => world.close());

const shares = (...list: Share[]) => list.map(([name, logs, licenceTypes]) => ({ successor: at(name), logs, licenceTypes }));

/** Recorded by the city, the parent of county, second and third, an hour later. */
async function succeed(code: Name, dissolves: boolean, ...list: Share[]): Promise<number> {
  world.chain.clock += HOUR;
  await world.by('city').recordSuccession(at(code), shares(...list), dissolves);
  return world.chain.clock;
}
const refused = (code: Name, dissolves: boolean, ...list: Share[]): Promise<unknown[]> =>
  refusalOf(world.by('city').recordSuccession(at(code), shares(...list), dissolves));

async function licenceLog(of: Name, name: string, ...types: string[]): Promise<string> {
  const logId = await world.registerLog(of, name);
  for (const type of types) await world.by(of).setMode(logId, type, 1);
  return logId;
}

const ownerOf = async (logId: string): Promise<string> => (await world.registry.logOf(logId)).owner;
const openLogs = async (...names: Name[]): Promise<bigint[]> =>
  Promise.all(names.map(async (name) => (await world.registry.authorityOf(at(name))).openLogs));

describe('a merge', () => {
  test('gives the successor the logs whole and unchanged, and ends the authority', async () => {
    const began = world.chain.clock;
    const licences = await licenceLog('county', 'licences', TYPE, TYPE_2);
    const access = await world.registerLog('county', 'access', 2);
    await world.addKeyByQuorum({ of: 'county', name: 'vrf', type: 'vrf' });
    await world.addKeyByQuorum({ of: 'second', name: 'vrf 2', type: 'vrf' });
    await world.by('county').setVrfKey(licences, keyIdNamed('vrf'), 0);
    expect(await openLogs('county', 'second')).to.deep.equal([2n, 0n]);
    const movedAt = await succeed('county', true, ['second', [licences, access], [TYPE, TYPE_2]]);

    expect(await world.lastEvent('FunctionMoved')).to.deep.equal({
      code: at('county'),
      successor: at('second'),
      logs: [licences, access],
      licenceTypes: [TYPE, TYPE_2],
      movedAt: BigInt(movedAt),
    });
    expect(await world.lastEvent('AuthorityDissolved')).to.deep.equal({ code: at('county'), dissolvedAt: BigInt(movedAt) });
    expect((await world.registry.authorityOf(at('county'))).dissolvedAt).to.equal(BigInt(movedAt));
    expect(await openLogs('county', 'second')).to.deep.equal([0n, 2n]);
    expect(await world.registry.logOf(licences)).to.deep.equal([at('second'), 1n, false, OPEN, BigInt(began), 60_000n, 120_001n]);
    for (const [time, owner] of [
      [began - 1, NO_CODE],
      [began, at('county')],
      [movedAt - 1, at('county')],
      [movedAt, at('second')],
      [OPEN, at('second')],
    ] as const) {
      expect(await world.registry.ownerAt(licences, time)).to.equal(owner);
    }
    expect(await world.registry.accountOf(licences)).to.equal(world.accountOf('second').address);
    expect(await world.registry.modeOf(licences, TYPE)).to.equal(1n);
    // The log's VRF key goes along: a second one would give one licence a second history.
    const key = world.by('second').setVrfKey(licences, keyIdNamed('vrf 2'), 1);
    expect(await refusalOf(key)).to.deep.equal(['WrongVrfIndex', licences, 1n]);
    expect(await refusalOf(world.by('county').closeLog(licences))).to.deep.include('NotAllowed');
    // The inherited log is where the type is issued from now on.
    const next = await world.registerLog('second', 'next');
    expect(await refusalOf(world.by('second').setMode(next, TYPE, 1))).to.deep.equal(['ModeTaken', licences, TYPE]);
    await world.by('second').setMode(licences, TYPE_3, 2);
    await world.by('second').closeLog(licences);
    await world.by('second').setMode(next, TYPE, 1);
  });

  test('leaves a successor its own log for the type; the inherited one keeps its histories', async () => {
    const theirs = await licenceLog('county', 'licences', TYPE);
    const own = await licenceLog('second', 'licences', TYPE);
    await succeed('county', true, ['second', [theirs], [TYPE]]);
    const next = await world.registerLog('second', 'next');
    const setMode = (): Promise<unknown> => world.by('second').setMode(next, TYPE, 1);
    expect(await refusalOf(setMode())).to.deep.equal(['ModeTaken', own, TYPE]);
    expect(await refusalOf(world.by('second').setMode(theirs, TYPE, 2))).to.deep.equal(['ModeTaken', theirs, TYPE]);
    await world.by('second').closeLog(own);
    await setMode();
    expect(await ownerOf(theirs)).to.equal(at('second'));
    expect((await world.registry.logOf(theirs)).closedAt).to.equal(OPEN);
  });

  test('of an authority without open logs names its successor all the same', async () => {
    await succeed('county', true, ['second', [], []]);
    expect(await world.lastEvent('FunctionMoved')).to.deep.include({ code: at('county'), logs: [], licenceTypes: [] });
    await succeed('third', true);
    expect((await world.registry.authorityOf(at('third'))).dissolvedAt).to.equal(BigInt(world.chain.clock));
  });

  test('leaves no open log behind', async () => {
    const licences = await licenceLog('county', 'licences', TYPE);
    const access = await world.registerLog('county', 'access', 2);
    const share: Share = ['second', [licences], [TYPE]];
    expect(await refused('county', true, share)).to.deep.equal(['OpenLogs', at('county'), 1n]);
    expect(await refused('county', true)).to.deep.equal(['OpenLogs', at('county'), 2n]);
    await world.by('county').closeLog(access);
    await succeed('county', true, share);
    expect(await ownerOf(access)).to.equal(at('county'));
  });

  test('may give closed logs to somebody who answers for them, without their types', async () => {
    const old = await licenceLog('county', 'old', TYPE, TYPE_2);
    await world.by('county').closeLog(old);
    const licences = await licenceLog('county', 'licences', TYPE);
    expect(await refused('county', true, ['second', [old, licences], [TYPE, TYPE_2]])).to.deep.equal(['BadText', TYPE_2]);
    await succeed('county', true, ['second', [old, licences], [TYPE]]);
    expect(await Promise.all([old, licences].map(ownerOf))).to.deep.equal([at('second'), at('second')]);
    expect(await openLogs('county', 'second')).to.deep.equal([0n, 1n]);
    const next = await world.registerLog('second', 'next');
    expect(await refusalOf(world.by('second').setMode(next, TYPE, 1))).to.deep.equal(['ModeTaken', licences, TYPE]);
    await world.by('second').setMode(next, TYPE_2, 1);
  });
});

describe('a split', () => {
  test('gives each successor the logs of its types', async () => {
    const one = await licenceLog('county', 'one', TYPE);
    const two = await licenceLog('county', 'two', TYPE_2, TYPE_3);
    await succeed('county', true, ['second', [one], [TYPE]], ['third', [two], [TYPE_3, TYPE_2]]);
    expect(await Promise.all([one, two].map(ownerOf))).to.deep.equal([at('second'), at('third')]);
    expect(await openLogs('county', 'second', 'third')).to.deep.equal([0n, 1n, 1n]);
  });

  test('of one log is refused: it would hold types of two authorities', async () => {
    const log = await licenceLog('county', 'licences', TYPE, TYPE_2);
    const access = await world.registerLog('county', 'access', 2);
    expect(await refused('county', false, ['second', [log], [TYPE]])).to.deep.equal(['TypeStays', log, TYPE_2]);
    expect(await refused('county', false, ['second', [access, log], [TYPE_2]])).to.deep.equal(['TypeStays', log, TYPE]);
    expect(await refused('county', false, ['second', [log], []])).to.deep.equal(['TypeStays', log, TYPE]);
    const both = await refused('county', true, ['second', [log], [TYPE]], ['third', [log], [TYPE_2]]);
    expect(both).to.deep.equal(['TypeStays', log, TYPE_2]);
    await succeed('county', false, ['second', [access, log], [TYPE_2, TYPE]]);
  });

  test('of one type is refused: its histories stay together', async () => {
    const theirs = await licenceLog('county', 'licences', TYPE);
    const own = await licenceLog('second', 'licences', TYPE);
    await succeed('county', true, ['second', [theirs], [TYPE]]);
    for (const [named, stays] of [
      [theirs, own],
      [own, theirs],
    ] as const) {
      const part = await refused('second', false, ['third', [named], [TYPE]]);
      expect(part).to.deep.equal(['LogStays', stays, TYPE]);
    }
    const halves = await refused('second', false, ['third', [own], [TYPE]], ['third', [theirs], [TYPE]]);
    expect(halves).to.deep.equal(['LogStays', theirs, TYPE]);
    await succeed('second', false, ['third', [theirs, own], [TYPE]]);
    // What was issued in stays what is issued in, also among several.
    const next = await world.registerLog('third', 'next');
    expect(await refusalOf(world.by('third').setMode(next, TYPE, 1))).to.deep.equal(['ModeTaken', own, TYPE]);
  });
});

describe('a transfer', () => {
  test('moves a part, and the authority goes on with the rest', async () => {
    const one = await licenceLog('county', 'one', TYPE);
    const two = await licenceLog('county', 'two', TYPE_2);
    await succeed('county', false, ['second', [one], [TYPE]]);
    expect((await world.registry.authorityOf(at('county'))).dissolvedAt).to.equal(OPEN);
    expect(await Promise.all([one, two].map(ownerOf))).to.deep.equal([at('second'), at('county')]);
    await world.by('county').setMode(two, TYPE_3, 1);
    await world.by('county').setMode(two, TYPE, 1);
  });

  test('names the logs in which the types are issued, and the types that the logs hold', async () => {
    const one = await licenceLog('county', 'one', TYPE);
    const two = await licenceLog('county', 'two', TYPE_2);
    expect(await refused('county', false, ['second', [], [TYPE]])).to.deep.equal(['LogStays', one, TYPE]);
    expect(await refused('county', false, ['second', [one], [TYPE, TYPE_2]])).to.deep.equal(['LogStays', two, TYPE_2]);
    for (const type of [TYPE_3, 'no type', '']) {
      expect(await refused('county', false, ['second', [one], [TYPE, type]])).to.deep.equal(['BadText', type]);
    }
    expect(await refused('county', false, ['second', [one], [TYPE, TYPE]])).to.deep.equal(['BadText', TYPE]);
    const twice = await refused('county', false, ['second', [one], [TYPE]], ['third', [two], [TYPE, TYPE_2]]);
    expect(twice).to.deep.equal(['BadText', TYPE]);
  });

  test('of logs that are not the authority’s, or named twice, is refused', async () => {
    const one = await licenceLog('county', 'one', TYPE);
    const theirs = await licenceLog('second', 'theirs', TYPE);
    const notOwner = (logId: string): unknown[] => ['NotOwner', logId, at('county')];
    expect(await refused('county', false, ['third', [theirs], [TYPE]])).to.deep.equal(notOwner(theirs));
    expect(await refused('county', false, ['third', [one, one], [TYPE]])).to.deep.equal(notOwner(one));
    expect(await refused('county', false, ['third', [ZERO], [TYPE]])).to.deep.equal(['UnknownLog', ZERO]);
    const twice = await refused('county', false, ['second', [one], [TYPE]], ['third', [one], []]);
    expect(twice).to.deep.equal(notOwner(one));
  });

  test('may be undone, and chains of successors work', async () => {
    const log = await licenceLog('county', 'licences', TYPE);
    const times = [world.chain.clock];
    const path = ['county', 'second', 'third', 'county', 'second'] as const;
    for (let i = 1; i < path.length; i++) times.push(await succeed(path[i - 1]!, false, [path[i]!, [log], [TYPE]]));
    for (const [i, name] of path.entries()) {
      expect(await world.registry.ownerAt(log, times[i]!)).to.equal(at(name));
      expect(await world.registry.ownerAt(log, times[i]! + HOUR - 1)).to.equal(at(name));
    }
    expect(await openLogs('county', 'second', 'third')).to.deep.equal([0n, 1n, 0n]);
    const own = await licenceLog('county', 'again', TYPE);
    await succeed('second', true, ['county', [log], [TYPE]]);
    expect(await Promise.all([log, own].map(ownerOf))).to.deep.equal([at('county'), at('county')]);
  });

  test('in one block takes the last owner as the owner of that time', async () => {
    const log = await licenceLog('county', 'licences', TYPE);
    await world.by('city').recordSuccession(at('county'), shares(['second', [log], [TYPE]]), false);
    await world.by('city').recordSuccession(at('second'), shares(['third', [log], [TYPE]]), false);
    expect(await world.registry.ownerAt(log, world.chain.clock)).to.equal(at('third'));
  });
});

describe('a succession', () => {
  test('is recorded by the parent of all concerned, or by the consortium', async () => {
    const log = await licenceLog('county', 'licences', TYPE);
    const toSecond = shares(['second', [log], [TYPE]]);
    for (const by of ['county', 'second', 'province', 'nation'] as const) {
      const refusal = await refusalOf(world.by(by).recordSuccession(at('county'), toSecond, false));
      expect(refusal).to.deep.equal(['NotAllowed', world.accountOf(by).address, at('county')]);
    }
    const city = world.accountOf('city').address;
    for (const other of ['city', 'province'] as const) {
      const refusal = await refused('county', false, [other, [log], [TYPE]]);
      expect(refusal).to.deep.equal(['NotAllowed', city, at(other)]);
    }
    const ofItself = refusalOf(world.by('city').recordSuccession(at('city'), shares(['county', [], []]), false));
    expect(await ofItself).to.deep.equal(['NotAllowed', city, at('city')]);
    await world.quorum('recordSuccession', [at('county'), shares(['province', [log], [TYPE]]), false]);
    expect(await ownerOf(log)).to.equal(at('province'));
    await world.quorum('recordSuccession', [at('nation'), shares(['third', [], []]), true]);
  });

  test('has a successor: known, not dissolved, not itself; and says something', async () => {
    await succeed('third', true);
    const dissolvedAt = BigInt(world.chain.clock);
    expect(await refused('county', false, ['county', [], []])).to.deep.equal(['OwnSuccessor', at('county')]);
    expect(await refused('county', false, ['third', [], []])).to.deep.equal(['DissolvedAuthority', at('third'), dissolvedAt]);
    const nobody = [{ successor: NO_CODE, logs: [], licenceTypes: [] }];
    const unknown = world.by('city').recordSuccession(at('county'), nobody, false);
    expect(await refusalOf(unknown)).to.deep.equal(['UnknownAuthority', NO_CODE]);
    expect(await refused('county', false)).to.deep.equal(['BadNumber', 0n]);
    expect(await refusalOf(world.by('city').recordSuccession(NO_CODE, [], true))).to.deep.equal(['UnknownAuthority', NO_CODE]);
  });

  test('takes no scope and no duty along', async () => {
    const log = await licenceLog('county', 'licences', TYPE);
    await world.quorum('grantScope', [at('county'), TYPE, '320581', 0, OPEN, ZERO]);
    const scopeId = (await world.lastEvent('ScopeGranted')).scopeId as string;
    await world.quorum('grantDuty', [at('county'), 'tax', 0, OPEN, ZERO]);
    const dutyId = (await world.lastEvent('DutyGranted')).dutyId as string;
    const movedAt = BigInt(await succeed('county', true, ['second', [log], [TYPE]]));
    for (const grantId of [scopeId, dutyId]) {
      expect((await world.registry.grantOf(grantId)).code).to.equal(at('county'));
      expect(await refusalOf(world.quorum('endGrant', [grantId]))).to.deep.equal(['EndedGrant', grantId, movedAt]);
    }
  });
});

describe('a dissolved authority', () => {
  let dissolvedAt: bigint;
  let granted: string;
  let handedDown: string;
  /** The city dissolves, with its key and the scope that its county has out of its own. */
  beforeEach(async () => {
    await world.addKeyByQuorum({ of: 'province', name: 'province', type: 'authority' });
    await world.addKey({ of: 'city', name: 'city', type: 'authority' }, 'province');
    await world.addKey({ of: 'county', name: 'county', type: 'authority' }, 'city');
    await world.addKey({ of: 'city', name: 'log', type: 'log' }, 'city');
    await world.quorum('grantScope', [at('city'), TYPE, '320500', 0, OPEN, ZERO]);
    granted = (await world.lastEvent('ScopeGranted')).scopeId as string;
    await world.by('city').grantScope(at('county'), TYPE, '320581', 0, OPEN, granted);
    handedDown = (await world.lastEvent('ScopeGranted')).scopeId as string;
    world.chain.clock += HOUR;
    await world.by('province').recordSuccession(at('city'), [], true);
    dissolvedAt = BigInt(world.chain.clock);
  });

  test('can do nothing, and nothing is done for it any more', async () => {
    const gone = ['DissolvedAuthority', at('city'), dissolvedAt];
    const { address } = world.stranger;
    for (const call of [
      () => world.by('city').changeAccount(at('city'), address),
      () => world.by('province').changeAccount(at('city'), address),
      () => world.quorum('changeParent', [at('city'), at('nation')]),
      () => world.quorum('changeParent', [at('third'), at('city')]),
      () => world.by('city').registerAuthority(`0x${'39'.repeat(18)}`, 'n', '320584', at('city'), address),
      () => world.addKey({ of: 'city', name: 'k', type: 'log' }, 'province'),
      () => world.addKeyByQuorum({ of: 'city', name: 'k', type: 'log' }, { wait: 2 * 24 * HOUR }),
      () => world.by('city').declareCoverage(at('city'), TYPE, 0),
      () => world.registerLog('city', 'licences'),
      () => world.quorum('grantScope', [at('city'), TYPE_2, '320500', 0, OPEN, ZERO]),
      () => world.quorum('grantDuty', [at('city'), 'tax', 0, OPEN, ZERO]),
      () => world.by('province').recordSuccession(at('city'), [], true),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(gone);
    }
    const notAllowed = (code: Name): unknown[] => ['NotAllowed', world.accountOf('city').address, at(code)];
    for (const call of [
      () => world.by('city').changeAccount(at('county'), address),
      () => world.by('city').grantScope(at('second'), TYPE, '320582', 0, OPEN, granted),
      () => world.by('city').endGrant(handedDown),
      () => world.by('city').recordSuccession(at('county'), [], true),
    ]) {
      expect((await refusalOf(call()))[0]).to.equal('NotAllowed');
    }
    expect(await refusalOf(world.by('city').endGrant(handedDown))).to.deep.equal(notAllowed('county'));
  });

  test('has no key in force, but one may still be found to have been lost', async () => {
    const log = keyIdNamed('log');
    const valid = (time: bigint): Promise<boolean> => world.registry.isValidAt(log, time);
    expect([await valid(dissolvedAt - 1n), await valid(dissolvedAt)]).to.deep.equal([true, false]);
    for (const call of [
      () => world.addKey({ of: 'county', name: 'k', type: 'log' }, 'city'),
      () => world.declareLost('city', 'log', 'log', 0, 'city'),
    ]) {
      expect((await refusalOf(call()))[0]).to.equal('WrongSigner');
    }
    world.chain.clock += SECOND;
    expect(await refusalOf(world.retireKey('city', 'log', 'log', 'province'))).to.deep.equal(['EndedKey', log, dissolvedAt]);
    await world.declareLost('city', 'log', 'log', 0, 'province');
    expect((await world.registry.keyOf(log)).compromisedSince).to.equal(0n);
  });

  test('ends what it handed down; its children are put under another parent', async () => {
    expect(await refusalOf(world.quorum('endGrant', [handedDown]))).to.deep.equal(['EndedGrant', handedDown, dissolvedAt]);
    await world.quorum('grantScope', [at('county'), TYPE, '320581', 0, OPEN, ZERO]);
    await world.quorum('changeParent', [at('county'), at('province')]);
    await world.addKey({ of: 'county', name: 'k', type: 'log' }, 'province');
    const log = await world.registerLog('county', 'licences');
    expect(log).to.equal(logIdOf(originOf('county', 'licences')));
  });
});
