import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { hexlify } from 'ethers';
import type { KeyActPlace } from '../../core/authority/key-act.ts';
import { encodeKeyAct, encodeKeyPossession } from '../../core/authority/key-act.ts';
import { KEY_TYPES, type KeyType } from '../../core/authority/registry-event.ts';
import { parsePrivateKey, publicKeyOf, signSm2 } from '../../core/sm/sm2.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import {
  at,
  AUTHORITIES,
  CHAIN_ID,
  DAY,
  DELAY,
  HOUR,
  keyIdNamed,
  keyNamed,
  MAX_INTEGER,
  NO_CODE,
  OPEN,
  openChain,
  refusalOf,
  SECOND,
  START,
  World,
  ZERO,
} from '../contracts/consortium-fixture.ts';

/** GB/T 32918.5: the prime of the field, and the base point. */
const P = 2n ** 256n - 2n ** 224n - 2n ** 96n + 2n ** 64n - 1n;
const numberOf = (type: KeyType): number => KEY_TYPES.indexOf(type) + 1;
const word = (value: bigint): string => value.toString(16).padStart(64, '0');

let world: World;
/** Each but the last has its authority key, named for it: the first by the consortium, the others by their parents. */
beforeEach(async () => {
  world = await World.open();
  await world.register('nation', 'province', 'city', 'second');
  await world.addKeyByQuorum({ of: 'nation', name: 'nation', type: 'authority' });
  await world.addKey({ of: 'province', name: 'province', type: 'authority' }, 'nation');
  await world.addKey({ of: 'city', name: 'city', type: 'authority' }, 'province');
});
afterEach(() => world.close());

