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
  PARENTS,
  refusalOf,
  TYPE,
  World,
  ZERO,
  type Name,
} from '../contracts/consortium-fixture.ts';
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

type Actor = Name | 'consortium';

/** What a step may draw. Most of what comes out is not allowed. */
interface Dice {
  readonly of: Name;
  readonly to: Name;
  readonly by: Actor;
  readonly key: string;
  readonly type: string;
  readonly keyType: KeyType;
  readonly region: string;
  /** 0 to 7. */
  readonly n: number;
  readonly flag: boolean;
}
type Step = (world: World, dice: Dice) => Promise<unknown>;

async function call(world: World, by: Actor, name: string, args: readonly unknown[]): Promise<void> {
  if (by === 'consortium') await world.quorum(name, args);
  else await world.by(by).getFunction(name)(...args);
}

/** Whose key it is, for what use, and the authority key of its owner or of the one above. Refused where nobody listed it. */
async function placeOf(world: World, { key, flag }: Dice): Promise<[of: Name, type: KeyType, key: string, signer: string]> {
  const { code, keyType } = await world.registry.keyOf(keyIdNamed(key));
  const of = NAMES.find((name) => at(name) === code)!;
  return [of, KEY_TYPES[Number(keyType) - 1]!, key, flag ? of : (PARENTS[of] ?? of)];
}

/** One of what was granted or registered so far. */
async function nth(world: World, event: string, n: number): Promise<string> {
  const ids = (await eventsOf(world.registry, event)).map(({ topics }) => topics[1]!);
  return ids.length === 0 ? ZERO : ids[n % ids.length]!;
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

/** With how often each is taken. */
const STEPS: readonly [weight: number, step: Step][] = [
  [2, async (world, { n }) => (world.chain.clock += n * 10 * HOUR)],
  [4, (world, { of, keyType: type, n, key }) => world.addKey({ of, name: `new ${n % 3}`, type }, n < 4 ? of : key)],
  [2, async (world, dice) => world.retireKey(...(await placeOf(world, dice)))],
  [
    2,
    async (world, dice) => {
      const [of, type, key, signer] = await placeOf(world, dice);
      return world.declareLost(of, type, key, world.chain.clock - dice.n * HOUR, signer);
    },
  ],
  [1, (world, { key }) => world.suspend(keyIdNamed(key))],
  [1, (world, { key }) => world.quorum('suspendKeyAgain', [keyIdNamed(key)])],
  [1, (world, { key }) => world.quorum('liftSuspension', [keyIdNamed(key)])],
  [
    4,
    (world, { of, type, region, n }) => {
      const validTo = n === 0 ? OPEN : world.chain.clock + n * DAY;
      return world.quorum('grantScope', [at(of), type, region, 0, validTo, ZERO]);
    },
  ],
  [
    8,
    async (world, { of, type, region, n, flag }) => {
      const parentId = await nth(world, 'ScopeGranted', n);
      const whole = await world.registry.grantOf(parentId);
      const validTo = flag ? whole.validTo : OPEN;
      await world.by(PARENTS[of] ?? of).grantScope(at(of), type, region, 0, validTo, parentId);
    },
  ],
  [2, (world, { of, n }) => world.quorum('grantDuty', [at(of), `read-${n}`, 0, OPEN, ZERO])],
  [
    2,
    async (world, { by, n, flag }) => call(world, by, 'endGrant', [await nth(world, flag ? 'ScopeGranted' : 'DutyGranted', n)]),
  ],
  [6, (world, { of, n }) => world.registerLog(of, `log-${n % 2}`, n === 0 ? 2 : 1)],
  [
    8,
    async (world, { n, type, flag }) => {
      const logId = await nth(world, 'LogRegistered', n);
      const { owner } = await world.registry.logOf(logId);
      await world.by(NAMES.find((name) => at(name) === owner)!).setMode(logId, type, flag ? 1 : 2);
    },
  ],
  [1, async (world, { by, n }) => call(world, by, 'closeLog', [await nth(world, 'LogRegistered', n)])],
  [
    8,
    async (world, { of, to, n, flag }) => {
      const share = { successor: at(to), ...(await functionOf(world, of, flag)) };
      await world.quorum('recordSuccession', [at(of), [share], n === 0]);
    },
  ],
  [1, (world, { of, to }) => world.quorum('changeParent', [at(of), at(to)])],
  [1, (world, { n }) => world.reform('removeMember', [world.members[3 + (n % 2)]!.address])],
  [1, (world, { n }) => world.reform('addMember', [codeOf(`MEMBER00000000000${n}`), world.chain.signers[3 + (n % 3)]!.address])],
];

const dice: fc.Arbitrary<Dice> = fc.record({
  of: fc.constantFrom(...NAMES),
  to: fc.constantFrom(...NAMES),
  by: fc.constantFrom<Actor>('consortium', 'province', 'city'),
  key: fc.constantFrom('nation', 'province', 'city', 'county', 'new 0', 'new 1', 'new 2'),
  type: fc.constantFrom(...TYPES),
  keyType: fc.constantFrom(...KEY_TYPES),
  region: fc.constantFrom('320000', '320500', '320581'),
  n: fc.nat({ max: 7 }),
  flag: fc.boolean(),
});
const step = fc.constantFrom(...STEPS.flatMap(([weight, take]) => Array.from({ length: weight }, () => take)));

test('all events from block 0 lead to the state after hundreds of steps at random, half of them refused', async () => {
  let [taken, refused] = [0, 0];
  const lives = fc.array(fc.tuple(step, dice), { minLength: 80, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(lives, async (life) => {
      const world = await World.open();
      await world.register(...NAMES);
      await world.addKeyByQuorum({ of: 'nation', name: 'nation', type: 'authority' });
      await world.addKey({ of: 'province', name: 'province', type: 'authority' }, 'nation');
      await world.addKey({ of: 'city', name: 'city', type: 'authority' }, 'province');
      await world.addKey({ of: 'county', name: 'county', type: 'authority' }, 'city');
      for (const [take, drawn] of life) {
        const trouble = await take(world, drawn).then(
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
    { seed: 20260101, numRuns: 8, endOnFailure: true },
  );
  expect(Math.min(taken, refused), `${taken} taken, ${refused} refused`).to.be.greaterThan(200);
});
