import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import {
  at,
  HOUR,
  MAX_INTEGER,
  NO_CODE,
  OPEN,
  refusalOf,
  SECOND,
  START,
  TYPE,
  TYPE_2,
  World,
  ZERO,
  type Name,
} from '../contracts/consortium-fixture.ts';

let world: World;
let T: number;
beforeEach(async () => {
  world = await World.open();
  await world.register('nation', 'province', 'city', 'county', 'second');
  T = world.chain.clock;
});
afterEach(() => world.close());

interface Terms {
  readonly type?: string;
  readonly region?: string;
  readonly from?: number | bigint;
  readonly to?: number | bigint;
}

/** A scope, by the account of the authority above as a part of `parentId`, or by the consortium. */
async function scope(of: Name, by: Name | 'consortium', parentId: string, terms: Terms = {}): Promise<string> {
  const { type = TYPE, region = '320581', from = 0, to = OPEN } = terms;
  const args = [at(of), type, region, from, to, parentId] as const;
  if (by === 'consortium') await world.quorum('grantScope', args);
  else await world.by(by).grantScope(...args);
  return (await world.lastEvent('ScopeGranted')).scopeId as string;
}

async function duty(of: Name, by: Name | 'consortium', parentId: string, purpose = 'tax.check', to = OPEN): Promise<string> {
  const args = [at(of), purpose, 0, to, parentId] as const;
  if (by === 'consortium') await world.quorum('grantDuty', args);
  else await world.by(by).grantDuty(...args);
  return (await world.lastEvent('DutyGranted')).dutyId as string;
}

/** From the nation down to the county, each a part of the one above. */
async function chainOfScopes(): Promise<Record<'nation' | 'province' | 'city' | 'county', string>> {
  const nation = await scope('nation', 'consortium', ZERO, { region: '000000' });
  const province = await scope('province', 'nation', nation, { region: '320000' });
  const city = await scope('city', 'province', province, { region: '320500' });
  return { nation, province, city, county: await scope('county', 'city', city) };
}