describe('a key', () => {
  test("of every type is added by its authority's own key act", async () => {
    for (const type of KEY_TYPES) {
      const nonce = (await world.registry.authorityOf(at('city'))).keyActs;
      await world.addKey({ of: 'city', name: type, type }, 'city');
      const { publicKey, id } = keyNamed(type);
      expect(await world.lastEvent('KeyAdded')).to.deep.equal({
        code: at('city'),
        keyId: id,
        keyType: BigInt(numberOf(type)),
        publicKey: hexlify(publicKey),
        validFrom: BigInt(world.chain.clock),
        signer: keyIdNamed('city'),
      });
      const [x, y] = [publicKey.subarray(1, 33), publicKey.subarray(33)].map((half) => BigInt(hexlify(half)));
      const want = [at('city'), BigInt(numberOf(type)), BigInt(world.chain.clock), OPEN, OPEN, 0n, x, y];
      expect(await world.registry.keyOf(id)).to.deep.equal(want);
      expect((await world.registry.authorityOf(at('city'))).keyActs).to.equal(nonce + 1n);
    }
  });

  test("is added by the parent's authority key, not by a grandparent's, a sibling's or a child's", async () => {
    await world.addKey({ of: 'city', name: 'k1', type: 'log' }, 'province');
    await world.addKey({ of: 'second', name: 'k0', type: 'log' }, 'city');
    for (const [of, signer] of [
      ['city', 'nation'],
      ['province', 'city'],
      ['city', 'other'],
    ] as const) {
      if (signer === 'other') await world.addKey({ of: 'second', name: 'other', type: 'authority' }, 'city');
      const refusal = await refusalOf(world.addKey({ of, name: 'k2', type: 'log' }, signer));
      expect(refusal, signer).to.deep.equal(['WrongSigner', at(of), keyIdNamed(signer)]);
    }
  });

  test('is no longer added by a parent that was', async () => {
    await world.quorum('changeParent', [at('city'), at('nation')]);
    const refusal = await refusalOf(world.addKey({ of: 'city', name: 'k1', type: 'log' }, 'province'));
    expect(refusal).to.deep.equal(['WrongSigner', at('city'), keyIdNamed('province')]);
    await world.addKey({ of: 'city', name: 'k1', type: 'log' }, 'nation');
  });

  test('does not vouch for itself', async () => {
    const refusal = await refusalOf(world.addKey({ of: 'city', name: 'new', type: 'authority' }, 'new'));
    expect(refusal).to.deep.equal(['UnknownKey', keyIdNamed('new')]);
  });

  test('is added by an authority key alone that is in force, not lost, not suspended', async () => {
    for (const name of ['retired', 'lost', 'suspended']) await world.addKey({ of: 'city', name, type: 'authority' }, 'city');
    const validFrom = world.chain.clock + HOUR;
    await world.addKey({ of: 'city', name: 'future', type: 'authority', validFrom }, 'city');
    for (const type of ['log', 'document', 'trust', 'vrf'] as const) await world.addKey({ of: 'city', name: type, type }, 'city');
    world.chain.clock += SECOND;
    await world.retireKey('city', 'authority', 'retired', 'city');
    await world.declareLost('city', 'authority', 'lost', START, 'city');
    await world.suspend(keyIdNamed('suspended'));
    for (const signer of ['retired', 'lost', 'suspended', 'future', 'log', 'document', 'trust', 'vrf']) {
      const refusal = await refusalOf(world.addKey({ of: 'city', name: 'new', type: 'log' }, signer));
      expect(refusal, signer).to.deep.equal(['WrongSigner', at('city'), keyIdNamed(signer)]);
    }
    world.chain.clock = validFrom;
    await world.addKey({ of: 'city', name: 'new', type: 'log' }, 'future');
  });

  test('whose validity begins in the past begins with the block; the act says what was handed in', async () => {
    const now = world.chain.clock;
    for (const [name, asked, want] of [
      ['past', now - 1, now],
      ['now', now, now],
      ['later', now + HOUR, now + HOUR],
    ] as const) {
      await world.addKey({ of: 'city', name, type: 'vrf', validFrom: asked }, 'city');
      expect((await world.lastEvent('KeyAdded')).validFrom, name).to.equal(BigInt(want));
    }
  });

  test('is listed once for ever, whoever lists it and for whatever use', async () => {
    await world.addKey({ of: 'city', name: 'k', type: 'document' }, 'city');
    for (const [of, type, signer] of [
      ['city', 'document', 'city'],
      ['city', 'log', 'city'],
      ['province', 'document', 'nation'],
    ] as const) {
      expect(await refusalOf(world.addKey({ of, name: 'k', type }, signer))).to.deep.equal(['KnownKey', keyIdNamed('k')]);
    }
  });

  test('refuses each argument out of shape, and every point that is not on the curve', async () => {
    const { publicKey } = keyNamed('k');
    const [x, y] = [publicKey.subarray(1, 33), publicKey.subarray(33)].map((half) => BigInt(hexlify(half))) as [bigint, bigint];
    const good = { code: at('city'), keyType: 1, key: hexlify(publicKey), validFrom: 0n };
    const point = (px: bigint, py: bigint): { key: string } => ({ key: `0x04${word(px)}${word(py)}` });
    for (const [change, want] of [
      [{ code: NO_CODE }, ['UnknownAuthority', NO_CODE]],
      [{ keyType: 0 }, ['BadNumber', 0n]],
      [{ keyType: 8 }, ['BadNumber', 8n]],
      [{ key: '0x' }, ['BadPublicKey', 0n]],
      [{ key: `0x02${'11'.repeat(32)}` }, ['BadPublicKey', 33n]],
      [{ key: `0x03${hexlify(publicKey.subarray(1)).slice(2)}` }, ['BadPublicKey', 65n]],
      [{ key: `${hexlify(publicKey)}00` }, ['BadPublicKey', 66n]],
      [point(x, y + 1n), ['OffCurve', x, y + 1n]],
      [point(y, x), ['OffCurve', y, x]],
      [point(0n, 0n), ['OffCurve', 0n, 0n]],
      [point(x, 0n), ['OffCurve', x, 0n]],
      [point(P, y), ['OffCurve', P, y]],
      [point(x, 2n ** 256n - 1n), ['OffCurve', x, 2n ** 256n - 1n]],
    ] as const) {
      const { code, keyType, key, validFrom } = { ...good, ...change };
      const call = world.strange.addKey(code, keyType, key, validFrom, '0x', keyIdNamed('city'), '0x');
      expect(await refusalOf(call), String(want)).to.deep.equal(want);
    }
    for (const validFrom of [MAX_INTEGER + 1n, OPEN]) {
      const possession = await world.possession({ of: 'city', name: 'k', type: 'log' });
      const args = [at('city'), 2, publicKey, validFrom, possession] as const;
      const early = await refusalOf(world.quorum('addKeyByQuorum', args, { wait: DELAY }));
      expect(early).to.deep.equal(['BadNumber', validFrom]);
    }
  });

  test('with a private key that everybody knows is on the curve: its holder must know better', async () => {
    // d = 1 is the base point, where careless curve arithmetic goes wrong.
    const privateKey = parsePrivateKey(Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0)));
    const publicKey = publicKeyOf(privateKey);
    const place = await world.place('city');
    const possession = signSm2(privateKey, encodeKeyPossession({ ...place, keyType: 'log', publicKey }));
    const act = encodeKeyAct({ ...place, act: 'add', keyType: 'log', keyId: keyIdOf(publicKey), date: 0 });
    await world.strange.addKey(at('city'), 2, publicKey, 0, possession, keyIdNamed('city'), keyNamed('city').sign(act));
    expect((await world.lastEvent('KeyAdded')).keyId).to.equal(hexlify(keyIdOf(publicKey)));
  });
});

