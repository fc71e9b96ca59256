/** Whatever happened, allowed or refused: the events from block 0 alone give what the views of both contracts answer. */
import { test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { EventFragment } from 'ethers';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import { Consortium__factory } from '../../chain/bindings/factories/Consortium__factory.ts';
import { KEY_TYPES, type KeyType } from '../../core/authority/registry-event.ts';
import {
  at,
  codeOf,
  DAY,
  eventsOf,
  HOUR,
  keyIdNamed,
  logIdOf,
  NAMES,
  OPEN,
  originOf,
  refusalOf,
  TYPE,
  World,
  ZERO,
  type Name,
} from './consortium-fixture.ts';
import { replayAll, TYPES } from './registry-model.ts';

const ALL_EVENTS = [AuthorityRegistry__factory, Consortium__factory].flatMap((factory) =>
  factory.createInterface().fragments.flatMap((fragment) => (fragment instanceof EventFragment ? [fragment.name] : [])),
);

/** A life with every kind of event. */
async function story(world: World): Promise<void> {
  const { registry, chain } = world;
  await world.register('nation', 'province', 'city', 'county', 'second', 'third');
  await world.addKeyByQuorum({ of: 'nation', name: 'nation', type: 'authority' });
  for (const [of, signer] of [
    ['province', 'nation'],
    ['city', 'province'],
    ['county', 'city'],
  ] as const) {
    await world.addKey({ of, name: of, type: 'authority' }, signer);
    await world.addKey({ of, name: `${of} log`, type: 'log', validFrom: chain.clock + HOUR }, of);
  }
  await world.addKey({ of: 'county', name: 'vrf', type: 'vrf' }, 'county');
  await refusalOf(world.addKey({ of: 'county', name: 'vrf', type: 'vrf' }, 'city'));
  await world.quorum('grantScope', [at('city'), TYPE, '320500', 0, OPEN, ZERO]);
  const { scopeId } = (await world.lastEvent('ScopeGranted')) as { scopeId: string };
  await world.by('city').grantScope(at('county'), TYPE, '320581', 0, chain.clock + 9 * DAY, scopeId);
  await world.quorum('grantDuty', [at('county'), 'tax', 0, OPEN, ZERO]);
  const { dutyId } = (await world.lastEvent('DutyGranted')) as { dutyId: string };
  const log = await world.registerLog('county', 'licences');
  await world.by('county').setMode(log, TYPE, 1);
  await world.by('county').setVrfKey(log, keyIdNamed('vrf'), 0);
  await world.by('county').declareCoverage(at('county'), TYPE, 0);
  const old = await world.registerLog('county', 'old', 3);
  await world.registerLog('county', 'access', 2);
  chain.clock += 2 * HOUR;
  await world.by('county').closeLog(old);
  await world.quorum('closeLog', [logIdOf(originOf('county', 'access'))]);
  await world.retireKey('county', 'log', 'county log', 'city');
  await world.declareLost('county', 'log', 'county log', chain.clock - HOUR, 'county');
  await world.declareLost('county', 'log', 'county log', chain.clock - 2 * HOUR, 'city');
  await world.suspend(keyIdNamed('city log'));
  await world.suspend(keyIdNamed('province log'));
  await world.quorum('liftSuspension', [keyIdNamed('city log')]);
  await world.by('city').changeAccount(at('third'), world.stranger);
  await world.quorum('changeParent', [at('third'), at('nation')]);
  await world.by('city').endGrant(dutyId);
  await world
    .by('city')
    .recordSuccession(at('county'), [{ successor: at('second'), logs: [log, old], licenceTypes: [TYPE] }], true);
  chain.clock += HOUR;
  await world.quorum('endGrant', [scopeId]);
  await refusalOf(world.by('county').declareCoverage(at('county'), TYPE, 0));

  const proposalId = await world.propose(world.consortium, '0x');
  await world.as(1).approve(proposalId);
  await world.as(0).withdraw(proposalId);
  await world.as(4).approve(proposalId);
  await world.reform('addMember', [codeOf('NEWMEMBER000000000'), world.stranger.address]);
  await world.reform('removeMember', [world.members[4]!.address]);
  await world.reform('setThresholds', [4, 3]);
  expect(await registry.accountOf(log)).to.equal(world.accountOf('second').address);
}

test('all events from block 0 lead to the state of a life with every kind of event', async () => {
  const world = await World.open();
  await story(world);
  const names = await replayAll(world);
  expect([...names].sort()).to.deep.equal(ALL_EVENTS.sort());
  await world.close();
});

type Step = (world: World) => Promise<unknown>;
type Actor = Name | 'consortium';

async function call(world: World, by: Actor, name: string, args: readonly unknown[]): Promise<void> {
  if (by === 'consortium') await world.quorum(name, args);
  else await world.by(by).getFunction(name)(...args);
}

/** Whose key it is, and for what use. Refused where nobody listed it. */
async function placeOf(world: World, key: string): Promise<[of: Name, type: KeyType]> {
  const { code, keyType } = await world.registry.keyOf(keyIdNamed(key));
  return [NAMES.find((name) => at(name) === code)!, KEY_TYPES[Number(keyType) - 1]!];
}

async function grantAt(world: World, index: number): Promise<string> {
  const scopes = (await eventsOf(world.registry, 'ScopeGranted')).map((event) => event.topics[1]!);
  const duties = (await eventsOf(world.registry, 'DutyGranted')).map((event) => event.topics[1]!);
  return [ZERO, ...scopes, ...duties][index] ?? ZERO;
}

/** The open logs of an authority and the types in them; of one log only, where it is to be a part. */
async function functionOf(world: World, of: Name, isWhole: boolean): Promise<{ logs: string[]; licenceTypes: string[] }> {
  const logs: string[] = [];
  for (const { topics } of await eventsOf(world.registry, 'LogRegistered')) {
    const { owner, closedAt } = await world.registry.logOf(topics[1]!);
    if (owner === at(of) && closedAt === OPEN && (isWhole || logs.length === 0)) logs.push(topics[1]!);
  }
  const modes = await Promise.all(
    TYPES.map(async (type) => Promise.all(logs.map(async (logId) => world.registry.modeOf(logId, type)))),
  );
  return { logs, licenceTypes: TYPES.filter((_, i) => modes[i]!.some((mode) => mode > 0n)) };
}

const name = fc.constantFrom(...NAMES);
const actor = fc.constantFrom<Actor>('consortium', ...NAMES);
const key = fc.constantFrom('nation', 'province', 'city', 'county', 'new 0', 'new 1', 'new 2');
const type = fc.constantFrom(...TYPES);
const log = fc.constantFrom('a', 'b');
const anyLog = fc.tuple(name, log).map(([of, text]) => logIdOf(originOf(of, text)));

/** By how often each is taken. */
const steps: readonly [weight: number, step: fc.Arbitrary<Step>][] = [
  [2, fc.nat({ max: 80 }).map((hours) => async (world) => (world.chain.clock += hours * HOUR))],
  [
    3,
    fc.record({ of: name, n: fc.nat({ max: 2 }), type: fc.constantFrom(...KEY_TYPES), signer: key }).map(
      ({ of, n, type: keyType, signer }) =>
        (world) =>
          world.addKey({ of, name: `new ${n}`, type: keyType }, signer),
    ),
  ],
  [
    2,
    fc.tuple(key, key).map(
      ([lost, by]) =>
        async (world) =>
          world.retireKey(...(await placeOf(world, lost)), lost, by),
    ),
  ],
  [
    2,
    fc.tuple(key, key, fc.nat({ max: 3 })).map(([lost, by, hours]) => async (world) => {
      const since = world.chain.clock - hours * HOUR;
      return world.declareLost(...(await placeOf(world, lost)), lost, since, by);
    }),
  ],
  [1, key.map((lost) => (world) => world.suspend(keyIdNamed(lost)))],
  [1, key.map((lost) => (world) => world.quorum('suspendKeyAgain', [keyIdNamed(lost)]))],
  [1, key.map((lost) => (world) => world.quorum('liftSuspension', [keyIdNamed(lost)]))],
  [
    6,
    fc
      .record({
        by: actor,
        of: name,
        licenceType: type,
        region: fc.constantFrom('000000', '320000', '320500', '320581'),
        whole: fc.nat({ max: 5 }),
        days: fc.nat({ max: 9 }),
      })
      .map(({ by, of, licenceType, region, whole, days }) => async (world) => {
        const parentId = by === 'consortium' ? ZERO : await grantAt(world, whole);
        const validTo = days === 0 ? OPEN : world.chain.clock + days * DAY;
        await call(world, by, 'grantScope', [at(of), licenceType, region, 0, validTo, parentId]);
      }),
  ],
  [
    2,
    fc.tuple(actor, name, fc.nat({ max: 5 })).map(([by, of, whole]) => async (world) => {
      const parentId = by === 'consortium' ? ZERO : await grantAt(world, whole);
      await call(world, by, 'grantDuty', [at(of), 'tax', 0, OPEN, parentId]);
    }),
  ],
  [
    2,
    fc.tuple(actor, fc.nat({ max: 5 })).map(([by, index]) => async (world) => {
      await call(world, by, 'endGrant', [await grantAt(world, index)]);
    }),
  ],
  [
    5,
    fc.tuple(name, log, fc.constantFrom(1, 1, 1, 2)).map(
      ([of, text, logClass]) =>
        (world) =>
          world.registerLog(of, text, logClass),
    ),
  ],
  [
    8,
    fc.tuple(anyLog, type, fc.constantFrom(1, 2)).map(([logId, licenceType, mode]) => async (world) => {
      const { owner } = await world.registry.logOf(logId);
      await world.by(NAMES.find((one) => at(one) === owner)!).setMode(logId, licenceType, mode);
    }),
  ],
  [
    1,
    fc.tuple(actor, anyLog).map(
      ([by, logId]) =>
        (world) =>
          call(world, by, 'closeLog', [logId]),
    ),
  ],
  [
    8,
    fc
      .record({ of: name, to: name, isWhole: fc.boolean(), dissolves: fc.constantFrom(true, false, false, false) })
      .map(({ of, to, isWhole, dissolves }) => async (world) => {
        const share = { successor: at(to), ...(await functionOf(world, of, isWhole)) };
        await world.quorum('recordSuccession', [at(of), [share], dissolves]);
      }),
  ],
  [
    1,
    fc.tuple(name, name).map(
      ([of, to]) =>
        (world) =>
          world.quorum('changeParent', [at(of), at(to)]),
    ),
  ],
  [1, fc.constantFrom(3, 4).map((i) => (world) => world.reform('removeMember', [world.members[i]!.address]))],
  [
    1,
    fc.constantFrom(3, 4, 11).map((i) => (world) => {
      return world.reform('addMember', [
        codeOf(`MEMBER0000000000${String(i).padStart(2, '0')}`),
        world.chain.signers[i]!.address,
      ]);
    }),
  ],
];

test('all events from block 0 lead to the state after a thousand steps at random, half of them refused', async () => {
  let [taken, refused] = [0, 0];
  const step = fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 60 }), async (life) => {
      const world = await World.open();
      await world.register(...NAMES);
      await world.addKeyByQuorum({ of: 'nation', name: 'nation', type: 'authority' });
      await world.addKey({ of: 'province', name: 'province', type: 'authority' }, 'nation');
      await world.addKey({ of: 'city', name: 'city', type: 'authority' }, 'province');
      await world.addKey({ of: 'county', name: 'county', type: 'authority' }, 'city');
      for (const take of life) {
        const trouble = await take(world).then(
          () => null,
          (error: unknown) => error as Error,
        );
        if (trouble === null) taken++;
        // Anything but a refusal by name fails here.
        else refused += Math.sign((await refusalOf(Promise.reject(trouble))).length);
      }
      await replayAll(world);
      await world.close();
    }),
    { seed: 20260101, numRuns: 17, endOnFailure: true },
  );
  expect(Math.min(taken, refused), `${taken} taken, ${refused} refused`).to.be.greaterThan(300);
});