describe('a scope', () => {
  test('is handed down through four levels, each a part of the one above', async () => {
    const { city, county } = await chainOfScopes();
    expect(await world.lastEvent('ScopeGranted')).to.deep.equal({
      scopeId: county,
      code: at('county'),
      licenceType: TYPE,
      region: '320581',
      validFrom: BigInt(T),
      validTo: OPEN,
      parentId: city,
    });
    expect(await world.registry.grantOf(county)).to.deep.equal([at('county'), false, BigInt(T), OPEN, city]);
  });

  test('is granted by the parent out of its own, by the consortium out of nothing', async () => {
    const { nation, city } = await chainOfScopes();
    const { address: cityAccount } = world.accountOf('city');
    const grant = (by: typeof world.registry, parentId: string, of: Name = 'second'): Promise<unknown> =>
      by.grantScope(at(of), TYPE, '320582', 0, OPEN, parentId);
    expect(await refusalOf(grant(world.by('city'), ZERO))).to.deep.equal(['NotConsortium', cityAccount]);
    for (const [by, of] of [
      ['province', 'second'],
      ['second', 'second'],
      ['county', 'second'],
      ['city', 'province'],
    ] as const) {
      const refusal = await refusalOf(grant(world.by(by), city, of));
      expect(refusal).to.deep.equal(['NotAllowed', world.accountOf(by).address, at(of)]);
    }
    const { consortium } = world;
    const withParent = world.quorum('grantScope', [at('second'), TYPE, '320582', 0, OPEN, nation]);
    expect(await refusalOf(withParent)).to.deep.equal(['NotAllowed', await consortium.getAddress(), at('second')]);
    await grant(world.by('city'), city);
    await scope('county', 'consortium', ZERO, { type: TYPE_2 });
  });

  test('lies within the one it is part of, in holder, kind, type, region and period', async () => {
    const whole = await scope('city', 'consortium', ZERO, { region: '320500', from: T + HOUR, to: T + 3 * HOUR });
    const foreign = await scope('province', 'consortium', ZERO, { region: '320000' });
    const read = await duty('city', 'consortium', ZERO);
    const good: Terms = { from: T + HOUR, to: T + 3 * HOUR };
    for (const [parentId, change] of [
      [foreign, {}],
      [read, {}],
      [whole, { type: TYPE_2 }],
      [whole, { region: '320400' }],
      [whole, { region: '320000' }],
      [whole, { region: '310581' }],
      [whole, { region: '000000' }],
      [whole, { from: T + HOUR - SECOND }],
      [whole, { from: 0 }],
      [whole, { to: T + 3 * HOUR + SECOND }],
      [whole, { to: OPEN }],
    ] as const) {
      const refusal = await refusalOf(scope('county', 'city', parentId, { ...good, ...change }));
      expect(refusal, JSON.stringify(change, String)).to.deep.equal(['BeyondGrant', parentId]);
    }
    const nothing = scope('county', 'city', `0x${'01'.repeat(32)}`, good);
    expect(await refusalOf(nothing)).to.deep.equal(['UnknownGrant', `0x${'01'.repeat(32)}`]);
    await scope('county', 'city', whole, good);
    await scope('second', 'city', whole, { ...good, region: '320500' });
  });

  test('regions nest by pairs of digits', async () => {
    const grants = {
      nation: await scope('city', 'consortium', ZERO, { region: '000000' }),
      province: await scope('city', 'consortium', ZERO, { region: '100000', type: TYPE_2 }),
    };
    for (const [parent, type, region, want] of [
      ['nation', TYPE, '999999', 'ok'],
      ['province', TYPE_2, '100001', 'ok'],
      ['province', TYPE_2, '109900', 'ok'],
      ['province', TYPE_2, '100000', 'ok'],
      ['province', TYPE_2, '110000', 'BeyondGrant'],
      ['province', TYPE_2, '000000', 'BeyondGrant'],
    ] as const) {
      const call = scope('county', 'city', grants[parent], { type, region });
      if (want === 'ok') await call;
      else expect((await refusalOf(call))[0], region).to.equal(want);
    }
  });

  test('is no part of what ended, itself or further up', async () => {
    const grants = await chainOfScopes();
    world.chain.clock += HOUR;
    await world.quorum('endGrant', [grants.nation]);
    const refusal = await refusalOf(scope('second', 'city', grants.city, { region: '320582' }));
    expect(refusal).to.deep.equal(['BeyondGrant', grants.city]);
    const ended = await refusalOf(world.by('city').endGrant(grants.county));
    expect(ended, 'it ended with the one above').to.deep.equal(['EndedGrant', grants.county, BigInt(world.chain.clock)]);
  });

  test('refuses each argument out of shape, and a period that ends before it begins', async () => {
    const good = { code: at('county'), type: TYPE, region: '110000', from: BigInt(T), to: OPEN };
    for (const [change, want] of [
      [{ code: NO_CODE }, 'UnknownAuthority'],
      [{ type: TYPE.slice(1) }, 'BadText'],
      [{ type: TYPE.toLowerCase() }, 'BadText'],
      [{ type: `${TYPE}0` }, 'BadText'],
      [{ region: '' }, 'BadText'],
      [{ region: '31010a' }, 'BadText'],
      [{ region: '3101010' }, 'BadText'],
      [{ from: OPEN }, 'BadNumber'],
      [{ from: MAX_INTEGER + 1n }, 'BadNumber'],
      [{ to: OPEN - 1n }, 'BadNumber'],
      [{ to: MAX_INTEGER + 1n }, 'BadNumber'],
      [{ to: BigInt(T) }, 'EmptyPeriod'],
      [{ from: 0n, to: BigInt(START) }, 'EmptyPeriod'],
    ] as const) {
      const { code, type, region, from, to } = { ...good, ...change };
      const refusal = await refusalOf(world.quorum('grantScope', [code, type, region, from, to, ZERO]));
      expect(
        refusal[0],
        JSON.stringify(change, (_, value: unknown) => String(value)),
      ).to.equal(want);
    }
  });

  test('of the same holder, type and region comes after the one before it', async () => {
    const first = await scope('county', 'consortium', ZERO, { to: T + 2 * HOUR });
    const overlap = ['OverlappingGrant', first, BigInt(T + 2 * HOUR)];
    for (const terms of [{}, { from: T + HOUR, to: T + HOUR + 1 }, { from: T + 2 * HOUR - 1 }]) {
      expect(await refusalOf(scope('county', 'consortium', ZERO, terms))).to.deep.equal(overlap);
    }
    const next = await scope('county', 'consortium', ZERO, { from: T + 2 * HOUR });
    // In time before it there is room only after it has ended.
    expect((await refusalOf(scope('county', 'consortium', ZERO, { from: T + 2 * HOUR, to: T + 3 * HOUR })))[1]).to.equal(next);
    await world.quorum('endGrant', [next]);
    expect(await world.lastEvent('ScopeEnded')).to.deep.equal({ scopeId: next, validTo: BigInt(T) });
    expect(await refusalOf(world.quorum('endGrant', [next]))).to.deep.equal(['EndedGrant', next, BigInt(T)]);
    await scope('county', 'consortium', ZERO);
    await scope('second', 'consortium', ZERO);
    await scope('county', 'consortium', ZERO, { type: TYPE_2 });
    await scope('county', 'consortium', ZERO, { region: '320500' });
  });

  test('may be granted again at once where the one above had ended', async () => {
    const { province, city, county } = await chainOfScopes();
    world.chain.clock += HOUR;
    await world.by('nation').endGrant(province);
    expect(await refusalOf(scope('county', 'city', city))).to.deep.equal(['BeyondGrant', city]);
    const again = await scope('county', 'consortium', ZERO);
    expect(again).not.to.equal(county);
  });

  test('that ran out cannot be ended', async () => {
    const past = await scope('county', 'consortium', ZERO, { to: T + HOUR });
    world.chain.clock = T + HOUR;
    expect(await refusalOf(world.quorum('endGrant', [past]))).to.deep.equal(['EndedGrant', past, BigInt(T + HOUR)]);
  });

  test('is ended by whoever may grant it: the holder of the one above, the present parent, the consortium', async () => {
    const { county } = await chainOfScopes();
    for (const by of ['nation', 'province', 'county', 'second'] as const) {
      const refusal = await refusalOf(world.by(by).endGrant(county));
      expect(refusal).to.deep.equal(['NotAllowed', world.accountOf(by).address, at('county')]);
    }
    world.chain.clock += SECOND;
    await world.quorum('changeParent', [at('county'), at('province')]);
    const more = await scope('second', 'consortium', ZERO, { region: '320582' });
    await world.by('city').endGrant(county);
    await world.by('city').endGrant(more);
    const other = await scope('county', 'consortium', ZERO);
    expect((await refusalOf(world.by('city').endGrant(other)))[0]).to.equal('NotAllowed');
    world.chain.clock += SECOND;
    await world.by('province').endGrant(other);
    expect((await world.registry.grantOf(other)).validTo).to.equal(BigInt(world.chain.clock));
  });
});