/** Every place but the right one: another turn, chain, registry, authority. */
const ELSEWHERE: readonly Partial<KeyActPlace>[] = [
  { nonce: 0 },
  { nonce: 2 },
  { nonce: Number.MAX_SAFE_INTEGER },
  { chainId: CHAIN_ID + 1 },
  { registry: new Uint8Array(20).fill(7) },
  { authority: AUTHORITIES.province[0] },
];

describe('possession of a new key', () => {
  for (const type of ['log', 'vrf', 'authority'] as const) {
    test(`of type ${type} is shown for this place and turn, with this key and for this use`, async () => {
      const key = { of: 'city', name: 'k', type } as const;
      for (const elsewhere of ELSEWHERE) {
        const refusal = await refusalOf(world.addKey(key, 'city', { possession: elsewhere }));
        expect(refusal, JSON.stringify(elsewhere)).to.deep.equal(['NoPossession', keyIdNamed('k')]);
      }
      const { publicKey, sign } = keyNamed('k');
      const place = await world.place('city');
      const good = encodeKeyPossession({ ...place, keyType: type, publicKey });
      const act = await world.act('city', 'add', type, 'k', 0, 'city');
      for (const [name, possession] of [
        ['by another key', keyNamed('thief').sign(good)],
        ['by the authority key', keyNamed('city').sign(good)],
        ['for another use', sign(encodeKeyPossession({ ...place, keyType: 'request', publicKey }))],
        ['of another key', sign(encodeKeyPossession({ ...place, keyType: type, publicKey: keyNamed('thief').publicKey }))],
        ['of the key act', sign(encodeKeyAct({ ...place, act: 'add', keyType: type, keyId: keyNamed('k').keyId, date: 0 }))],
        ['missing', new Uint8Array()],
        ['cut', sign(good).subarray(0, 63)],
        ['too long', Uint8Array.of(...sign(good), 0)],
      ] as const) {
        const call = world.strange.addKey(at('city'), numberOf(type), publicKey, 0, possession, keyIdNamed('city'), act);
        expect(await refusalOf(call), name).to.deep.equal(['NoPossession', keyIdNamed('k')]);
      }
      await world.addKey(key, 'city');
    });
  }

  test('is asked of the consortium too', async () => {
    const { publicKey } = keyNamed('k');
    const possession = await world.possession({ of: 'city', name: 'k', type: 'log' }, { nonce: 5 });
    const call = world.quorum('addKeyByQuorum', [at('city'), 2, publicKey, 0, possession], { wait: DELAY });
    expect(await refusalOf(call)).to.deep.equal(['NoPossession', keyIdNamed('k')]);
  });
});

