/** Whatever is handed in, true, false or broken: what the chain then says follows from its events alone, and they are sound. */
import { after, before, test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, keccak256 } from 'ethers';
import fc from 'fast-check';
import type { Charge } from '../../core/court/charge.ts';
import { verifyCharge } from '../../core/court/judgement.ts';
import { verifyCheckpointSignature } from '../../core/log/checkpoint.ts';
import { ANCHOR, COURT, hex, ZERO_WORD } from '../../chain/abi.ts';
import { chargeDigestOf, encodeCharge, encodeClearDispute, encodeConfirmCharge } from '../../chain/charge-call.ts';
import { decodeAnchorEvent } from '../../chain/event.ts';
import { bytesOf } from '../log/memory-log.ts';
import { brokenPromise, fork, keyIdOfSigner, promiseOf, rolledBack, sign, splitView, SpokenLog, unmapped } from './spoken-log.ts';
import { anchorData, deployCourtWorld, logSigner, ORIGIN, READY, refusalOf, SECOND, secondSigner } from './court-world.ts';
import type { CourtWorld } from './court-world.ts';

const RUNS = 20;

let world: CourtWorld;
before(async () => {
  world = await deployCourtWorld();
});
after(() => world.close());

interface Step {
  readonly does: (typeof ACTIONS)[number];
  /** Chooses whatever there is to choose. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const ACTIONS = [
  'grow',
  'grow',
  'anchor',
  'anchor',
  'anchor',
  'break',
  'fork',
  'charge',
  'charge',
  'charge',
  'again',
  'confirm',
  'clear',
  'lose',
  'close',
] as const;
const nat = fc.nat(1000);
const STEPS = fc.array(fc.record({ does: fc.constantFrom(...ACTIONS), a: nat, b: nat, c: nat }), {
  minLength: 30,
  maxLength: 45,
});

/** A log with some lies in it, those who anchor it, and those who charge it. */
class Life {
  readonly log = new SpokenLog(ORIGIN);
  readonly charges: Charge[] = [];
  accepted = 0;
  refused = 0;

  async take({ does, a, b, c }: Step): Promise<void> {
    world.now += (1 + (a % 90)) * SECOND;
    const have = Number((await world.head()).size);
    const signer = b % 3 === 0 ? secondSigner : logSigner;
    const at = world.now;
    switch (does) {
      case 'grow':
        return this.#grow(a, b);
      case 'anchor': {
        const size = Math.min(this.log.size, have + (a % 5));
        const checkpoint = this.log.checkpoint(at - (b % 20) * SECOND, { size });
        const from = c % 4 === 0 ? world.stranger : world.owner;
        const data = anchorData({ checkpoint, signer, proof: this.log.consistency(have, size) });
        return this.#try(() => world.send(from, world.addresses.anchor, data));
      }
      case 'break': {
        const said = this.log.checkpoint(at, { size: a % (this.log.size + 1) });
        const breaks = [
          { size: b },
          { issuedAt: at - 2 * 3_600_000 },
          { rootHash: bytesOf('r') },
          { mapRoot: bytesOf('m') },
          { issuedAt: at + c * SECOND },
        ];
        const checkpoint = { ...said, ...breaks[c % breaks.length] };
        const isShaped = said.size > 0 && checkpoint.size === said.size;
        const signature = isShaped && b % 2 === 0 ? undefined : hex(sign(said, signer).note.logSignature.signature);
        const data = (): string =>
          anchorData({ checkpoint, signer, proof: [bytesOf('p')].slice(a % 2), ...(signature && { signature }) });
        return this.#try(async () => world.send(world.owner, world.addresses.anchor, data()));
      }
      case 'fork': {
        const data = (): string => anchorData({ checkpoint: this.#other(a, have).checkpoint(at), signer });
        return this.#try(async () => world.send(world.stranger, world.addresses.anchor, data()));
      }
      case 'charge':
        return this.#charge(a, b, c, have);
      case 'again': {
        const charge = this.charges[a % (this.charges.length || 1)];
        return charge && this.#bring(charge);
      }
      case 'confirm': {
        const charge = this.charges[a % (this.charges.length || 1)];
        return charge && this.#try(() => world.decide(world.addresses.court, encodeConfirmCharge(chargeDigestOf(charge))));
      }
      case 'clear':
        return this.#try(() => world.decide(world.addresses.court, encodeClearDispute(this.log.logId, `reason ${c}`)));
      case 'lose':
        return b % 4 === 0 ? this.#try(() => world.declareCompromised(secondSigner)) : undefined;
      case 'close':
        return a % 8 === 0 ? this.#try(() => world.closeLog(ORIGIN)) : undefined;
    }
  }

  #grow(a: number, b: number): void {
    const { size } = this.log;
    if (b % 5 === 0 && size > 0) this.log.append(`hidden ${size}`, { mapped: null });
    else if (b % 5 === 1 && size > 0) this.log.append(`twice ${size}`, { slot: this.log.entryAt(a % size).slot, mapped: null });
    else this.log.grow(1 + (a % 4));
  }

  #other(a: number, size: number): SpokenLog {
    const shared = Math.min(a % (size + 1), this.log.size);
    return this.log.branch(shared).grow(size - shared, 'other');
  }

