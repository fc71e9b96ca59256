import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import {
  deployContracts,
  digest,
  eventsOf,
  HOUR,
  MAX_INTEGER,
  NO_CODE,
  OPEN,
  OTHER,
  OWNER,
  publicKey,
  refusalOf,
  registerLog,
  SECOND,
  START,
  TYPE,
  ZERO,
  type Deployment,
} from './deployment.ts';

/** Later than anything the set-up did. */
const T = START + HOUR;

let world: Deployment;
beforeEach(async () => {
  world = await deployContracts();
});
afterEach(() => world.close());

/** The values of the newest event of that name. */
async function lastEvent(name: string): Promise<Record<string, unknown>> {
  return (await eventsOf(world.registry, name)).at(-1)!.args.toObject() as Record<string, unknown>;
}

describe('administrator', () => {
  test('every writing function refuses another account', async () => {
    const { registry, stranger } = world;
    const other = registry.connect(stranger);
    for (const call of [
      other.registerAuthority(OWNER, '某局', '110000', NO_CODE, stranger.address),
      other.changeAccount(OWNER, stranger.address),
      other.addKey(OWNER, digest('k'), 1, publicKey('k'), 0),
      other.retireKey(digest('k')),
      other.declareKeyCompromised(digest('k'), 0),
      other.grantScope(OWNER, TYPE, '110000', 0, OPEN),
      other.endScope(digest('s')),
      other.declareCoverage(OWNER, TYPE, 0),
      other.registerLog(digest('l'), OWNER, 'o', 1, 1, 1, 3),
      other.closeLog(digest('l')),
      other.setVrfKey(digest('l'), digest('k'), 0),
      other.setMode(digest('l'), TYPE, 1),
    ]) {
      expect(await refusalOf(call)).to.deep.equal(['NotAdmin', stranger.address]);
    }
    expect(await registry.admin()).to.equal(world.admin.address);
  });

  test('the unit of block time must give a date between 2020 and 2100', async () => {
    const factory = new AuthorityRegistry__factory(world.admin);
    for (const unit of [0, 1, 999_999]) {
      expect((await refusalOf(factory.deploy(world.admin.address, unit)))[0]).to.equal('BadUnit');
    }
    expect(await world.registry.msPerUnit()).to.equal(1000n);
  });
});

describe('authorities', () => {
  test('are registered once, under a parent that exists or at the top', async () => {
    const { registry, owner, stranger } = world;
    await registry.registerAuthority(OWNER, '自然资源部', '110000', NO_CODE, owner.address);
    await registry.registerAuthority(OTHER, '审计署', '110000', OWNER, stranger.address);
    expect(await registry.authorityOf(OTHER)).to.deep.equal([OWNER, stranger.address]);
    expect(await refusalOf(registry.registerAuthority(OWNER, '另', '110000', NO_CODE, owner.address))).to.deep.equal([
      'KnownAuthority',
      OWNER,
    ]);
  });

  test('refuses each argument out of shape', async () => {
    const { registry, owner } = world;
    const good = { code: OWNER, name: '某局', region: '110000', parent: NO_CODE, account: owner.address };
    for (const [change, want] of [
      [{ code: NO_CODE }, 'BadText'],
      [{ code: `0x${'61'.repeat(18)}` }, 'BadText'],
      [{ code: `0x${'31'.repeat(17)}00` }, 'BadText'],
      [{ name: '' }, 'BadText'],
      [{ name: 'x'.repeat(257) }, 'BadText'],
      [{ region: '11000' }, 'BadText'],
      [{ region: '1100000' }, 'BadText'],
      [{ region: '11000A' }, 'BadText'],
      [{ parent: OTHER }, 'UnknownAuthority'],
      [{ parent: OWNER }, 'UnknownAuthority'],
      [{ account: `0x${'00'.repeat(20)}` }, 'ZeroAccount'],
    ] as const) {
      const { code, name, region, parent, account } = { ...good, ...change };
      const refusal = await refusalOf(registry.registerAuthority(code, name, region, parent, account));
      expect(refusal[0], JSON.stringify(change)).to.equal(want);
    }
  });

  test('an account is changed for a known authority and is never zero', async () => {
    const { registry, stranger } = world;
    expect(await refusalOf(registry.changeAccount(OWNER, stranger.address))).to.deep.equal(['UnknownAuthority', OWNER]);
    const logId = await registerLog(world);
    await registry.changeAccount(OWNER, stranger.address);
    expect(await registry.accountOf(logId)).to.equal(stranger.address);
    expect(await refusalOf(registry.changeAccount(OWNER, `0x${'00'.repeat(20)}`))).to.deep.equal(['ZeroAccount', OWNER]);
  });
});