describe('a key act', () => {
  beforeEach(() => world.addKey({ of: 'city', name: 'log', type: 'log' }, 'city'));

  test('is signed for this place and turn', async () => {
    for (const elsewhere of [...ELSEWHERE.filter((place) => place.nonce !== 2), { nonce: 1 }, { nonce: 3 }]) {
      const refusal = await refusalOf(world.addKey({ of: 'city', name: 'k', type: 'log' }, 'city', { act: elsewhere }));
      expect(refusal, JSON.stringify(elsewhere)).to.deep.equal(['BadKeyAct', at('city'), keyIdNamed('city'), 2n]);
    }
  });

  test('is signed for this act, key type, key and date', async () => {
    const [city, want] = [keyIdNamed('city'), ['BadKeyAct', at('city'), keyIdNamed('city'), 2n]];
    const { publicKey } = keyNamed('k');
    const possession = await world.possession({ of: 'city', name: 'k', type: 'log' });
    world.chain.clock += HOUR;
    for (const [name, act] of [
      ['another act', await world.act('city', 'compromise', 'log', 'k', 0, 'city')],
      ['another type', await world.act('city', 'add', 'vrf', 'k', 0, 'city')],
      ['another key', await world.act('city', 'add', 'log', 'thief', 0, 'city')],
      ['another date', await world.act('city', 'add', 'log', 'k', 1, 'city')],
      ['another signer', await world.act('city', 'add', 'log', 'k', 0, 'province')],
      ['nobody', new Uint8Array(64)],
      ['cut', (await world.act('city', 'add', 'log', 'k', 0, 'city')).subarray(0, 63)],
    ] as const) {
      const call = world.strange.addKey(at('city'), 2, publicKey, 0, possession, city, act);
      expect(await refusalOf(call), name).to.deep.equal(want);
    }
    const retire = await world.act('city', 'retire', 'log', 'log', 0, 'city');
    const lost = world.strange.declareKeyCompromised(keyIdNamed('log'), 0, city, retire);
    expect(await refusalOf(lost)).to.deep.equal(want);
    const declared = await world.act('city', 'compromise', 'log', 'log', 0, 'city');
    expect(await refusalOf(world.strange.retireKey(keyIdNamed('log'), city, declared))).to.deep.equal(want);
  });

  test('is taken once, and not after another act came before it, the consortium’s included', async () => {
    const clock = (world.chain.clock += HOUR);
    const act = await world.act('city', 'compromise', 'log', 'log', clock, 'city');
    const declare = (since: number): Promise<unknown> =>
      world.strange.declareKeyCompromised(keyIdNamed('log'), since, keyIdNamed('city'), act);
    await declare(clock);
    expect(await refusalOf(declare(clock))).to.deep.equal(['BadKeyAct', at('city'), keyIdNamed('city'), 3n]);

    const next = await world.act('city', 'retire', 'log', 'log', 0, 'city');
    await world.addKeyByQuorum({ of: 'city', name: 'k', type: 'log' }, { wait: DELAY });
    const late = world.strange.retireKey(keyIdNamed('log'), keyIdNamed('city'), next);
    expect(await refusalOf(late)).to.deep.equal(['BadKeyAct', at('city'), keyIdNamed('city'), 4n]);
    for (const [name, args] of [
      ['declareKeyCompromisedByQuorum', [keyIdNamed('k'), 0]],
      ['retireKeyByQuorum', [keyIdNamed('k')]],
    ] as const) {
      const before = (await world.registry.authorityOf(at('city'))).keyActs;
      await world.quorum(name, args, { wait: DELAY });
      expect((await world.registry.authorityOf(at('city'))).keyActs).to.equal(before + 1n);
    }
  });
});

test('a registry on another chain takes no word that was meant for this one', async () => {
  const far = await World.open(await openChain(777));
  try {
    expect(hexlify(far.registryBytes)).to.equal(hexlify(world.registryBytes));
    await far.register('nation');
    const first = await refusalOf(far.addKeyByQuorum({ of: 'nation', name: 'nation', type: 'authority' }));
    expect(first).to.deep.equal(['NoPossession', keyIdNamed('nation')]);
    const { publicKey } = keyNamed('nation');
    const possession = await far.possession({ of: 'nation', name: 'nation', type: 'authority' }, { chainId: 777 });
    await far.quorum('addKeyByQuorum', [at('nation'), 1, publicKey, 0, possession]);
    const key = { of: 'nation', name: 'k', type: 'log' } as const;
    const here = far.addKey(key, 'nation', { possession: { chainId: 777 } });
    expect(await refusalOf(here)).to.deep.equal(['BadKeyAct', at('nation'), keyIdNamed('nation'), 1n]);
    await far.addKey(key, 'nation', { possession: { chainId: 777 }, act: { chainId: 777 } });
  } finally {
    await far.close();
  }
});

