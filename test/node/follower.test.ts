/** Facts folded from a chain that grows, loses blocks and does not always answer. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { unavailable } from '../../core/bytes/error.ts';
import type { BlockPoint, RegistryEvent } from '../../core/authority/registry-event.ts';
import type { ChainUpdate } from '../../chain/reader.ts';
import { ChainFollower } from '../../node/follower.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUTHORITY, refusalOf, silent, START } from './fixture.ts';

const blockOf = (number: number): BlockPoint => ({ number, hash: bytesOf(`block ${number}`), at: START + number });
const coverageAt = (number: number): RegistryEvent => ({
  kind: 'coverage-declared',
  code: AUTHORITY,
  licenceType: '11100000000013338W009',
  since: number,
  block: blockOf(number),
});
const update = (head: number, events: readonly RegistryEvent[], changes: Partial<ChainUpdate> = {}): ChainUpdate => ({
  head: blockOf(head),
  caughtUp: true,
  lost: null,
  events,
  refused: [],
  ...changes,
});

/** A follower of a chain that says these things, one at each poll. */
function followerOf(...said: (ChainUpdate | Error)[]) {
  const taken: number[][] = [];
  const world = { now: START, stopping: new AbortController() };
  const follower = new ChainFollower({
    reader: {
      poll: async () => {
        const next = said.shift() ?? unavailable('nothing more');
        if (next instanceof Error) throw next;
        return next;
      },
    },
    logger: silent,
    clock: () => world.now,
    take: async ({ head }, { coverages }) => void taken.push([head.number, ...coverages.map(({ since }) => since)]),
    signal: world.stopping.signal,
  });
  return { follower, taken, world };
}

describe('the follower', () => {
  test('hands on each update with the facts that it leads to', async () => {
    const { follower, taken } = followerOf(update(1, [coverageAt(1)]), update(5, []), update(6, [coverageAt(6)]));
    for (let i = 0; i < 3; i++) await follower.poll();
    expect(taken).to.deep.equal([
      [1, 1],
      [5, 1],
      [6, 1, 6],
    ]);
    expect(follower.facts.block.number).to.equal(6);
  });

  test('reads on until it has caught up', async () => {
    const { follower, taken } = followerOf(update(1, [coverageAt(1)], { caughtUp: false }), update(2, [coverageAt(2)]));
    await follower.poll();
    expect(taken).to.have.length(2);
  });

  test('takes back what the chain has lost, before it adds what came instead', async () => {
    const before = update(9, [coverageAt(3), coverageAt(7)]);
    const { follower } = followerOf(before, update(8, [coverageAt(8)], { lost: 7 }));
    await follower.poll();
    await follower.poll();
    expect(follower.facts.coverages.map(({ since }) => since)).to.deep.equal([3, 8]);
    expect(follower.facts.block.number).to.equal(8);
  });

  test('keeps what it knows when a poll fails, and says how old it is', async () => {
    const { follower, world } = followerOf(update(1, [coverageAt(1)]), unavailable('no answer'));
    expect(follower.polledMsAgo()).to.equal(null);
    await follower.poll();
    world.now += 5_000;
    expect(await refusalOf(follower.poll())).to.equal('UNAVAILABLE');
    expect(follower.facts.coverages).to.have.length(1);
    expect(follower.polledMsAgo()).to.equal(5_000);
  });

  test('ends when the program stops, also before the chain was ever read', async () => {
    const { follower, world } = followerOf();
    const ended = Promise.all([follower.catchUp(), follower.run()]);
    world.stopping.abort();
    await ended;
    expect(follower.polledMsAgo()).to.equal(null);
  });
});