describe('keys', () => {
  beforeEach(() => registerLog(world));

  test('a key is listed once for ever, whoever lists it', async () => {
    const { registry } = world;
    await registry.addKey(OWNER, digest('k'), 3, publicKey('k'), 0);
    for (const code of [OWNER, OTHER]) {
      const again = registry.addKey(code, digest('k'), 2, publicKey('other'), 0);
      expect(await refusalOf(again)).to.deep.equal(['KnownKey', digest('k')]);
    }
  });

  test('refuses each argument out of shape', async () => {
    const { registry } = world;
    const good = { code: OWNER, keyType: 1, key: publicKey('k'), validFrom: 0n };
    for (const [change, want] of [
      [{ code: NO_CODE }, 'UnknownAuthority'],
      [{ keyType: 0 }, 'BadNumber'],
      [{ keyType: 8 }, 'BadNumber'],
      [{ key: '0x' }, 'BadPublicKey'],
      [{ key: `0x02${'11'.repeat(32)}` }, 'BadPublicKey'],
      [{ key: `0x03${'11'.repeat(64)}` }, 'BadPublicKey'],
      [{ key: `${publicKey('k')}00` }, 'BadPublicKey'],
      [{ validFrom: MAX_INTEGER + 1n }, 'BadNumber'],
      [{ validFrom: OPEN }, 'BadNumber'],
    ] as const) {
      const { code, keyType, key, validFrom } = { ...good, ...change };
      const refusal = await refusalOf(registry.addKey(code, digest('k'), keyType, key, validFrom));
      expect(
        refusal[0],
        JSON.stringify(change, (_, value: unknown) => String(value)),
      ).to.equal(want);
    }
  });

  test('a validity that begins in the past begins with the block', async () => {
    const { registry } = world;
    for (const [name, asked, want] of [
      ['past', T - 1, T],
      ['now', T, T],
      ['later', T + HOUR, T + HOUR],
    ] as const) {
      await world.at(T);
      await registry.addKey(OWNER, digest(name), 7, publicKey(name), asked);
      expect((await lastEvent('KeyAdded')).validFrom, name).to.equal(BigInt(want));
      expect(await registry.keyOf(digest(name))).to.deep.equal([OWNER, 7n, BigInt(want), OPEN, OPEN]);
    }
  });

  test('a key is retired once, with the time of the block, after it began', async () => {
    const { registry } = world;
    expect(await refusalOf(registry.retireKey(digest('k')))).to.deep.equal(['UnknownKey', digest('k')]);
    await registry.addKey(OWNER, digest('k'), 3, publicKey('k'), T);
    await world.at(T);
    expect(await refusalOf(registry.retireKey(digest('k')))).to.deep.equal(['EmptyPeriod', BigInt(T), BigInt(T)]);
    await world.at(T + SECOND);
    await registry.retireKey(digest('k'));
    expect((await lastEvent('KeyRetired')).validTo).to.equal(BigInt(T + SECOND));
    await world.at(T + HOUR);
    expect(await refusalOf(registry.retireKey(digest('k')))).to.deep.equal(['EndedKey', digest('k'), BigInt(T + SECOND)]);
  });

  test('a compromise is not declared for the future, and only moves earlier', async () => {
    const { registry } = world;
    const key = digest('log key');
    expect(await refusalOf(registry.declareKeyCompromised(digest('k'), 0))).to.deep.equal(['UnknownKey', digest('k')]);
    await world.at(T);
    expect(await refusalOf(registry.declareKeyCompromised(key, T + 1))).to.deep.equal(['BadNumber', BigInt(T + 1)]);
    await world.at(T);
    await registry.declareKeyCompromised(key, T);
    for (const since of [T, T + 1]) {
      await world.at(T + HOUR);
      const refusal = await refusalOf(registry.declareKeyCompromised(key, since));
      expect(refusal).to.deep.equal(['NotEarlier', key, BigInt(T), BigInt(since)]);
    }
    await registry.declareKeyCompromised(key, 0);
    expect((await registry.keyOf(key)).compromisedSince).to.equal(0n);
  });

  test('a retired key can still be declared compromised', async () => {
    const { registry } = world;
    await world.at(T);
    await registry.retireKey(digest('log key'));
    await registry.declareKeyCompromised(digest('log key'), START);
    expect((await lastEvent('KeyCompromised')).since).to.equal(BigInt(START));
  });
});

