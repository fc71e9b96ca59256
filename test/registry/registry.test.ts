import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import {
  at,
  AUTHORITIES,
  DAY,
  DELAY,
  HOUR,
  keyIdNamed,
  logIdOf,
  MAX_INTEGER,
  NO_ACCOUNT,
  NO_CODE,
  OPEN,
  originOf,
  refusalOf,
  SECOND,
  TYPE,
  TYPE_2,
  World,
  ZERO,
} from '../contracts/consortium-fixture.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** For the message of a table's case. */
const words = (change: object): string => JSON.stringify(change, (_, value: unknown) => String(value));

describe('the registry', () => {
  test('takes the unit of block time from its consortium, and says its name and delay', async () => {
    const { registry, consortium } = world;
    expect(await registry.consortium()).to.equal(await consortium.getAddress());
    expect(await registry.msPerUnit()).to.equal(1000n);
    expect(await registry.consortiumName()).to.equal('sample');
    expect(await registry.publicDelay()).to.equal(BigInt(DELAY));
  });

  test('is not made with a name that no origin begins with, or a delay that no proposal outlives', async () => {
    const factory = new AuthorityRegistry__factory(world.stranger);
    const { consortium } = world;
    for (const name of ['', 'Sample', 'sam ple', 'a/b', 'x'.repeat(129)]) {
      const refusal = await refusalOf(factory.deploy(consortium, NO_ACCOUNT, NO_ACCOUNT, name, DELAY));
      expect(refusal).to.deep.equal(['BadText', name]);
    }
    const longest = 29 * DAY;
    const late = factory.deploy(consortium, NO_ACCOUNT, NO_ACCOUNT, 'sample', longest + 1);
    expect(await refusalOf(late)).to.deep.equal(['BadNumber', BigInt(longest + 1)]);
    await factory.deploy(consortium, NO_ACCOUNT, NO_ACCOUNT, 'x'.repeat(128), longest);
  });

  test('does what is for the consortium only when the consortium carries it out', async () => {
    await world.register('nation');
    const account = world.accountOf('nation').address;
    for (const call of [
      () => world.by('nation').changeParent(at('nation'), NO_CODE),
      () => world.by('nation').addKeyByQuorum(at('nation'), 1, '0x', 0, '0x'),
      () => world.by('nation').retireKeyByQuorum(ZERO),
      () => world.by('nation').declareKeyCompromisedByQuorum(ZERO, 0),
      () => world.by('nation').suspendKey(ZERO),
      () => world.by('nation').suspendKeyAgain(ZERO),
      () => world.by('nation').liftSuspension(ZERO),
      () => world.by('nation').grantScope(at('nation'), TYPE, '000000', 0, OPEN, ZERO),
      () => world.by('nation').grantDuty(at('nation'), 'tax', 0, OPEN, ZERO),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['NotConsortium', account]);
    }
  });

  test('knows nothing that was never said', async () => {
    const { registry } = world;
    for (const [call, want] of [
      [() => registry.authorityOf(NO_CODE), ['UnknownAuthority', NO_CODE]],
      [() => registry.keyOf(ZERO), ['UnknownKey', ZERO]],
      [() => registry.isValidAt(ZERO, 0), ['UnknownKey', ZERO]],
      [() => registry.grantOf(ZERO), ['UnknownGrant', ZERO]],
      [() => registry.endGrant(ZERO), ['UnknownGrant', ZERO]],
      [() => registry.logOf(ZERO), ['UnknownLog', ZERO]],
      [() => registry.accountOf(ZERO), ['UnknownLog', ZERO]],
      [() => registry.closeLog(ZERO), ['UnknownLog', ZERO]],
      [() => registry.setMode(ZERO, TYPE, 1), ['UnknownLog', ZERO]],
      [() => registry.setVrfKey(ZERO, ZERO, 0), ['UnknownLog', ZERO]],
    ] as const) {
      expect(await refusalOf(call())).to.deep.equal(want);
    }
    expect(await registry.ownerAt(ZERO, OPEN)).to.equal(NO_CODE);
    expect(await registry.modeOf(ZERO, TYPE)).to.equal(0n);
  });
});