describe('a duty', () => {
  test('is handed down like a scope, for one purpose', async () => {
    const city = await duty('city', 'consortium', ZERO);
    const county = await duty('county', 'city', city);
    expect(await world.lastEvent('DutyGranted')).to.deep.equal({
      dutyId: county,
      code: at('county'),
      purpose: 'tax.check',
      validFrom: BigInt(T),
      validTo: OPEN,
      parentId: city,
    });
    expect(await world.registry.grantOf(county)).to.deep.equal([at('county'), true, BigInt(T), OPEN, city]);
    expect(await refusalOf(duty('second', 'city', city, 'tax.chase'))).to.deep.equal(['BeyondGrant', city]);
    const scopeId = await scope('city', 'consortium', ZERO);
    expect(await refusalOf(duty('second', 'city', scopeId))).to.deep.equal(['BeyondGrant', scopeId]);
    // The only words that are both a licence type and a purpose.
    const digits = '111000000000133380009';
    const everywhere = await scope('city', 'consortium', ZERO, { type: digits, region: '000000' });
    expect(await refusalOf(duty('second', 'city', everywhere, digits))).to.deep.equal(['BeyondGrant', everywhere]);
    const again = duty('county', 'city', city);
    expect(await refusalOf(again)).to.deep.equal(['OverlappingGrant', county, OPEN]);
    world.chain.clock += SECOND;
    await world.by('city').endGrant(county);
    expect(await world.lastEvent('DutyEnded')).to.deep.equal({ dutyId: county, validTo: BigInt(world.chain.clock) });
  });

  test('has a purpose in shape', async () => {
    for (const purpose of ['', 'Tax', 'tax check', 'tax_check', '税', 'x'.repeat(65)]) {
      expect(await refusalOf(duty('city', 'consortium', ZERO, purpose))).to.deep.equal(['BadText', purpose]);
    }
    for (const purpose of ['a', 'tax-1.check', 'x'.repeat(64)]) await duty('city', 'consortium', ZERO, purpose);
    const early = duty('city', 'consortium', ZERO, 'tax', BigInt(START));
    expect((await refusalOf(early))[0]).to.equal('EmptyPeriod');
    expect((await refusalOf(duty('city', 'consortium', ZERO, 'tax', MAX_INTEGER + 1n)))[0]).to.equal('BadNumber');
  });
});