  async #charge(a: number, b: number, c: number, have: number): Promise<void> {
    const anchors = await world.anchors();
    const anchor = anchors[a % (anchors.length || 1)];
    if (anchor === undefined) return;
    const { size } = anchor.checkpoint;
    const signer = b % 3 === 0 ? secondSigner : logSigner;
    const other = this.#other(b, Math.max(1, c % (have + 2)));
    const lie = sign(other.checkpoint(world.now), signer);
    const word = promiseOf(
      this.log,
      { slot: bytesOf(`s ${c % 3}`), leafHash: bytesOf('l') },
      [anchor.checkpoint.issuedAt, anchor.checkpoint.issuedAt],
      signer,
    );
    const charges: (() => Charge)[] = [
      () => unmapped(this.log, anchor, this.log.entryAt(b % size)),
      () => brokenPromise(this.log, anchor, word),
      () => rolledBack([this.log, anchor], [other, lie], this.log.entryAt(c % size).slot),
      () => fork(anchor, sign(this.#other(b, size).checkpoint(world.now), signer)),
      () => (lie.checkpoint.size <= size ? splitView(this.log, lie, anchor) : splitView(other, anchor, lie)),
    ];
    if (size > 0) await this.#bring(charges[(a + b + c) % charges.length]!());
  }

  /** The contract accepts what core/ convicts by, and nothing else; but for what it has heard before. */
  async #bring(charge: Charge): Promise<void> {
    const judged = await world.chargedLog();
    const data = encodeCharge(charge, judged.anchors);
    const refusal = await world.refusal(world.members[1]!, world.addresses.court, data);
    let convicts = true;
    try {
      verifyCharge(charge, judged);
    } catch {
      convicts = false;
    }
    if (convicts) expect(refusal?.[0] ?? 'KnownCharge').to.equal('KnownCharge');
    else expect(refusal).not.to.equal(null);
    if (convicts) this.charges.push(charge);
    await this.#try(() => world.send(world.members[1]!, world.addresses.court, data));
  }

  async #try(action: () => Promise<unknown>): Promise<void> {
    if ((await refusalOf(action())) === null) this.accepted++;
    else this.refused++;
  }
}

const NO_DISPUTE = [ZERO_WORD, 0n, 0n, 0n];

async function stateOf(logId: string, digests: readonly string[]): Promise<Record<string, unknown>> {
  const { anchor, court } = world.addresses;
  const state: Record<string, unknown> = { head: Object.values(await world.head()) };
  const { count } = await world.head();
  for (let i = 0n; i <= count; i++) state[`word ${i}`] = (await world.ask(ANCHOR, anchor, 'wordAt', [logId, i]))[0];
  const [dispute] = await world.ask(COURT, court, 'disputeOf', [logId]);
  state.dispute = (dispute as { toArray(): unknown[] }).toArray();
  for (const digest of digests) state[digest] = (await world.ask(COURT, court, 'isKnownCharge', [digest]))[0];
  return state;
}