describe('the consortium', () => {
  test('adds a key at once while the authority never had an authority key, later only after the delay', async () => {
    await world.addKeyByQuorum({ of: 'second', name: 'log', type: 'log' });
    await world.addKeyByQuorum({ of: 'second', name: 'first', type: 'authority' });
    const proposedAt = world.chain.clock;
    const too = ['TooEarly', BigInt(proposedAt), BigInt(proposedAt + DELAY)];
    expect(await refusalOf(world.addKeyByQuorum({ of: 'second', name: 'more', type: 'log' }))).to.deep.equal(too);
    await world.addKeyByQuorum({ of: 'second', name: 'more', type: 'log' }, { wait: DELAY });
    expect((await world.lastEvent('KeyAdded')).signer).to.equal(ZERO);
    await world.quorum('retireKeyByQuorum', [keyIdNamed('first')], { wait: DELAY });
    const again = await refusalOf(world.addKeyByQuorum({ of: 'second', name: 'again', type: 'authority' }));
    expect(again[0], 'it had one').to.equal('TooEarly');
  });

  test('retires a key or declares it lost only after the delay', async () => {
    const key = keyIdNamed('city');
    for (const [name, args] of [
      ['retireKeyByQuorum', [key]],
      ['declareKeyCompromisedByQuorum', [key, START]],
    ] as const) {
      const proposedAt = world.chain.clock;
      const refusal = await refusalOf(world.quorum(name, args, { wait: DELAY - SECOND }));
      expect(refusal).to.deep.equal(['TooEarly', BigInt(proposedAt), BigInt(proposedAt + DELAY)]);
      await world.quorum(name, args, { wait: DELAY });
    }
    expect(await world.lastEvent('KeyRetired')).to.deep.include({ keyId: key, signer: ZERO });
    expect(await world.lastEvent('KeyCompromised')).to.deep.equal({ keyId: key, since: BigInt(START), signer: ZERO });
    for (const [name, args] of [
      ['retireKeyByQuorum', [ZERO]],
      ['declareKeyCompromisedByQuorum', [ZERO, 0]],
    ] as const) {
      expect(await refusalOf(world.quorum(name, args, { wait: DELAY }))).to.deep.equal(['UnknownKey', ZERO]);
    }
  });
});

describe('the end of a key', () => {
  test('comes once, with the time of the block, after it began', async () => {
    await world.addKey({ of: 'city', name: 'k', type: 'document' }, 'city');
    const retire = (): Promise<unknown> => world.retireKey('city', 'document', 'k', 'city');
    const began = world.chain.clock;
    expect(await refusalOf(retire())).to.deep.equal(['EmptyPeriod', BigInt(began), BigInt(began)]);
    const ended = (world.chain.clock += SECOND);
    await retire();
    const id = keyIdNamed('k');
    expect(await world.lastEvent('KeyRetired')).to.deep.equal({ keyId: id, validTo: BigInt(ended), signer: keyIdNamed('city') });
    world.chain.clock += HOUR;
    expect(await refusalOf(retire())).to.deep.equal(['EndedKey', id, BigInt(ended)]);
    expect(await refusalOf(world.quorum('suspendKeyAgain', [id]))).to.deep.equal(['EndedKey', id, BigInt(ended)]);
    const validAt = await Promise.all(
      [began - 1, began, ended - 1, ended].map((time) => world.registry.isValidAt(keyIdNamed('k'), time)),
    );
    expect(validAt).to.deep.equal([false, true, true, false]);
    const unknown = world.strange.retireKey(ZERO, keyIdNamed('city'), '0x');
    expect(await refusalOf(unknown)).to.deep.equal(['UnknownKey', ZERO]);
  });

  test('a loss is not declared for the future, and only moves earlier', async () => {
    await world.addKey({ of: 'city', name: 'k', type: 'log' }, 'city');
    const [now, id] = [(world.chain.clock += HOUR), keyIdNamed('k')];
    const declare = (since: number): Promise<unknown> => world.declareLost('city', 'log', 'k', since, 'city');
    expect(await refusalOf(declare(now + 1))).to.deep.equal(['BadNumber', BigInt(now + 1)]);
    await declare(now);
    for (const since of [now, now + 1]) {
      world.chain.clock = now + HOUR;
      expect(await refusalOf(declare(since))).to.deep.equal(['NotEarlier', id, BigInt(now), BigInt(since)]);
    }
    await declare(0);
    expect((await world.registry.keyOf(id)).compromisedSince).to.equal(0n);
    const unknown = world.strange.declareKeyCompromised(ZERO, 0, keyIdNamed('city'), '0x');
    expect(await refusalOf(unknown)).to.deep.equal(['UnknownKey', ZERO]);
  });

  test('a retired key can still be declared lost, by the parent', async () => {
    world.chain.clock += SECOND;
    await world.retireKey('city', 'authority', 'city', 'city');
    await world.declareLost('city', 'authority', 'city', START, 'province');
    expect(await world.lastEvent('KeyCompromised')).to.deep.include({ since: BigInt(START), signer: keyIdNamed('province') });
  });
});