describe('authorities', () => {
  test('stand below one another in four levels, each registered by the account above it', async () => {
    await world.register('nation', 'province', 'city', 'county');
    for (const [name, parent] of [
      ['nation', NO_CODE],
      ['province', at('nation')],
      ['city', at('province')],
      ['county', at('city')],
    ] as const) {
      const want = [parent, world.accountOf(name).address, 0n, 0n, OPEN];
      expect(await world.registry.authorityOf(at(name))).to.deep.equal(want);
    }
    const { county } = AUTHORITIES;
    expect(await world.lastEvent('AuthorityRegistered')).to.deep.equal({
      code: at('county'),
      name: 'county',
      region: county[1],
      parent: at('city'),
      account: world.accountOf('county').address,
    });
  });

  test('are registered by the parent or the consortium: not by a grandparent, a sibling, or at the top by themselves', async () => {
    await world.register('nation', 'province', 'city', 'second');
    const { address } = world.stranger;
    const register = (registry: typeof world.registry, parent: string): Promise<unknown> =>
      registry.registerAuthority(at('county'), 'c', '320581', parent, address);
    for (const [registry, parent] of [
      [world.by('province'), at('city')],
      [world.by('second'), at('city')],
      [world.strange, at('city')],
      [world.by('nation'), NO_CODE],
    ] as const) {
      const sender = await (registry.runner as unknown as { getAddress(): Promise<string> }).getAddress();
      expect(await refusalOf(register(registry, parent))).to.deep.equal(['NotAllowed', sender, at('county')]);
    }
    await world.quorum('registerAuthority', [at('county'), 'c', '320581', at('city'), address]);
  });

  test('refuses each argument out of shape, a code known before, and a parent unknown', async () => {
    await world.register('nation');
    const good = { code: at('county'), name: '某局', region: '110000', parent: at('nation'), account: world.stranger.address };
    for (const [change, want] of [
      [{ code: NO_CODE }, 'BadText'],
      [{ code: `0x${'61'.repeat(18)}` }, 'BadText'],
      [{ code: `0x${'31'.repeat(17)}00` }, 'BadText'],
      [{ code: at('nation') }, 'KnownAuthority'],
      [{ name: '' }, 'BadText'],
      [{ name: 'x'.repeat(257) }, 'BadText'],
      [{ region: '11000' }, 'BadText'],
      [{ region: '1100000' }, 'BadText'],
      [{ region: '11000A' }, 'BadText'],
      [{ parent: at('city') }, 'UnknownAuthority'],
      [{ parent: at('county') }, 'UnknownAuthority'],
      [{ account: NO_ACCOUNT }, 'ZeroAccount'],
    ] as const) {
      const { code, name, region, parent, account } = { ...good, ...change };
      const refusal = await refusalOf(world.by('nation').registerAuthority(code, name, region, parent, account));
      expect(refusal[0], words(change)).to.equal(want);
    }
  });

  test('change their account themselves, or their parent does; the consortium when its proposal was public for the delay', async () => {
    await world.register('nation', 'province', 'city');
    const { address } = world.stranger;
    const change = (registry: typeof world.registry): Promise<unknown> => registry.changeAccount(at('city'), address);
    const nation = world.accountOf('nation').address;
    expect(await refusalOf(change(world.by('nation')))).to.deep.equal(['NotAllowed', nation, at('city')]);
    await world.by('province').changeAccount(at('city'), nation);
    await change(world.by('nation'));
    expect((await world.registry.authorityOf(at('city'))).account).to.equal(address);
    expect(await refusalOf(world.strange.changeAccount(at('city'), NO_ACCOUNT))).to.deep.equal(['ZeroAccount', at('city')]);

    const proposedAt = world.chain.clock;
    const args = [at('city'), nation];
    const early = await refusalOf(world.quorum('changeAccount', args, { wait: DELAY - SECOND }));
    expect(early).to.deep.equal(['TooEarly', BigInt(proposedAt), BigInt(proposedAt + DELAY)]);
    await world.quorum('changeAccount', args, { wait: DELAY });
    expect(await world.lastEvent('AccountChanged')).to.deep.equal({ code: at('city'), account: nation });
    const unknown = world.by('nation').changeAccount(at('county'), nation);
    expect(await refusalOf(unknown)).to.deep.equal(['UnknownAuthority', at('county')]);
  });

  test('the delay counts from the proposal, not from its approvals', async () => {
    await world.register('nation');
    const data = world.registry.interface.encodeFunctionData('changeAccount', [at('nation'), world.stranger.address]);
    const proposalId = await world.propose(world.registry, data);
    world.chain.clock += DELAY;
    await world.approve(proposalId);
    await world.as(0).execute(proposalId);
    expect((await world.registry.authorityOf(at('nation'))).account).to.equal(world.stranger.address);
  });

  test('are put under another parent by the consortium, never in a circle', async () => {
    await world.register('nation', 'province', 'city', 'county');
    for (const [code, parent] of [
      [at('nation'), at('county')],
      [at('province'), at('province')],
      [at('city'), at('county')],
    ] as const) {
      expect(await refusalOf(world.quorum('changeParent', [code, parent]))).to.deep.equal(['BadParent', code, parent]);
    }
    const unknown = `0x${'39'.repeat(18)}`;
    expect(await refusalOf(world.quorum('changeParent', [unknown, NO_CODE]))).to.deep.equal(['UnknownAuthority', unknown]);
    expect(await refusalOf(world.quorum('changeParent', [at('city'), unknown]))).to.deep.equal(['UnknownAuthority', unknown]);
    await world.quorum('changeParent', [at('county'), at('province')]);
    expect(await world.lastEvent('ParentChanged')).to.deep.equal({ code: at('county'), parent: at('province') });
    await world.quorum('changeParent', [at('city'), at('county')]);
    await world.quorum('changeParent', [at('province'), NO_CODE]);
    expect((await world.registry.authorityOf(at('province'))).parent).to.equal(NO_CODE);
  });
});