describe('scopes and coverage', () => {
  beforeEach(() => registerLog(world));

  test('two grants of the same words are two scopes', async () => {
    const { registry } = world;
    await registry.grantScope(OWNER, TYPE, '110000', 0, OPEN);
    const first = await lastEvent('ScopeGranted');
    await registry.grantScope(OWNER, TYPE, '110000', 0, OPEN);
    expect((await lastEvent('ScopeGranted')).scopeId).not.to.equal(first.scopeId);
  });

  test('refuses each argument out of shape, and a period that ends before it begins', async () => {
    const { registry } = world;
    const good = { code: OWNER, type: TYPE, region: '110000', validFrom: BigInt(T), validTo: OPEN };
    for (const [change, want] of [
      [{ code: NO_CODE }, 'UnknownAuthority'],
      [{ type: TYPE.slice(1) }, 'BadText'],
      [{ type: TYPE.toLowerCase() }, 'BadText'],
      [{ type: `${TYPE}0` }, 'BadText'],
      [{ region: '' }, 'BadText'],
      [{ region: '31010a' }, 'BadText'],
      [{ validFrom: OPEN }, 'BadNumber'],
      [{ validFrom: MAX_INTEGER + 1n }, 'BadNumber'],
      [{ validTo: OPEN - 1n }, 'BadNumber'],
      [{ validTo: MAX_INTEGER + 1n }, 'BadNumber'],
      [{ validTo: BigInt(T) }, 'EmptyPeriod'],
      [{ validFrom: 0n, validTo: BigInt(START) }, 'EmptyPeriod'],
    ] as const) {
      const { code, type, region, validFrom, validTo } = { ...good, ...change };
      const refusal = await refusalOf(registry.grantScope(code, type, region, validFrom, validTo));
      expect(
        refusal[0],
        JSON.stringify(change, (_, value: unknown) => String(value)),
      ).to.equal(want);
    }
  });

  test('a scope begins with the block at the earliest and is ended once, with the time of the block', async () => {
    const { registry } = world;
    await world.at(T);
    await registry.grantScope(OWNER, TYPE, '110000', 0, T + HOUR);
    const scope = await lastEvent('ScopeGranted');
    expect([scope.validFrom, scope.validTo]).to.deep.equal([BigInt(T), BigInt(T + HOUR)]);
    await world.at(T + SECOND);
    await registry.endScope(scope.scopeId as string);
    expect(await lastEvent('ScopeEnded')).to.deep.equal({ scopeId: scope.scopeId, validTo: BigInt(T + SECOND) });
    const again = registry.endScope(scope.scopeId as string);
    expect(await refusalOf(again)).to.deep.equal(['EndedScope', scope.scopeId, BigInt(T + SECOND)]);
    expect(await refusalOf(registry.endScope(ZERO))).to.deep.equal(['UnknownScope', ZERO]);
  });

  test('a scope that ran out cannot be ended, one that has not begun can', async () => {
    const { registry } = world;
    await registry.grantScope(OWNER, TYPE, '110000', 0, T);
    const past = (await lastEvent('ScopeGranted')).scopeId as string;
    await registry.grantScope(OWNER, TYPE, '110000', T + HOUR, OPEN);
    const future = (await lastEvent('ScopeGranted')).scopeId as string;
    await world.at(T);
    expect(await refusalOf(registry.endScope(past))).to.deep.equal(['EndedScope', past, BigInt(T)]);
    await world.at(T);
    await registry.endScope(future);
    expect((await lastEvent('ScopeEnded')).validTo).to.equal(BigInt(T));
  });

  test('coverage is declared by a known authority for a well-formed type, also for the past', async () => {
    const { registry } = world;
    await registry.declareCoverage(OWNER, TYPE, 0);
    expect(await refusalOf(registry.declareCoverage(NO_CODE, TYPE, 0))).to.deep.equal(['UnknownAuthority', NO_CODE]);
    expect(await refusalOf(registry.declareCoverage(OWNER, 'X', 0))).to.deep.equal(['BadText', 'X']);
    expect(await refusalOf(registry.declareCoverage(OWNER, TYPE, OPEN))).to.deep.equal(['BadNumber', OPEN]);
  });
});

