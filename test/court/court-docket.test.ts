/** What may be shown to the court, where a dispute starts, and how charges wait, take effect and are answered. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { AnchoredCheckpoint, Charge, SignedCheckpoint } from '../../core/court/charge.ts';
import { COURT, hex, ZERO_WORD } from '../../chain/abi.ts';
import { chargeDigestOf, encodeCharge, encodeClearDispute, encodeConfirmCharge } from '../../chain/charge-call.ts';
import { bytesOf } from '../log/memory-log.ts';
import {
  brokenPromise,
  fork,
  keyIdOfSigner,
  promiseOf,
  rolledBack,
  signerNamed,
  splitView,
  SpokenLog,
  unmapped,
} from './spoken-log.ts';
import {
  call,
  CLOSED_ORIGIN,
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
} from './court-world.ts';
import {
  at,
  LATER,
  world,
  log,
  anchors,
  hidden,
  court,
  signed,
  bring,
  convicts,
  acquits,
  dataOf,
  refusal,
  dispute,
  isKnown,
  NO_DISPUTE,
  clear,
  confirm,
  branchAt,
  useCourt,
} from './court-bench.ts';

useCourt();

describe('what may be shown', () => {
  const other = () => branchAt(4, 4).checkpoint(LATER);

  test('is brought by a member', async () => {
    const charge = fork(anchors[1]!, signed(other()));
    expect(await refusal(charge, world.stranger)).to.deep.equal(['NotMember', world.stranger.address]);
    expect(await refusal(charge, world.owner)).to.deep.equal(['NotMember', world.owner.address]);
    expect(await refusal(charge, world.members[2])).to.equal(null);
  });

  test('is an anchor of this log to the last bit', async () => {
    const [anchor] = [anchors[1]!];
    const { checkpoint } = anchor;
    for (const change of [
      { sequence: 0 },
      { sequence: 2 },
      { sequence: 4 },
      { anchoredAt: anchor.anchoredAt + 1 },
      { checkpoint: { ...checkpoint, size: 9 } },
      { checkpoint: { ...checkpoint, issuedAt: checkpoint.issuedAt + 1 } },
      { checkpoint: { ...checkpoint, rootHash: bytesOf('r') } },
      { checkpoint: { ...checkpoint, mapRoot: bytesOf('m') } },
    ]) {
      const altered = { ...anchor, ...change };
      await acquits(fork(altered, signed(other())), 'UnknownAnchor', hex(log.logId), BigInt(altered.sequence));
    }
    const elsewhere = new SpokenLog(CLOSED_ORIGIN).grow(8, 'other');
    const charge = fork({ ...anchor, checkpoint: { ...checkpoint, origin: CLOSED_ORIGIN } }, signed(elsewhere.checkpoint(LATER)));
    await acquits(charge, 'UnknownAnchor', hex(elsewhere.logId), 1n);
  });

  test('is signed with a log key of the log’s owner, valid at the time that the bytes say', async () => {
    await world.registerKey(signerNamed('document'), 'document');
    await world.registerKey(signerNamed('theirs'), 'log', OTHER_CODE);
    await world.registerKey(signerNamed('new'));
    world.now += SECOND;
    await world.retire(secondSigner);
    for (const [name, issuedAt] of [
      ['document', LATER + SECOND],
      ['theirs', LATER + SECOND],
      ['new', LATER - 1],
      ['second log key', LATER + SECOND],
      ['log key', READY - 2 * HOUR],
    ] as const) {
      const signer = signerNamed(name);
      const charge = fork(anchors[1]!, signed({ ...other(), issuedAt }, signer));
      await acquits(charge, 'WrongKey', hex(keyIdOfSigner(signer)), BigInt(issuedAt));
    }
    const unheard = signerNamed('unheard of');
    await acquits(fork(anchors[1]!, signed(other(), unheard)), 'UnknownKey', hex(keyIdOfSigner(unheard)));
    await bring(fork(anchors[1]!, signed({ ...other(), issuedAt: LATER }, secondSigner)));
  });

  test('bears that key’s signature of these bytes', async () => {
    const good = signed(other());
    const bad = ['BadSignature', hex(good.keyId)] as const;
    for (const change of [{ issuedAt: LATER + 1 }, { size: 7 }, { rootHash: bytesOf('r') }, { mapRoot: bytesOf('m') }]) {
      const checkpoint = { ...good.checkpoint, ...change };
      await acquits(fork(anchors[1]!, { ...good, checkpoint, note: { ...good.note, checkpoint } }), ...bad);
    }
    const { logSignature } = signed(other(), secondSigner).note;
    await acquits(fork(anchors[1]!, { ...good, note: { ...good.note, logSignature } }), ...bad);
    const short = dataOf(fork(anchors[1]!, good)).replace(hex(good.note.logSignature.signature).slice(2), '00'.repeat(64));
    expect(await world.refusal(world.members[0]!, court(), short)).to.deep.equal(bad);
  });

  test('has numbers that every reader can hold, and is empty in all ways or none', async () => {
    const { args } = COURT.parseTransaction({ data: dataOf(fork(anchors[1]!, signed(other()))) })!;
    const [logId, start, a, b] = args.toArray(true) as [string, unknown, unknown[], unknown[]];
    const withB = (change: Record<number, unknown>): string =>
      call(COURT, 'chargeFork', [logId, start, a, Object.assign([...b], change)]);
    const empty = hex(new SpokenLog(ORIGIN).checkpoint(LATER).rootHash);
    for (const [change, want] of [
      [{ 0: 2n ** 53n }, ['BadNumber', 2n ** 53n]],
      [{ 1: 2n ** 53n }, ['BadNumber', 2n ** 53n]],
      [{ 2: empty }, ['BadCheckpoint', 8n, empty, b[3]]],
      [{ 3: ZERO_WORD }, ['BadCheckpoint', 8n, b[2], ZERO_WORD]],
      [{ 0: 0n }, ['BadCheckpoint', 0n, b[2], b[3]]],
      [{ 0: 0n, 2: empty }, ['BadCheckpoint', 0n, empty, b[3]]],
      [{ 0: 0n, 3: ZERO_WORD }, ['BadCheckpoint', 0n, b[2], ZERO_WORD]],
    ] as const) {
      expect(await world.refusal(world.members[0]!, court(), withB(change))).to.deep.equal(want);
    }
    const promise = { ...promiseOf(log, hidden, [READY, READY], logSigner).promise, deadlineAt: 2 ** 53 - 1 };
    const word = promiseOf(log, hidden, [READY, READY - 1], logSigner);
    expect((await refusal(brokenPromise(log, anchors[3]!, word)))![0]).to.equal('BadPromise');
    const charge = brokenPromise(log, anchors[3]!, { ...word, promise });
    const late = dataOf(charge).replace('001fffffffffffff', '0020000000000000');
    expect(await world.refusal(world.members[0]!, court(), late)).to.deep.equal(['BadNumber', 2n ** 53n]);
  });

  test('of an unknown log is nothing', async () => {
    const origin = new SpokenLog(ORIGIN).origin.replace('licences', 'unheard-of') as typeof ORIGIN;
    const nobody = new SpokenLog(origin).grow(3);
    const charge = fork(signed(nobody.checkpoint(LATER)), signed(nobody.branch(2).grow(1, 'x').checkpoint(LATER)));
    const refused = await world.refusal(world.members[0]!, court(), encodeCharge(charge, []));
    expect(refused).to.deep.equal(['WrongKey', hex(keyIdOfSigner(logSigner)), BigInt(LATER)]);
  });
});

describe('where the dispute starts', () => {
  const charge = () => fork(anchors[1]!, signed(branchAt(4, 4).checkpoint(LATER)));

  test('is said by the charger and checked: the first anchor that is not smaller', async () => {
    const { args } = COURT.parseTransaction({ data: dataOf(charge()) })!;
    const [logId, right, a, b] = args.toArray(true) as [string, [bigint, unknown, unknown], unknown, unknown];
    const nothing = [0n, 0n, ZERO_WORD, ZERO_WORD, 0n];
    const preimage = ({ checkpoint: c, anchoredAt }: AnchoredCheckpoint): unknown[] => [
      BigInt(c.size),
      BigInt(c.issuedAt),
      hex(c.rootHash),
      hex(c.mapRoot),
      BigInt(anchoredAt),
    ];
    const [p0, p1, p2, p3] = anchors.map(preimage);
    expect(right).to.deep.equal([1n, p1, p0]);
    const wrong = (sequence: bigint): unknown[] => ['WrongStart', logId, sequence];
    const unknown = (sequence: bigint): unknown[] => ['UnknownAnchor', logId, sequence];
    for (const [start, want] of [
      [[0n, p0, nothing], wrong(0n)],
      [[2n, p2, p1], wrong(2n)],
      [[3n, p3, p2], wrong(3n)],
      [[4n, nothing, nothing], wrong(4n)],
      [[5n, nothing, nothing], wrong(5n)],
      [[2n ** 64n - 1n, nothing, nothing], wrong(2n ** 64n - 1n)],
      [[1n, nothing, p0], unknown(1n)],
      [[1n, p2, p0], unknown(1n)],
      [[1n, p1, nothing], unknown(0n)],
      [[1n, p1, p1], unknown(0n)],
      [[0n, p1, nothing], unknown(0n)],
    ] as const) {
      expect(await world.refusal(world.members[0]!, court(), call(COURT, 'chargeFork', [logId, start, a, b]))).to.deep.equal(
        want,
      );
    }
    expect(await refusal(charge())).to.equal(null);
  });

  test('may be the first anchor, and one that is not there yet', async () => {
    const [a, b] = [branchAt(2, 1), branchAt(1, 2)].map((one) => signed(one.checkpoint(LATER)));
    await convicts(fork(a!, b!), { fromSize: 3, fromSequence: 0 });
    await clear();
    const [c, d] = [branchAt(20, 5), branchAt(19, 6)].map((one) => signed(one.checkpoint(LATER)));
    await convicts(fork(c!, d!), { fromSize: 25, fromSequence: 4 });
  });

  test('may be before any anchor', async () => {
    const [a, b] = ['a', 'b'].map((name) => signed(new SpokenLog(CLOSED_ORIGIN).grow(3, name).checkpoint(LATER)));
    const events = await bring(fork(a!, b!));
    expect(events[1]!.args.toArray().slice(3)).to.deep.equal([0n, 3n]);
  });

  test('moves back by a charge that reaches further, and never forward', async () => {
    const openedAt = BigInt(world.now);
    await convicts(charge(), { fromSize: 8, fromSequence: 1 });
    world.now += MINUTE;
    const larger = await bring(splitView(log, signed(branchAt(2, 17).checkpoint(LATER)), anchors[3]!));
    expect(larger.map(({ name }) => name)).to.deep.equal(['Charged']);
    const smaller = splitView(log, signed(branchAt(2, 1).checkpoint(LATER)), anchors[3]!);
    expect((await bring(smaller)).map(({ name }) => name)).to.deep.equal(['Charged', 'Disputed']);
    expect(await dispute()).to.deep.equal([hex(chargeDigestOf(smaller)), 0n, 3n, openedAt]);
    const smallest = fork(
      ...(['a', 'b'].map((name) => signed(new SpokenLog(ORIGIN).grow(1, name).checkpoint(LATER))) as [
        SignedCheckpoint,
        SignedCheckpoint,
      ]),
    );
    await bring(smallest);
    expect((await dispute()).slice(0, 3)).to.deep.equal([hex(chargeDigestOf(smallest)), 0n, 1n]);
  });

  test('moves back by the same fact shown from a smaller size, so that nobody can shelter a lie by a weak charge', async () => {
    await convicts(unmapped(log, anchors[3]!, hidden), { fromSize: 20, fromSequence: 3 });
    expect((await refusal(unmapped(log, anchors[3]!, hidden)))![0]).to.equal('KnownCharge');
    const earlier = unmapped(log, signed(log.checkpoint(LATER, { size: 6 })), hidden);
    const events = await bring(earlier, { fromSize: 6, fromSequence: 1 });
    expect(events.map(({ name }) => name)).to.deep.equal(['Charged', 'Disputed']);
    for (const known of [unmapped(log, anchors[1]!, hidden), unmapped(log, anchors[3]!, hidden), earlier]) {
      expect(await refusal(known)).to.deep.equal(['KnownCharge', hex(chargeDigestOf(earlier))]);
    }
  });
});

describe('a charge that rests on a key in doubt', () => {
  const other = () => branchAt(4, 4).checkpoint(LATER);
  const doubtful = () => fork(anchors[1]!, signed(other(), secondSigner));
  const firm = () => fork(anchors[1]!, signed(other()));

  test('takes effect once the consortium confirms it', async () => {
    await world.declareCompromised(secondSigner, LATER);
    const events = await bring(doubtful(), { fromSize: 8, fromSequence: 1, takesEffect: false });
    expect(events.map(({ name }) => name)).to.deep.equal(['Charged']);
    expect(await dispute()).to.deep.equal(NO_DISPUTE);
    const [confirmData, digest] = [encodeConfirmCharge(chargeDigestOf(doubtful())), hex(chargeDigestOf(doubtful()))];
    const member = world.members[0]!;
    expect(await world.refusal(member, court(), confirmData)).to.deep.equal(['NotConsortium', member.address]);
    world.now += MINUTE;
    const confirmed = eventsIn(await confirm(doubtful()), COURT);
    expect(confirmed.map(({ name, args }) => [name, ...args.toArray()])).to.deep.equal([
      ['Confirmed', hex(log.logId), digest],
      ['Disputed', hex(log.logId), digest, 4n, 1n, 8n],
    ]);
    expect(await dispute()).to.deep.equal([digest, 1n, 8n, BigInt(world.now)]);
    expect(await refusalOf(confirm(doubtful()))).to.deep.equal(['UnknownCharge', digest]);
    expect(await refusal(doubtful())).to.deep.equal(['KnownCharge', digest]);
  });

  test('waits whenever the key was lost, and for promises as well', async () => {
    await world.declareCompromised(secondSigner, LATER);
    const word = promiseOf(log, { slot: bytesOf('s'), leafHash: bytesOf('l') }, [READY, at(1)], secondSigner);
    await bring(brokenPromise(log, anchors[3]!, word), { fromSize: 20, fromSequence: 3, takesEffect: false });
    await bring(unmapped(log, signed(log.checkpoint(READY + 1, { size: 8 }), secondSigner), hidden), {
      fromSize: 8,
      fromSequence: 1,
      takesEffect: false,
    });
    const rolled = signed(log.checkpoint(LATER, { size: 20, mapRoot: log.mapRoots[9]! }), secondSigner);
    await bring(rolledBack([log, anchors[3]!], [log, rolled], log.entryAt(10).slot), {
      fromSize: 20,
      fromSequence: 3,
      takesEffect: false,
    });
    await bring(splitView(log, signed(branchAt(4, 5).checkpoint(LATER), secondSigner), anchors[3]!), {
      fromSize: 9,
      fromSequence: 3,
      takesEffect: false,
    });
    expect(await dispute()).to.deep.equal(NO_DISPUTE);
  });

  test('rests on one of two keys', async () => {
    await world.declareCompromised(secondSigner, LATER);
    const own = log.checkpoint(LATER, { size: 8 });
    await bring(fork(signed(own, secondSigner), signed(other())), { fromSize: 8, fromSequence: 1, takesEffect: false });
  });

  test('does not wait where anchors alone convict, though that key signed them', async () => {
    await world.declareCompromised(logSigner, READY - HOUR / 2);
    await convicts(unmapped(log, anchors[1]!, hidden), { fromSize: 8, fromSequence: 1 });
  });

  test('takes effect at once where the same fact is shown without it', async () => {
    await world.declareCompromised(secondSigner, LATER);
    await bring(doubtful());
    expect((await refusal(doubtful()))![0]).to.equal('KnownCharge');
    await convicts(firm(), { fromSize: 8, fromSequence: 1 });
    const digest = hex(chargeDigestOf(firm()));
    expect(await refusalOf(confirm(firm()))).to.deep.equal(['UnknownCharge', digest]);
    expect(await refusal(doubtful())).to.deep.equal(['KnownCharge', digest]);
  });

  test('may wait with what reaches further back than what is in effect', async () => {
    await world.declareCompromised(secondSigner, LATER);
    await convicts(unmapped(log, anchors[3]!, hidden), { fromSize: 20, fromSequence: 3 });
    const openedAt = BigInt(world.now);
    const further = unmapped(log, signed(log.checkpoint(LATER, { size: 6 }), secondSigner), hidden);
    await bring(further, { fromSize: 6, fromSequence: 1, takesEffect: false });
    const digest = hex(chargeDigestOf(further));
    expect(await dispute()).to.deep.equal([digest, 3n, 20n, openedAt]);
    await bring(unmapped(log, anchors[1]!, hidden), { fromSize: 8, fromSequence: 1 });
    await confirm(further);
    expect(await dispute()).to.deep.equal([digest, 1n, 6n, openedAt]);
  });

  test('waits while the key is suspended, and no longer', async () => {
    await world.suspend(secondSigner);
    await bring(doubtful(), { fromSize: 8, fromSequence: 1, takesEffect: false });
    await world.liftSuspension(secondSigner);
    await convicts(doubtful(), { fromSize: 8, fromSequence: 1 });
  });

  test('that nobody brought cannot be confirmed', async () => {
    expect(await refusalOf(confirm(doubtful()))).to.deep.equal(['UnknownCharge', hex(chargeDigestOf(doubtful()))]);
  });
});

describe('a clearing', () => {
  const charge = () => fork(anchors[1]!, signed(branchAt(4, 4).checkpoint(LATER)));
  const known = async (one: Charge): Promise<void> =>
    expect(await refusal(one)).to.deep.equal(['KnownCharge', hex(chargeDigestOf(one))]) as unknown as void;

  test('is the consortium’s, with a reason, where there is something to clear', async () => {
    const member = world.members[0]!;
    const data = encodeClearDispute(log.logId, '误报');
    expect(await world.refusal(member, court(), data)).to.deep.equal(['NotConsortium', member.address]);
    expect(await refusalOf(clear())).to.deep.equal(['NotDisputed', hex(log.logId)]);
    await bring(charge());
    expect(await refusalOf(clear(''))).to.deep.equal(['BadReason', 0n]);
    expect(await refusalOf(clear('x'.repeat(1025)))).to.deep.equal(['BadReason', 1025n]);
    const events = eventsIn(await clear('x'.repeat(1024)), COURT);
    const [name, ...args] = [events[0]!.name, ...events[0]!.args.toArray()];
    expect([name, args]).to.deep.equal(['Cleared', [hex(log.logId), hex(chargeDigestOf(charge())), 'x'.repeat(1024)]]);
    expect(await dispute()).to.deep.equal(NO_DISPUTE);
    expect(await refusalOf(clear())).to.deep.equal(['NotDisputed', hex(log.logId)]);
  });

  test('answers every charge brought so far, and only those', async () => {
    await bring(charge());
    await bring(unmapped(log, anchors[3]!, hidden));
    await clear();
    await known(charge());
    // Not by what reaches further back, either.
    await known(unmapped(log, anchors[1]!, hidden));
    await known(splitView(log, signed(branchAt(4, 4).checkpoint(LATER)), anchors[3]!));
    expect(await isKnown(charge())).to.equal(true);
    await convicts(unmapped(log, anchors[1]!, log.entryAt(6)), { fromSize: 8, fromSequence: 1 });
  });

  test('answers what waits as well', async () => {
    await world.declareCompromised(secondSigner, LATER);
    const doubtful = fork(anchors[1]!, signed(branchAt(4, 4).checkpoint(LATER), secondSigner));
    await bring(doubtful);
    const [event] = eventsIn(await clear(), COURT);
    expect(event!.args.toArray()[1]).to.equal(ZERO_WORD);
    expect(await refusalOf(confirm(doubtful))).to.deep.equal(['UnknownCharge', hex(chargeDigestOf(doubtful))]);
    await known(doubtful);
    await known(charge());
  });

  test('does not answer the same lie told anew', async () => {
    const other = branchAt(4, 4);
    const word = (issuedAt: number) =>
      promiseOf(log, { slot: bytesOf('s'), leafHash: bytesOf('l') }, [issuedAt, issuedAt], logSigner);
    const rolled = (issuedAt: number) => {
      const [held, gone] = [{ size: 20 }, { size: 20, mapRoot: log.mapRoots[9]! }];
      const grown = branchAt(20, 1);
      const later = signed(grown.checkpoint(issuedAt, { mapRoot: gone.mapRoot }));
      return rolledBack([log, signed(log.checkpoint(issuedAt, held))], [grown, later], log.entryAt(10).slot);
    };
    const said = (issuedAt: number): Charge[] => [
      fork(signed(log.checkpoint(issuedAt, { size: 8 })), signed(other.checkpoint(issuedAt))),
      rolled(issuedAt),
    ];
    for (const one of said(LATER)) await bring(one);
    await bring(brokenPromise(log, anchors[3]!, word(READY)));
    await bring(unmapped(log, anchors[3]!, hidden));
    world.now += MINUTE;
    const clearedAt = world.now;
    await clear();
    for (const one of said(clearedAt)) await known(one);
    // Half of it anew is the old one with a bystander.
    await known(fork(signed(log.checkpoint(clearedAt + 1, { size: 8 })), signed(other.checkpoint(LATER))));
    for (const one of said(clearedAt + 1)) await bring(one);
    world.now += 10 * MINUTE;
    const late = await world.anchor({ checkpoint: log.checkpoint(world.now, { size: 20 }) });
    await known(brokenPromise(log, late, word(clearedAt)));
    await bring(brokenPromise(log, late, word(clearedAt + 1)));
    // It stays in the tree, and every checkpoint says so.
    await known(unmapped(log, late, hidden));
  });

  test('comes again', async () => {
    await bring(charge());
    await clear();
    world.now += MINUTE;
    const second = unmapped(log, anchors[1]!, hidden);
    await bring(second);
    await clear();
    for (const one of [charge(), second]) await known(one);
    expect(await dispute()).to.deep.equal(NO_DISPUTE);
  });
});

test('a closed log is judged like any other', async () => {
  await world.closeLog(ORIGIN);
  await convicts(unmapped(log, anchors[1]!, hidden), { fromSize: 8, fromSequence: 1 });
  await bring(fork(anchors[0]!, signed(branchAt(2, 1).checkpoint(LATER))));
  const open = await refusal(splitView(log, anchors[1]!, anchors[3]!));
  expect(open).to.deep.equal(['FalseCharge', 5n]);
});

test('every refusal of the contract has been provoked', () => {
  expect([...provoked]).to.include.members(errorsOf(COURT));
});

test('the court says whose anchors it judges by', async () => {
  expect(await world.ask(COURT, court(), 'anchorContract', [])).to.deep.equal([world.addresses.anchor]);
});
