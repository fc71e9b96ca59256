/** What each charge convicts of, and what it does not. */
import { beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import type { Hash } from '../../core/bytes/hash.ts';
import type { AnchoredCheckpoint } from '../../core/court/charge.ts';
import { formatCharge, parseCharge } from '../../core/court/charge.ts';
import { hex, REGISTRY } from '../../chain/abi.ts';
import { chargeDigestOf } from '../../chain/charge-call.ts';
import { bytesOf } from '../log/memory-log.ts';
import { expectRefusal } from '../log/mangling.ts';
import { brokenPromise, fork, keyIdOfSigner, promiseOf, rolledBack, splitView, SpokenLog, unmapped } from './spoken-log.ts';
import { call, CLOSED_ORIGIN, logSigner, ORIGIN, PROMISE_SPAN, READY, SECOND, secondSigner } from './court-world.ts';
import {
  at,
  LATER,
  world,
  log,
  anchors,
  hidden,
  signed,
  bring,
  convicts,
  acquits,
  refusal,
  dispute,
  clear,
  branchAt,
  useCourt,
} from './court-bench.ts';

useCourt();

describe('O1 unmapped', () => {
  test('convicts by an entry that is hidden, whose leaf hash is another, or whose slot is another’s', async () => {
    for (const index of [5, 6, 7]) {
      await convicts(unmapped(log, anchors[1]!, log.entryAt(index)), { fromSize: 8, fromSequence: 1 });
      await clear();
    }
  });

  test('convicts by a signed checkpoint, from the next anchor on if none is that large', async () => {
    const larger = log.branch(20).grow(4, 'more');
    const late = larger.append('late', { mapped: null });
    await convicts(unmapped(larger, signed(larger.checkpoint(LATER)), late), { fromSize: 25, fromSequence: 4 });
  });

  test('does not convict by an entry that its map has', async () => {
    for (const index of [0, 1, 4]) await acquits(unmapped(log, anchors[1]!, log.entryAt(index)), 'FalseCharge', 1n);
  });

  test('does not convict by an entry that is not in the tree, or not there', async () => {
    const charge = unmapped(log, anchors[1]!, hidden);
    const foreign = log.branch(5).append('never said', { mapped: null });
    await acquits({ ...charge, entryBytes: foreign.entryBytes }, 'FalseCharge', 1n);
    for (const entryIndex of [4, 6, 8, 2 ** 53 - 1]) await acquits({ ...charge, entryIndex }, 'FalseCharge', 1n);
  });

  test('does not convict by broken proofs', async () => {
    const charge = unmapped(log, anchors[1]!, hidden);
    const { inclusionProof } = charge;
    const other = log.slotProof(anchors[1]!.checkpoint.mapRoot, bytesOf('elsewhere'));
    const older = log.slotProof(anchors[0]!.checkpoint.mapRoot, hidden.slot);
    for (const change of [
      { inclusionProof: inclusionProof.slice(1) },
      { inclusionProof: [...inclusionProof, bytesOf('more')] },
      { inclusionProof: inclusionProof.toReversed() },
      { slotProof: other },
      { slotProof: older },
      { checkpoint: anchors[0]! },
      { checkpoint: anchors[3]! },
    ]) {
      await acquits({ ...charge, ...change }, 'FalseCharge', 1n);
    }
  });

  test('takes 74 bytes of version 1 for an entry, and nothing else', async () => {
    const charge = unmapped(log, anchors[1]!, hidden);
    const { entryBytes } = charge;
    const another = entryBytes.with(0, 2);
    for (const bytes of [new Uint8Array(), entryBytes.slice(0, 73), Uint8Array.of(...entryBytes, 0), another]) {
      expect(await refusal({ ...charge, entryBytes: bytes })).to.deep.equal(['FalseCharge', 1n]);
    }
  });
});

describe('O2 broken promise', () => {
  const issuedAt = READY;
  const promised = (deadlineAt: number, entry: { slot: Hash; leafHash: Hash } = { slot: bytesOf('s'), leafHash: bytesOf('l') }) =>
    promiseOf(log, entry, [issuedAt, deadlineAt], logSigner);

  test('convicts by an anchor of the deadline or later that lacks it', async () => {
    await convicts(brokenPromise(log, anchors[1]!, promised(at(1))), { fromSize: 8, fromSequence: 1 });
    await clear();
    const other = { slot: log.entryAt(0).slot, leafHash: bytesOf('another') };
    await convicts(brokenPromise(log, anchors[3]!, promised(at(2), other)), { fromSize: 20, fromSequence: 3 });
  });

  test('does not convict before the deadline, nor what is there', async () => {
    await acquits(brokenPromise(log, anchors[1]!, promised(at(1) + 1)), 'FalseCharge', 2n);
    await acquits(brokenPromise(log, anchors[0]!, promised(at(1))), 'FalseCharge', 2n);
    await acquits(brokenPromise(log, anchors[3]!, promised(at(1), log.entryAt(0))), 'FalseCharge', 2n);
    // What the map has is kept, even where the tree would say otherwise: that is O1.
    await acquits(brokenPromise(log, anchors[3]!, promised(at(3), log.entryAt(19))), 'FalseCharge', 2n);
  });

  test('does not convict by what is signed only: whoever is silent breaks no promise', async () => {
    const charge = brokenPromise(log, anchors[3]!, promised(at(3)));
    const checkpoint = signed(log.checkpoint(LATER)) as unknown as AnchoredCheckpoint;
    const shown = { ...charge, checkpoint, slotProof: log.slotProof(log.map.root, bytesOf('s')) };
    expect(await refusal(shown)).to.deep.equal(['FalseCharge', 2n]);
    expectRefusal('MALFORMED', () => parseCharge(formatCharge(shown)));
  });

  test('does not convict by a promise that promises nothing', async () => {
    const [soonest, longest] = [promised(issuedAt - 1), promised(issuedAt + PROMISE_SPAN + 1)];
    await acquits(brokenPromise(log, anchors[3]!, soonest), 'BadPromise', BigInt(issuedAt), BigInt(issuedAt - 1));
    const beyond = BigInt(issuedAt + PROMISE_SPAN + 1);
    await acquits(brokenPromise(log, anchors[3]!, longest), 'BadPromise', BigInt(issuedAt), beyond);
    await convicts(brokenPromise(log, anchors[3]!, promised(issuedAt)), { fromSize: 20, fromSequence: 3 });
  });

  test('does not convict by a promise of another log, or altered', async () => {
    const elsewhere = promiseOf(
      new SpokenLog(CLOSED_ORIGIN),
      { slot: bytesOf('s'), leafHash: bytesOf('l') },
      [issuedAt, at(1)],
      logSigner,
    );
    const bad = ['BadSignature', hex(keyIdOfSigner(logSigner))] as const;
    await acquits(brokenPromise(log, anchors[3]!, elsewhere), ...bad);
    const good = promised(at(1));
    for (const change of [{ slot: bytesOf('t') }, { leafHash: bytesOf('m') }, { issuedAt: READY - 1 }, { deadlineAt: READY }]) {
      await acquits(brokenPromise(log, anchors[3]!, { ...good, promise: { ...good.promise, ...change } }), ...bad);
    }
  });

  test('convicts an empty log too', async () => {
    const empty = new SpokenLog(CLOSED_ORIGIN);
    const first = await world.anchor({ checkpoint: empty.checkpoint(world.now) });
    const word = promiseOf(empty, { slot: bytesOf('s'), leafHash: bytesOf('l') }, [world.now - 1, world.now], logSigner);
    const events = await bring(brokenPromise(empty, first, word));
    expect(events.map(({ name }) => name)).to.deep.equal(['Charged', 'Disputed']);
  });

  describe('once the log is closed', () => {
    let closing: SpokenLog;
    let last: AnchoredCheckpoint;
    let before: AnchoredCheckpoint;
    const word = () =>
      promiseOf(closing, { slot: bytesOf('s'), leafHash: bytesOf('l') }, [LATER, LATER + PROMISE_SPAN], logSigner);
    const charge = (checkpoint: AnchoredCheckpoint) => brokenPromise(closing, checkpoint, word());

    beforeEach(async () => {
      closing = new SpokenLog(CLOSED_ORIGIN).grow(2);
      before = await world.anchor({ checkpoint: closing.checkpoint(world.now) });
      world.now += SECOND;
      last = await world.anchor({ checkpoint: closing.checkpoint(world.now) });
    });

    test('by its owner, convicts by its last anchor, whatever the deadline', async () => {
      expect(await refusal(charge(last))).to.deep.equal(['FalseCharge', 2n]);
      await world.closeLog(CLOSED_ORIGIN);
      await acquits(charge(before), 'FalseCharge', 2n);
      expect((await bring(charge(last)))[1]!.name).to.equal('Disputed');
    });

    test('by the consortium, does not', async () => {
      await world.decide(world.addresses.registry, call(REGISTRY, 'closeLog', [hex(closing.logId)]));
      await acquits(charge(last), 'FalseCharge', 2n);
    });
  });
});

describe('O3 rolled back', () => {
  const slot = () => log.entryAt(10).slot;
  const rolled = () => signed(log.checkpoint(LATER, { size: 20, mapRoot: log.mapRoots[9]! }));

  test('convicts by a slot that is gone', async () => {
    const grown = branchAt(20, 5);
    const later = signed(grown.checkpoint(LATER, { mapRoot: log.mapRoots[9]! }));
    await convicts(rolledBack([log, anchors[3]!], [grown, later], slot()), { fromSize: 20, fromSequence: 3 });
  });

  test('convicts by a slot that holds another leaf hash', async () => {
    const other = log.branch(10);
    other.append('another', { slot: slot() });
    other.grow(14);
    const charge = rolledBack([log, anchors[3]!], [other, signed(other.checkpoint(LATER))], slot());
    await convicts(charge, { fromSize: 20, fromSequence: 3 });
  });

  test('between equal sizes is the same fact as the fork', async () => {
    const charge = rolledBack([log, anchors[3]!], [log, rolled()], slot());
    await convicts(charge, { fromSize: 20, fromSequence: 3 });
    const same = fork(rolled(), anchors[3]!);
    expect(chargeDigestOf(same)).to.deep.equal(chargeDigestOf(charge));
    expect(await refusal(same)).to.deep.equal(['KnownCharge', hex(chargeDigestOf(charge))]);
  });

  test('does not convict in the wrong order, nor by what was never there, nor by what is still there', async () => {
    const smaller = anchors[1]!;
    await acquits(rolledBack([log, anchors[3]!], [log, smaller], slot()), 'FalseCharge', 3n);
    await acquits(rolledBack([log, smaller], [log, anchors[3]!], slot()), 'FalseCharge', 3n);
    await acquits(rolledBack([log, smaller], [log, anchors[3]!], hidden.slot), 'FalseCharge', 3n);
    await acquits(rolledBack([log, smaller], [log, anchors[3]!], log.entryAt(2).slot), 'FalseCharge', 3n);
    await acquits(rolledBack([log, anchors[3]!], [log, anchors[3]!], slot()), 'FalseCharge', 3n);
  });

  test('does not convict by a proof for another slot or another map', async () => {
    const charge = rolledBack([log, anchors[3]!], [log, rolled()], slot());
    const { mapRoot } = rolled().checkpoint;
    for (const change of [
      { laterSlotProof: log.slotProof(mapRoot, log.entryAt(11).slot) },
      { laterSlotProof: log.slotProof(log.mapRoots[8]!, slot()) },
      { earlierSlotProof: log.slotProof(log.mapRoots[19]!, slot()) },
      { slot: log.entryAt(11).slot },
    ]) {
      await acquits({ ...charge, ...change }, 'FalseCharge', 3n);
    }
  });
});

describe('O4 fork', () => {
  test('convicts by two trees of one size, however it is shown', async () => {
    const other = branchAt(4, 4);
    const charge = fork(anchors[2]!, signed(other.checkpoint(READY + SECOND)));
    await convicts(charge, { fromSize: 8, fromSequence: 1 });
    for (const again of [
      fork(anchors[1]!, signed(other.checkpoint(LATER))),
      fork(signed(other.checkpoint(READY + 1)), signed(log.checkpoint(READY + 2, { size: 8 }), secondSigner)),
    ]) {
      expect(await refusal(again)).to.deep.equal(['KnownCharge', hex(chargeDigestOf(charge))]);
    }
    await bring(fork(anchors[2]!, signed(branchAt(4, 4, 'third').checkpoint(LATER))));
  });

  test('convicts by two maps of one tree', async () => {
    const other = signed(log.checkpoint(LATER, { size: 8, mapRoot: log.mapRoots[2]! }));
    await convicts(fork(other, anchors[1]!), { fromSize: 8, fromSequence: 1 });
    await bring(fork(signed(log.checkpoint(LATER, { size: 8, mapRoot: log.mapRoots[3]! })), anchors[1]!));
  });

  test('does not convict by one checkpoint twice, an idle log, or two sizes', async () => {
    const same = signed(log.checkpoint(LATER, { size: 8 }));
    for (const [a, b] of [
      [anchors[1]!, anchors[1]!],
      [anchors[1]!, anchors[2]!],
      [same, same],
      [anchors[1]!, same],
      [anchors[0]!, anchors[3]!],
      [anchors[1]!, signed(branchAt(4, 5).checkpoint(LATER))],
    ] as const) {
      await acquits(fork(a, b), 'FalseCharge', 4n);
    }
  });
});

describe('O5 split view', () => {
  test('convicts by a later checkpoint that does not extend an earlier one', async () => {
    const other = branchAt(4, 9);
    await convicts(splitView(log, signed(other.checkpoint(LATER)), anchors[3]!), { fromSize: 13, fromSequence: 3 });
    const longer = branchAt(6, 40);
    await bring(splitView(longer, anchors[1]!, signed(longer.checkpoint(LATER))));
    expect((await dispute()).slice(1, 3)).to.deep.equal([1n, 8n]);
  });

  test('is the same fact as the fork that it is between signed ones', async () => {
    const other = branchAt(4, 4);
    const charge = splitView(log, signed(other.checkpoint(LATER)), anchors[3]!);
    await convicts(charge, { fromSize: 8, fromSequence: 1 });
    for (const same of [
      fork(anchors[1]!, signed(other.checkpoint(LATER))),
      splitView(log, signed(other.checkpoint(LATER)), anchors[2]!),
      splitView(other, anchors[1]!, signed(other.checkpoint(LATER))),
    ]) {
      expect(await refusal(same)).to.deep.equal(['KnownCharge', hex(chargeDigestOf(charge))]);
    }
  });

  test('does not convict by a tree that grows', async () => {
    const own = splitView(log, anchors[1]!, anchors[3]!);
    await acquits(own, 'FalseCharge', 5n);
    await acquits({ ...own, otherRoot: bytesOf('another') }, 'FalseCharge', 5n);
    await acquits(splitView(log, anchors[1]!, anchors[2]!), 'FalseCharge', 5n);
    await acquits({ ...splitView(log, anchors[1]!, anchors[2]!), otherRoot: bytesOf('another') }, 'FalseCharge', 5n);
  });

  test('does not convict from the empty log, backwards, or by a broken proof', async () => {
    const other = branchAt(4, 9);
    const charge = splitView(log, signed(other.checkpoint(LATER)), anchors[3]!);
    const empty = new SpokenLog(ORIGIN);
    await acquits(splitView(log, signed(empty.checkpoint(LATER)), anchors[3]!), 'FalseCharge', 5n);
    const otherRoot = bytesOf('another');
    await acquits({ ...charge, earlier: signed(empty.checkpoint(LATER)), otherRoot, consistencyProof: [] }, 'FalseCharge', 5n);
    await acquits({ ...charge, earlier: charge.later, later: charge.earlier }, 'FalseCharge', 5n);
    const { consistencyProof } = charge;
    for (const proof of [consistencyProof.slice(1), [...consistencyProof, otherRoot], consistencyProof.toReversed(), []]) {
      await acquits({ ...charge, consistencyProof: proof }, 'FalseCharge', 5n);
    }
  });
});
