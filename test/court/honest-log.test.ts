/** A log that keeps to its rules, whatever befalls it, is convicted by nothing that can be made of its own words. */
import { after, before, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { AnchoredCheckpoint, Charge, ShownCheckpoint, SignedPromise } from '../../core/court/charge.ts';
import { verifyCharge } from '../../core/court/judgement.ts';
import { rootAt } from '../../core/log/tree.ts';
import { encodeCharge } from '../../chain/charge-call.ts';
import { bytesOf } from '../log/memory-log.ts';
import { promiseOf, sign, SpokenLog, type SpokenEntry } from './spoken-log.ts';
import { CLOSED_ORIGIN, deployCourtWorld, HOUR, logSigner, MINUTE, PROMISE_SPAN, SECOND, secondSigner } from './court-world.ts';
import type { CourtWorld } from './court-world.ts';

const RUNS = 25;
const CHARGES = 12;

let world: CourtWorld;
before(async () => {
  world = await deployCourtWorld();
});
after(() => world.close());

/** An honest node: what it promised waits until its next checkpoint, which takes all of it. */
class HonestLog {
  readonly log = new SpokenLog(CLOSED_ORIGIN);
  readonly shown: ShownCheckpoint[] = [];
  readonly anchors: AnchoredCheckpoint[] = [];
  readonly promises: SignedPromise[] = [];
  #waiting: string[] = [];
  #count = 0;

  promise(count: number, span: number): void {
    for (let i = 0; i < count; i++) {
      const name = `entry ${this.#count++}`;
      // What the entry will be, tried out on a branch.
      const entry = this.log.branch(0).append(name);
      this.#waiting.push(name);
      this.promises.push(promiseOf(this.log, entry, [world.now, world.now + span], logSigner));
    }
  }

  /** Published, perhaps under the second key, and never anchored. */
  publish(isSecond: boolean): void {
    this.#takeAll();
    this.shown.push(sign(this.log.checkpoint(world.now), isSecond ? secondSigner : logSigner));
  }

  async anchor(): Promise<void> {
    const have = this.anchors.at(-1)?.checkpoint.size ?? 0;
    this.#takeAll();
    world.now += SECOND;
    const checkpoint = this.log.checkpoint(world.now);
    const anchor = await world.anchor({ checkpoint, proof: this.log.consistency(have, checkpoint.size) });
    this.anchors.push(anchor);
    this.shown.push(anchor);
  }

  async close(): Promise<void> {
    await this.anchor();
    await world.closeLog(CLOSED_ORIGIN);
  }

  #takeAll(): void {
    for (const name of this.#waiting) this.log.append(name);
    this.#waiting = [];
  }
}

const STEP = fc.oneof(
  fc.record({
    does: fc.constant('promise'),
    count: fc.integer({ min: 1, max: 6 }),
    span: fc.integer({ min: 0, max: PROMISE_SPAN }),
  }),
  fc.record({ does: fc.constant('publish'), isSecond: fc.boolean() }),
  fc.record({ does: fc.constant('anchor') }),
  fc.record({ does: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 120 }) }),
  fc.record({ does: fc.constant('outage') }),
);

interface Step {
  readonly does: string;
  readonly count?: number;
  readonly span?: number;
  readonly isSecond?: boolean;
  readonly seconds?: number;
}

async function live(steps: readonly Step[], closes: boolean): Promise<HonestLog> {
  const honest = new HonestLog();
  for (const { does, count = 0, span = 0, isSecond = false, seconds = 0 } of steps) {
    world.now += SECOND;
    if (does === 'promise') honest.promise(count, span);
    if (does === 'publish') honest.publish(isSecond);
    if (does === 'anchor') await honest.anchor();
    if (does === 'wait') world.now += seconds * SECOND;
    if (does === 'outage') world.now += 3 * HOUR;
  }
  world.now += SECOND;
  if (closes) await honest.close();
  else await honest.anchor();
  return honest;
}

/** A charge put together from true parts, fitting or not, by a choice for each. */
function chargeOf({ log, shown, anchors, promises }: HonestLog, pick: <Item>(items: readonly Item[]) => Item): Charge | null {
  const [one, other] = [pick(shown), pick(shown)];
  const slots = [...log.entries.map(({ slot }) => slot), bytesOf('nobody')];
  const map = (slot: Hash) => log.slotProof(pick([one, other]).checkpoint.mapRoot, slot);
  const { origin } = log;
  const kind = pick(['unmapped', 'broken-promise', 'rolled-back', 'fork', 'split-view'] as const);
  const entry: SpokenEntry | undefined = log.entries.length > 0 ? pick(log.entries) : undefined;
  switch (kind) {
    case 'unmapped': {
      if (entry === undefined || entry.entryIndex >= other.checkpoint.size) return null;
      const { entryBytes, entryIndex } = entry;
      const inclusionProof = log.inclusion(entryIndex, other.checkpoint.size);
      const slotProof = map(pick([entry.slot, pick(slots)]));
      return { kind, origin, checkpoint: pick([one, other]), entryBytes, entryIndex, inclusionProof, slotProof };
    }
    case 'broken-promise': {
      if (promises.length === 0) return null;
      const [promised, checkpoint] = [pick(promises), pick(anchors)];
      const slot = pick([promised.promise.slot, pick(slots)]);
      return { kind, origin, promised, checkpoint, slotProof: log.slotProof(checkpoint.checkpoint.mapRoot, slot) };
    }
    case 'rolled-back': {
      const slot = pick(slots);
      const [earlierSlotProof, laterSlotProof] = [map(slot), map(pick([slot, pick(slots)]))];
      return { kind, origin, earlier: one, later: other, slot, earlierSlotProof, laterSlotProof };
    }
    case 'fork':
      return { kind, origin, a: one, b: other };
    case 'split-view': {
      const sizes = [one.checkpoint.size, other.checkpoint.size].sort((a, b) => a - b) as [number, number];
      const otherRoot = rootAt(pick([pick(sizes), log.size]), log.tree);
      return { kind, origin, earlier: one, later: other, otherRoot, consistencyProof: log.consistency(...sizes) };
    }
  }
}

test('an honest log is never convicted: growing, idle, silent, with entries waiting, or closed', async () => {
  let tried = 0;
  const property = fc.asyncProperty(
    fc.array(STEP, { minLength: 4, maxLength: 14 }),
    fc.boolean(),
    fc.infiniteStream(fc.nat()),
    async (steps, closes, choices) => {
      const restore = await world.snapshot();
      const honest = await live(steps, closes);
      const judged = await world.chargedLog(CLOSED_ORIGIN);
      expect(judged.anchors).to.deep.equal(honest.anchors);
      world.now += MINUTE;
      const pick = <Item>(items: readonly Item[]): Item => items[choices.next().value! % items.length]!;
      for (let i = 0; i < CHARGES; i++) {
        const charge = chargeOf(honest, pick);
        if (charge === null) continue;
        tried++;
        const data = encodeCharge(charge, judged.anchors);
        const refusal = await world.refusal(world.members[0]!, world.addresses.court, data);
        expect(refusal?.[0], charge.kind).to.equal('FalseCharge');
        try {
          verifyCharge(charge, judged);
          expect.fail(`convicted of ${charge.kind}`);
        } catch (error) {
          if (!isCodedError(error, 'UNVERIFIED')) throw error;
        }
      }
      await restore();
    },
  );
  await fc.assert(property, { seed: 20_260_101, numRuns: RUNS, endOnFailure: true });
  expect(tried).to.be.greaterThan((RUNS * CHARGES) / 2);
});