describe('logs', () => {
  let logId: string;
  beforeEach(async () => {
    logId = await registerLog(world);
  });

  test('an origin and a log id are taken once for ever, also after the log closed', async () => {
    const { registry } = world;
    await registry.closeLog(logId);
    const taken = 'sample/11100000000013338W/licences';
    for (const [id, origin] of [
      [digest('new'), taken],
      [logId, 'sample/11100000000013338W/new'],
    ] as const) {
      expect(await refusalOf(registry.registerLog(id, OWNER, origin, 1, 1, 1, 3))).to.deep.equal(['KnownLog', id, origin]);
    }
  });

  test('refuses each argument out of shape, and a promise shorter than a quantum and two beats', async () => {
    const { registry } = world;
    const good = { owner: OWNER, origin: 'o', logClass: 1, quantum: 1000n, beat: 60_000n, promiseSpan: 121_000n };
    for (const [change, want] of [
      [{ owner: NO_CODE }, 'UnknownAuthority'],
      [{ origin: '' }, 'BadText'],
      [{ origin: 'o'.repeat(129) }, 'BadText'],
      [{ logClass: 0 }, 'BadNumber'],
      [{ logClass: 4 }, 'BadNumber'],
      [{ quantum: 0n }, 'ShortPromise'],
      [{ beat: 0n }, 'ShortPromise'],
      [{ promiseSpan: 120_999n }, 'ShortPromise'],
      [{ promiseSpan: OPEN }, 'BadNumber'],
      [{ quantum: OPEN, promiseSpan: MAX_INTEGER }, 'ShortPromise'],
      [{ beat: 2n ** 63n, promiseSpan: MAX_INTEGER }, 'ShortPromise'],
    ] as const) {
      const { owner, origin, logClass, quantum, beat, promiseSpan } = { ...good, ...change };
      const refusal = await refusalOf(registry.registerLog(digest('n'), owner, origin, logClass, quantum, beat, promiseSpan));
      expect(
        refusal[0],
        JSON.stringify(change, (_, value: unknown) => String(value)),
      ).to.equal(want);
    }
    await registry.registerLog(digest('n'), OWNER, 'o'.repeat(128), 1, 1000, 60_000, 121_000);
  });

  test('a log is closed once, with the time of the block, and then nothing about it changes', async () => {
    const { registry } = world;
    await registry.addKey(OWNER, digest('vrf'), 7, publicKey('vrf'), 0);
    expect(await registry.isOpen(logId)).to.equal(true);
    await world.at(T);
    await registry.closeLog(logId);
    expect(await registry.logOf(logId)).to.deep.equal([OWNER, 1n, BigInt(T)]);
    expect(await registry.isOpen(logId)).to.equal(false);
    for (const call of [
      registry.closeLog(logId),
      registry.setMode(logId, TYPE, 1),
      registry.setVrfKey(logId, digest('vrf'), 0),
    ]) {
      expect(await refusalOf(call)).to.deep.equal(['ClosedLog', logId, BigInt(T)]);
    }
  });

  test('nothing is known of a log, key or authority that was never registered', async () => {
    const { registry } = world;
    expect(await refusalOf(registry.logOf(ZERO))).to.deep.equal(['UnknownLog', ZERO]);
    expect(await refusalOf(registry.accountOf(ZERO))).to.deep.equal(['UnknownLog', ZERO]);
    expect(await refusalOf(registry.closeLog(ZERO))).to.deep.equal(['UnknownLog', ZERO]);
    expect(await refusalOf(registry.keyOf(ZERO))).to.deep.equal(['UnknownKey', ZERO]);
    expect(await refusalOf(registry.authorityOf(NO_CODE))).to.deep.equal(['UnknownAuthority', NO_CODE]);
    expect(await registry.isOpen(ZERO)).to.equal(false);
    expect(await registry.modeOf(ZERO, TYPE)).to.equal(0n);
  });
});