describe('logs', () => {
  let logId: string;
  beforeEach(async () => {
    await world.register('nation', 'province', 'city');
    logId = await world.registerLog('city', 'licences');
  });

  test('are named by SM3 of their origin, and belong to the authority whose account registered them', async () => {
    expect(await world.registry.logOf(logId)).to.deep.equal([
      at('city'),
      1n,
      false,
      OPEN,
      BigInt(world.chain.clock),
      60_000n,
      120_001n,
    ]);
    expect((await world.registry.authorityOf(at('city'))).openLogs).to.equal(1n);
    expect(await world.registry.accountOf(logId)).to.equal(world.accountOf('city').address);
    expect((await world.lastEvent('LogRegistered')).term).to.equal(0n);
    const seals = await world.registerLog('city', 'seals', 3);
    expect(await world.lastEvent('LogRegistered')).to.deep.equal({
      logId: seals,
      owner: at('city'),
      origin: originOf('city', 'seals'),
      logClass: 3n,
      quantum: 1n,
      beat: 60_000n,
      promiseSpan: 120_001n,
      term: BigInt(DAY),
    });
  });

  test('an origin is taken once for ever, also after the log closed', async () => {
    await world.by('city').closeLog(logId);
    const origin = originOf('city', 'licences');
    expect(await refusalOf(world.registerLog('city', 'licences'))).to.deep.equal(['KnownLog', logId, origin]);
  });

  test('are registered, given modes and VRF keys by their owner alone', async () => {
    const { address } = world.accountOf('province');
    for (const call of [
      () => world.by('province').registerLog(at('city'), originOf('city', 'more'), 1, 1, 60_000, 120_001, 0),
      () => world.by('province').setMode(logId, TYPE, 1),
      () => world.by('province').setVrfKey(logId, ZERO, 0),
      () => world.by('province').closeLog(logId),
      () => world.by('province').declareCoverage(at('city'), TYPE, 0),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['NotAllowed', address, at('city')]);
    }
    const { consortium } = world;
    const byQuorum = world.quorum('setMode', [logId, TYPE, 1]);
    expect(await refusalOf(byQuorum)).to.deep.equal(['NotAllowed', await consortium.getAddress(), at('city')]);
  });

  test('refuses an origin that is not the consortium, the code and a name', async () => {
    const [code] = AUTHORITIES.city;
    for (const origin of [
      '',
      'sample',
      `sample/${code}`,
      `sample/${code}/`,
      `sample/${code}/Licences`,
      `sample/${code}/licences/2`,
      `sample/${code}/licences `,
      `sample/${code}/许可`,
      `sample2/${code}/licences`,
      `/${code}/licences`,
      `sample/${AUTHORITIES.province[0]}/more`,
      `sample/${code}/${'x'.repeat(128 - 25)}`,
    ]) {
      const refusal = await refusalOf(world.by('city').registerLog(at('city'), origin, 1, 1, 60_000, 120_001, 0));
      expect(refusal).to.deep.equal(['BadOrigin', origin]);
    }
    const longest = `sample/${code}/${'-'.repeat(128 - 26)}`;
    await world.by('city').registerLog(at('city'), longest, 1, 1, 60_000, 120_001, 0);
    expect((await world.registry.logOf(logIdOf(longest))).owner).to.equal(at('city'));
  });

  test('refuses each number out of range, a promise shorter than a quantum and two beats, a term that does not belong', async () => {
    const good = { owner: at('city'), logClass: 1, quantum: 1000n, beat: 60_000n, promiseSpan: 121_000n, term: 0n };
    for (const [change, want] of [
      [{ owner: NO_CODE }, ['UnknownAuthority', NO_CODE]],
      [{ logClass: 0 }, ['BadNumber', 0n]],
      [{ logClass: 4 }, ['BadNumber', 4n]],
      [{ quantum: 0n }, ['ShortPromise', 0n, 60_000n, 121_000n]],
      [{ beat: 0n }, ['ShortPromise', 1000n, 0n, 121_000n]],
      [{ promiseSpan: 120_999n }, ['ShortPromise', 1000n, 60_000n, 120_999n]],
      [{ promiseSpan: OPEN }, ['BadNumber', OPEN]],
      [{ beat: 2n ** 63n, promiseSpan: MAX_INTEGER }, ['ShortPromise', 1000n, 2n ** 63n, MAX_INTEGER]],
      [{ quantum: OPEN, promiseSpan: MAX_INTEGER }, ['ShortPromise', OPEN, 60_000n, MAX_INTEGER]],
      [{ term: 1n }, ['BadNumber', 1n]],
      [{ logClass: 2, term: 1n }, ['BadNumber', 1n]],
      [{ logClass: 3 }, ['BadNumber', 0n]],
      [{ logClass: 3, term: MAX_INTEGER + 1n }, ['BadNumber', MAX_INTEGER + 1n]],
    ] as const) {
      const { owner, logClass, quantum, beat, promiseSpan, term } = { ...good, ...change };
      const origin = originOf('city', 'n');
      const call = world.by('city').registerLog(owner, origin, logClass, quantum, beat, promiseSpan, term);
      expect(await refusalOf(call), words(change)).to.deep.equal(want);
    }
    await world.by('city').registerLog(at('city'), originOf('city', 'n'), 1, 1000, 60_000, 121_000, 0);
  });

  test('are closed once, by the owner or the consortium, and then nothing about them changes', async () => {
    const second = await world.registerLog('city', 'second');
    const closedAt = (world.chain.clock += HOUR);
    await world.by('city').closeLog(logId);
    expect(await world.lastEvent('LogClosed')).to.deep.equal({ logId, closedAt: BigInt(closedAt), byOwner: true });
    await world.quorum('closeLog', [second]);
    expect(await world.lastEvent('LogClosed')).to.deep.equal({ logId: second, closedAt: BigInt(closedAt), byOwner: false });
    const closed = await Promise.all([logId, second].map((id) => world.registry.logOf(id)));
    expect(closed.map((log) => [log.closedAt, log.closedByOwner])).to.deep.equal([
      [BigInt(closedAt), true],
      [BigInt(closedAt), false],
    ]);
    expect((await world.registry.authorityOf(at('city'))).openLogs).to.equal(0n);
    for (const call of [
      () => world.by('city').closeLog(logId),
      () => world.by('city').setMode(logId, TYPE, 1),
      () => world.by('city').setVrfKey(logId, ZERO, 0),
    ]) {
      expect(await refusalOf(call())).to.deep.equal(['ClosedLog', logId, BigInt(closedAt)]);
    }
  });

  test('cover what their authority declares, for a type in shape, also for the past', async () => {
    await world.by('city').declareCoverage(at('city'), TYPE, 0);
    expect(await world.lastEvent('CoverageDeclared')).to.deep.equal({ code: at('city'), licenceType: TYPE, since: 0n });
    const declare = (code: string, type: string, since: bigint) => world.by('city').declareCoverage(code, type, since);
    expect(await refusalOf(declare(NO_CODE, TYPE, 0n))).to.deep.equal(['UnknownAuthority', NO_CODE]);
    expect(await refusalOf(declare(at('city'), 'X', 0n))).to.deep.equal(['BadText', 'X']);
    expect(await refusalOf(declare(at('city'), TYPE, OPEN))).to.deep.equal(['BadNumber', OPEN]);
  });
});