async function replay(digests: readonly string[]): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = { head: [0n, 0n, 0n, 0n, ZERO_WORD], 'word 0': ZERO_WORD, dispute: NO_DISPUTE };
  for (const digest of digests) state[digest] = false;
  for (const [{ address, topics, data }, { at }] of await world.rawLogs('anchor', 'court')) {
    const abi = address === world.addresses.anchor.toLowerCase() ? ANCHOR : COURT;
    const { name, args } = abi.parseLog({ topics: [...topics], data })!;
    const e = args.toObject() as Record<string, bigint & string>;
    if (name === 'Anchored') {
      const next = BigInt(e.sequence!) + 1n;
      state.head = [next, e.size, e.time, e.blockTime, e.root];
      const word = [e.size, e.time, e.root, e.mapRoot, e.blockTime];
      state[`word ${e.sequence}`] = keccak256(
        AbiCoder.defaultAbiCoder().encode(['uint64', 'uint64', 'bytes32', 'bytes32', 'uint64'], word),
      );
      state[`word ${next}`] = ZERO_WORD;
    }
    if (name === 'Charged') state[e.chargeDigest!] = true;
    if (name === 'Cleared') state.dispute = NO_DISPUTE;
    if (name === 'Disputed') {
      const openedAt = (state.dispute as unknown[])[3] || BigInt(at);
      state.dispute = [e.chargeDigest, e.fromSequence, e.fromSize, openedAt];
    }
  }
  return state;
}

/** Sizes never shrink, times grow, and every anchor and fork bears a signature of a key that is listed. */
async function checkSoundness(): Promise<void> {
  let [size, time] = [0, 0];
  for (const [log, block] of await world.rawLogs('anchor')) {
    const event = decodeAnchorEvent(log, block);
    const { rootHash, mapRoot, issuedAt, keyId, signature } = event;
    const signer = [logSigner, secondSigner].find((one) => hex(keyIdOfSigner(one)) === hex(keyId))!;
    verifyCheckpointSignature({ origin: ORIGIN, size: event.size, rootHash, mapRoot, issuedAt }, signer.publicKey, signature);
    if (event.kind === 'forked') {
      expect(event.size).to.equal(size);
      continue;
    }
    expect(event.size).to.be.at.least(size);
    expect(issuedAt).to.be.greaterThan(time);
    [size, time] = [event.size, issuedAt];
  }
}

test('all events from block 0 lead to the state of both contracts, whatever happened', async () => {
  let [accepted, refused] = [0, 0];
  const names = new Set<string>();
  const property = fc.asyncProperty(STEPS, async (steps) => {
    const restore = await world.snapshot();
    world.now = READY;
    const life = new Life();
    for (const step of steps) await life.take(step);
    const digests = life.charges.map((charge) => hex(chargeDigestOf(charge)));
    const state = await stateOf(hex(life.log.logId), digests);
    expect(await replay(digests)).to.deep.equal(state);
    await checkSoundness();
    for (const [{ address, topics, data }] of await world.rawLogs('anchor', 'court')) {
      const abi = address === world.addresses.anchor.toLowerCase() ? ANCHOR : COURT;
      names.add(abi.parseLog({ topics: [...topics], data })!.name);
    }
    accepted += life.accepted;
    refused += life.refused;
    await restore();
  });
  await fc.assert(property, { seed: 20_260_101, numRuns: RUNS, endOnFailure: true });
  expect([...names].sort()).to.deep.equal(['Anchored', 'Charged', 'Cleared', 'Confirmed', 'Disputed', 'Forked']);
  for (const count of [accepted, refused]) expect(count).to.be.greaterThan(RUNS * 5);
});