describe('VRF keys', () => {
  const ids = { licence: digest('licences'), access: digest('access'), seals: digest('seals') };
  beforeEach(async () => {
    const { registry } = world;
    await registerLog(world);
    await registry.registerLog(ids.access, OWNER, 'access', 2, 60_000, 60_000, 180_000);
    await registry.registerLog(ids.seals, OWNER, 'seals', 3, 86_400_000, 60_000, 86_520_000);
    for (const name of ['v1', 'v2']) await registry.addKey(OWNER, digest(name), 7, publicKey(name), 0);
  });

  test('a licence log has one, from entry 0, for ever', async () => {
    const { registry } = world;
    expect(await refusalOf(registry.setVrfKey(ids.licence, digest('v1'), 1))).to.deep.equal(['WrongVrfIndex', ids.licence, 1n]);
    await registry.setVrfKey(ids.licence, digest('v1'), 0);
    for (const fromIndex of [0n, 1n]) {
      const second = registry.setVrfKey(ids.licence, digest('v2'), fromIndex);
      expect(await refusalOf(second)).to.deep.equal(['WrongVrfIndex', ids.licence, fromIndex]);
    }
  });

  test('an access log takes the next one from a later entry', async () => {
    const { registry } = world;
    expect(await refusalOf(registry.setVrfKey(ids.access, digest('v1'), 5))).to.deep.equal(['WrongVrfIndex', ids.access, 5n]);
    await registry.setVrfKey(ids.access, digest('v1'), 0);
    await registry.setVrfKey(ids.access, digest('v2'), 10);
    for (const fromIndex of [0n, 10n]) {
      const earlier = registry.setVrfKey(ids.access, digest('v1'), fromIndex);
      expect(await refusalOf(earlier)).to.deep.equal(['WrongVrfIndex', ids.access, fromIndex]);
    }
    const beyond = registry.setVrfKey(ids.access, digest('v1'), MAX_INTEGER + 1n);
    expect(await refusalOf(beyond)).to.deep.equal(['BadNumber', MAX_INTEGER + 1n]);
  });

  test('a seals log has none', async () => {
    expect(await refusalOf(world.registry.setVrfKey(ids.seals, digest('v1'), 0))).to.deep.equal(['WrongClass', ids.seals, 3n]);
  });

  test("it is a living vrf key of the log's owner", async () => {
    const { registry } = world;
    await registry.addKey(OTHER, digest('foreign'), 7, publicKey('foreign'), 0);
    await world.at(T);
    await registry.retireKey(digest('v1'));
    await registry.declareKeyCompromised(digest('v2'), 0);
    for (const name of ['log key', 'foreign', 'v1', 'v2']) {
      const refusal = await refusalOf(registry.setVrfKey(ids.access, digest(name), 0));
      expect(refusal, name).to.deep.equal(['WrongVrfKey', ids.access, digest(name)]);
    }
    expect(await refusalOf(registry.setVrfKey(ids.access, ZERO, 0))).to.deep.equal(['UnknownKey', ZERO]);
  });
});

describe('modes', () => {
  let logId: string;
  beforeEach(async () => {
    logId = await registerLog(world);
  });

  test('a mode is set once for a log and type', async () => {
    const { registry } = world;
    await registry.setMode(logId, TYPE, 2);
    expect(await registry.modeOf(logId, TYPE)).to.equal(2n);
    for (const mode of [1, 2]) {
      expect(await refusalOf(registry.setMode(logId, TYPE, mode))).to.deep.equal(['ModeTaken', logId, TYPE]);
    }
  });

  test('refuses a mode out of range, a type out of shape, an unknown log, another class of log', async () => {
    const { registry } = world;
    await registry.registerLog(digest('access'), OWNER, 'access', 2, 1, 1, 3);
    expect(await refusalOf(registry.setMode(logId, TYPE, 0))).to.deep.equal(['BadNumber', 0n]);
    expect(await refusalOf(registry.setMode(logId, TYPE, 3))).to.deep.equal(['BadNumber', 3n]);
    expect(await refusalOf(registry.setMode(logId, 'type', 1))).to.deep.equal(['BadText', 'type']);
    expect(await refusalOf(registry.setMode(ZERO, TYPE, 1))).to.deep.equal(['UnknownLog', ZERO]);
    expect(await refusalOf(registry.setMode(digest('access'), TYPE, 1))).to.deep.equal(['WrongClass', digest('access'), 2n]);
  });

  test('an owner has one open log for a type; a successor may take it over, with its own mode', async () => {
    const { registry } = world;
    const second = await registerLog(world, 'second');
    await registry.setMode(logId, TYPE, 2);
    expect(await refusalOf(registry.setMode(second, TYPE, 1))).to.deep.equal(['ModeTaken', logId, TYPE]);
    await registry.setMode(second, '11100000000013338W010', 1);
    await registry.closeLog(logId);
    await registry.setMode(second, TYPE, 1);
    expect(await Promise.all([logId, second].map((id) => registry.modeOf(id, TYPE)))).to.deep.equal([2n, 1n]);
  });

  test("another owner's log of the same type does not stand in the way", async () => {
    const { registry } = world;
    await registry.setMode(logId, TYPE, 1);
    await registry.registerLog(digest('theirs'), OTHER, 'theirs', 1, 1, 1, 3);
    await registry.setMode(digest('theirs'), TYPE, 2);
    expect(await registry.modeOf(digest('theirs'), TYPE)).to.equal(2n);
  });
});