describe('a suspension', () => {
  const suspendedUntil = async (): Promise<bigint> => (await world.registry.keyOf(keyIdNamed('city'))).suspendedUntil;

  test('takes fewer approvals and lasts seven days', async () => {
    const key = keyIdNamed('city');
    expect((await refusalOf(world.suspend(key, 1)))[0]).to.equal('TooFewApprovals');
    const now = world.chain.clock;
    await world.suspend(key, 2);
    const until = now + 7 * DAY;
    expect(await world.lastEvent('KeySuspended')).to.deep.equal({
      keyId: key,
      suspendedAt: BigInt(now),
      suspendedUntil: BigInt(until),
    });
    expect(await suspendedUntil()).to.equal(BigInt(until));
    world.chain.clock = until - SECOND;
    const add = (): Promise<unknown> => world.addKey({ of: 'city', name: 'k', type: 'log' }, 'city');
    expect(await refusalOf(add())).to.deep.equal(['WrongSigner', at('city'), key]);
    world.chain.clock = until;
    await add();
    expect(await refusalOf(world.quorum('liftSuspension', [key]))).to.deep.equal(['NotSuspended', key]);
  });

  test('is not said twice by fewer, whether it ran out or was lifted; the whole quorum may', async () => {
    const key = keyIdNamed('city');
    await world.suspend(key);
    const until = await suspendedUntil();
    for (const wait of [0, 8 * DAY]) {
      world.chain.clock += wait;
      expect(await refusalOf(world.suspend(key, 5))).to.deep.equal(['SuspendedBefore', key, until]);
    }
    await world.quorum('suspendKeyAgain', [key]);
    expect(await suspendedUntil()).to.equal(BigInt(world.chain.clock + 7 * DAY));
    const now = (world.chain.clock += HOUR);
    await world.quorum('liftSuspension', [key]);
    const lifted = { keyId: key, suspendedAt: BigInt(now), suspendedUntil: 0n };
    expect(await world.lastEvent('KeySuspended')).to.deep.equal(lifted);
    expect(await refusalOf(world.suspend(key))).to.deep.equal(['SuspendedBefore', key, 0n]);
    expect(await refusalOf(world.quorum('liftSuspension', [key]))).to.deep.equal(['NotSuspended', key]);
    const tooFew = await world.propose(world.registry, world.registry.interface.encodeFunctionData('suspendKeyAgain', [key]));
    await world.approve(tooFew, 2);
    expect((await refusalOf(world.as(0).execute(tooFew)))[0]).to.equal('TooFewApprovals');
  });

  test('of an unknown key is refused', async () => {
    expect(await refusalOf(world.suspend(ZERO))).to.deep.equal(['UnknownKey', ZERO]);
    expect(await refusalOf(world.quorum('suspendKeyAgain', [ZERO]))).to.deep.equal(['UnknownKey', ZERO]);
    expect(await refusalOf(world.quorum('liftSuspension', [ZERO]))).to.deep.equal(['UnknownKey', ZERO]);
  });

  test('leaves a key one word: that it is lost itself', async () => {
    await world.addKey({ of: 'city', name: 'log', type: 'log' }, 'city');
    await world.suspend(keyIdNamed('city'));
    world.chain.clock += HOUR;
    const wrong = ['WrongSigner', at('city'), keyIdNamed('city')];
    expect(await refusalOf(world.declareLost('city', 'log', 'log', START, 'city'))).to.deep.equal(wrong);
    expect(await refusalOf(world.retireKey('city', 'authority', 'city', 'city'))).to.deep.equal(wrong);
    await world.declareLost('city', 'authority', 'city', world.chain.clock, 'city');
    const earlier = world.declareLost('city', 'authority', 'city', START, 'city');
    expect(await refusalOf(earlier), 'a lost key has no word').to.deep.equal(wrong);
  });

  test('does not make a key of another use an officer: a lost log key is declared by an authority key', async () => {
    await world.addKey({ of: 'city', name: 'log', type: 'log' }, 'city');
    const refusal = await refusalOf(world.declareLost('city', 'log', 'log', START, 'log'));
    expect(refusal).to.deep.equal(['WrongSigner', at('city'), keyIdNamed('log')]);
  });
});