describe('modes', () => {
  let logId: string;
  beforeEach(async () => {
    await world.register('nation', 'province');
    logId = await world.registerLog('nation', 'licences');
  });

  test('are set once for a log and type', async () => {
    await world.by('nation').setMode(logId, TYPE, 2);
    expect(await world.lastEvent('ModeSet')).to.deep.equal({ logId, licenceType: TYPE, mode: 2n });
    expect(await world.registry.modeOf(logId, TYPE)).to.equal(2n);
    for (const mode of [1, 2]) {
      expect(await refusalOf(world.by('nation').setMode(logId, TYPE, mode))).to.deep.equal(['ModeTaken', logId, TYPE]);
    }
  });

  test('refuses a mode out of range, a type out of shape, another class of log', async () => {
    const access = await world.registerLog('nation', 'access', 2);
    const set = (id: string, type: string, mode: number): Promise<unknown> => world.by('nation').setMode(id, type, mode);
    expect(await refusalOf(set(logId, TYPE, 0))).to.deep.equal(['BadNumber', 0n]);
    expect(await refusalOf(set(logId, TYPE, 3))).to.deep.equal(['BadNumber', 3n]);
    for (const type of ['type', `${TYPE}0`, TYPE.toLowerCase()]) {
      expect(await refusalOf(set(logId, type, 1))).to.deep.equal(['BadText', type]);
    }
    expect(await refusalOf(set(access, TYPE, 1))).to.deep.equal(['WrongClass', access, 2n]);
  });

  test('an owner has one open log for a type; the next may take it over, with its own mode', async () => {
    const second = await world.registerLog('nation', 'second');
    await world.by('nation').setMode(logId, TYPE, 2);
    expect(await refusalOf(world.by('nation').setMode(second, TYPE, 1))).to.deep.equal(['ModeTaken', logId, TYPE]);
    await world.by('nation').setMode(second, TYPE_2, 1);
    await world.by('nation').closeLog(logId);
    await world.by('nation').setMode(second, TYPE, 1);
    expect(await Promise.all([logId, second].map((id) => world.registry.modeOf(id, TYPE)))).to.deep.equal([2n, 1n]);
  });

  test("another owner's log of the same type does not stand in the way", async () => {
    await world.by('nation').setMode(logId, TYPE, 1);
    const theirs = await world.registerLog('province', 'theirs');
    await world.by('province').setMode(theirs, TYPE, 2);
    expect(await world.registry.modeOf(theirs, TYPE)).to.equal(2n);
  });
});

