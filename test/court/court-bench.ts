/** The court over real anchors and signatures. Every judgement is made twice: by the contract, and by core/ from events alone. */
import { after, afterEach, before, beforeEach } from 'node:test';
import { expect } from 'chai';
import type { LogDescription } from 'ethers';
import { CHARGE_KINDS } from '../../core/authority/registry-event.ts';
import type { AnchoredCheckpoint, Charge, SignedCheckpoint } from '../../core/court/charge.ts';
import { formatCharge, parseCharge } from '../../core/court/charge.ts';
import { verifyCharge } from '../../core/court/judgement.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { COURT, hex, ZERO_WORD } from '../../chain/abi.ts';
import { chargeDigestOf, encodeCharge, encodeClearDispute, encodeConfirmCharge } from '../../chain/charge-call.ts';
import { bytesOf } from '../log/memory-log.ts';
import { expectRefusal } from '../log/mangling.ts';
import { sign, SpokenLog } from './spoken-log.ts';
import { deployCourtWorld, eventsIn, logSigner, MINUTE, ORIGIN, READY, type CourtWorld } from './court-world.ts';

/** Sizes of the log's anchors, a minute apart. */
const SIZES = [3, 8, 8, 20];
export const at = (sequence: number): number => READY + sequence * MINUTE;
/** After the last anchor. */
export const LATER = READY + 10 * MINUTE;

export let world: CourtWorld;
/** What the log should have said, and mostly did. */
export let log: SpokenLog;
export let anchors: AnchoredCheckpoint[];
/** In the last two anchors' trees, and not in their maps. */
export let hidden: ReturnType<SpokenLog['append']>;
let restore: () => Promise<void>;

/** The same world before each test of the file that calls this. */
export function useCourt(): void {
  before(async () => {
    world = await deployCourtWorld();
    log = new SpokenLog(ORIGIN).grow(5);
    hidden = log.append('hidden', { mapped: null });
    log.append('replaced', { mapped: bytesOf('another leaf') });
    log.append('twice', { slot: log.entryAt(1).slot, mapped: null });
    log.grow(12);
    anchors = [];
    let have = 0;
    for (const [i, size] of SIZES.entries()) {
      anchors.push(
        await world.anchor({ checkpoint: log.checkpoint(at(i), { size }), proof: log.consistency(have, size), at: at(i) }),
      );
      have = size;
    }
    world.now = LATER;
  });
  after(() => world.close());
  beforeEach(async () => {
    restore = await world.snapshot();
  });
  afterEach(() => restore());
}

export const court = (): string => world.addresses.court;
export const signed = (checkpoint: Checkpoint, signer = logSigner): SignedCheckpoint => sign(checkpoint, signer);

export interface Want {
  readonly fromSize: number;
  readonly fromSequence: number;
  readonly takesEffect?: boolean;
}

/** Brings the charge; both judges say the same of it. */
export async function bring(charge: Charge, want?: Want): Promise<LogDescription[]> {
  const chargedLog = await world.chargedLog(charge.origin);
  const kept = parseCharge(formatCharge(charge));
  expect(kept).to.deep.equal(charge);
  const conviction = verifyCharge(kept, chargedLog);
  const data = encodeCharge(kept, chargedLog.anchors);
  const events = eventsIn(await world.send(world.members[0]!, court(), data), COURT);
  if (want === undefined) return events;
  const { fromSize, fromSequence, takesEffect = true } = want;
  expect(conviction).to.deep.equal({ fromSize, takesEffect });
  const number = BigInt(CHARGE_KINDS.indexOf(charge.kind) + 1);
  const [logId, digest, start] = [hex(log.logId), hex(chargeDigestOf(charge)), [BigInt(fromSequence), BigInt(fromSize)]];
  expect(events[0]!.args.toArray()).to.deep.equal([logId, digest, number, world.members[0]!.address, takesEffect, ...start]);
  expect(await isKnown(charge)).to.equal(true);
  return events;
}

/** Brings it against a log without a dispute. */
export async function convicts(charge: Charge, want: Want): Promise<void> {
  const events = await bring(charge, want);
  const start = [BigInt(want.fromSequence), BigInt(want.fromSize)];
  expect(events.map(({ name }) => name)).to.deep.equal(['Charged', 'Disputed']);
  expect(events[1]!.args.toArray().slice(3)).to.deep.equal(start);
  expect(await dispute()).to.deep.equal([hex(chargeDigestOf(charge)), ...start, BigInt(world.now)]);
}

/** Both judges refuse it. */
export async function acquits(charge: Charge, ...want: readonly unknown[]): Promise<void> {
  const chargedLog = await world.chargedLog(charge.origin);
  expectRefusal('UNVERIFIED', () => verifyCharge(charge, chargedLog));
  expect(await refusal(charge)).to.deep.equal(want);
}

export const dataOf = (charge: Charge, known = anchors): string => encodeCharge(charge, known);

export async function refusal(charge: Charge, from = world.members[0]!, data = dataOf(charge)): Promise<unknown[] | null> {
  return world.refusal(from, court(), data);
}

export async function dispute(): Promise<unknown[]> {
  const [answer] = await world.ask(COURT, court(), 'disputeOf', [hex(log.logId)]);
  return (answer as { toArray(): unknown[] }).toArray();
}

export async function isKnown(charge: Charge): Promise<boolean> {
  const [answer] = await world.ask(COURT, court(), 'isKnownCharge', [hex(chargeDigestOf(charge))]);
  return answer as boolean;
}

export const NO_DISPUTE = [ZERO_WORD, 0n, 0n, 0n];
export const clear = (reason = '误报') => world.decide(court(), encodeClearDispute(log.logId, reason));
export const confirm = (charge: Charge) => world.decide(court(), encodeConfirmCharge(chargeDigestOf(charge)));
/** A branch that goes on from an earlier size and says otherwise. */
export const branchAt = (size: number, count: number, name = 'other'): SpokenLog => log.branch(size).grow(count, name);