describe('VRF keys', () => {
  let [licences, access, seals] = ['', '', ''];
  const set = (logId: string, name: string, fromIndex: number | bigint): Promise<unknown> =>
    world.by('nation').setVrfKey(logId, keyIdNamed(name), fromIndex);
  beforeEach(async () => {
    await world.register('nation', 'province');
    [licences, access, seals] = [
      await world.registerLog('nation', 'licences'),
      await world.registerLog('nation', 'access', 2),
      await world.registerLog('nation', 'seals', 3),
    ];
    for (const name of ['v1', 'v2']) await world.addKeyByQuorum({ of: 'nation', name, type: 'vrf' });
  });

  test('a licence log has one, from entry 0, for ever', async () => {
    expect(await refusalOf(set(licences, 'v1', 1))).to.deep.equal(['WrongVrfIndex', licences, 1n]);
    await set(licences, 'v1', 0);
    expect(await world.lastEvent('VrfKeySet')).to.deep.equal({ logId: licences, keyId: keyIdNamed('v1'), fromIndex: 0n });
    for (const fromIndex of [0n, 1n]) {
      expect(await refusalOf(set(licences, 'v2', fromIndex))).to.deep.equal(['WrongVrfIndex', licences, fromIndex]);
    }
  });

  test('an access log takes the next one from a later entry', async () => {
    expect(await refusalOf(set(access, 'v1', 5))).to.deep.equal(['WrongVrfIndex', access, 5n]);
    await set(access, 'v1', 0);
    await set(access, 'v2', 10);
    for (const fromIndex of [0n, 10n]) {
      expect(await refusalOf(set(access, 'v1', fromIndex))).to.deep.equal(['WrongVrfIndex', access, fromIndex]);
    }
    expect(await refusalOf(set(access, 'v1', MAX_INTEGER + 1n))).to.deep.equal(['BadNumber', MAX_INTEGER + 1n]);
  });

  test('a seals log has none', async () => {
    expect(await refusalOf(set(seals, 'v1', 0))).to.deep.equal(['WrongClass', seals, 3n]);
  });

  test("it is a living vrf key of the log's owner, neither lost nor suspended", async () => {
    await world.addKeyByQuorum({ of: 'nation', name: 'log key', type: 'log' });
    await world.addKeyByQuorum({ of: 'nation', name: 'suspended', type: 'vrf' });
    await world.addKeyByQuorum({ of: 'province', name: 'foreign', type: 'vrf' });
    await world.quorum('retireKeyByQuorum', [keyIdNamed('v1')], { wait: DELAY });
    await world.quorum('declareKeyCompromisedByQuorum', [keyIdNamed('v2'), 0], { wait: DELAY });
    await world.suspend(keyIdNamed('suspended'));
    for (const name of ['log key', 'foreign', 'v1', 'v2', 'suspended']) {
      expect(await refusalOf(set(access, name, 0)), name).to.deep.equal(['WrongVrfKey', access, keyIdNamed(name)]);
    }
    expect(await refusalOf(set(access, 'unheard of', 0))).to.deep.equal(['UnknownKey', keyIdNamed('unheard of')]);
  });
});
