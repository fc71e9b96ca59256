/** The account of a consortium member whose calls reach nobody but the test: its court finds for the charger, or refuses. */
import { decodeHex } from '../../core/bytes/bytes.ts';
import { conflict, unavailable } from '../../core/bytes/error.ts';
import { asHash, hashFromHex } from '../../core/bytes/hash.ts';
import { CHARGE_KINDS } from '../../core/authority/registry-event.ts';
import { ANCHOR, COURT } from '../../chain/abi.ts';
import type { Call, Receipt } from '../../chain/sender.ts';
import type { MemberAccount } from '../../verifier/court/prosecution.ts';
import { bytesOf } from '../log/memory-log.ts';
import type { World } from './world.ts';

const CHARGES = ['chargeUnmapped', 'chargeBrokenPromise', 'chargeRolledBack', 'chargeFork', 'chargeSplitView'];
const NOTHING = asHash(new Uint8Array(32));

export class FakeMember implements MemberAccount {
  /** The names of the calls that reached the chain, and their values, in order. */
  readonly calls: { readonly name: string; readonly values: readonly unknown[] }[] = [];
  /** The contract's error, for as long as it is set. */
  refusal: string | null = null;
  isDown = false;
  /** From where an accepted charge disputes the log; null: it waits for a quorum. */
  fromSize: number | null = 1;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get names(): string[] {
    return this.calls.map(({ name }) => name);
  }

  send({ data }: Call): Promise<Receipt> {
    const { name, args } = (COURT.parseTransaction({ data }) ?? ANCHOR.parseTransaction({ data }))!;
    const values = args.toArray() as unknown[];
    this.calls.push({ name, values });
    if (this.isDown) return Promise.reject(unavailable('the chain does not answer'));
    if (this.refusal !== null) return Promise.reject(conflict('the contract refused', { error: this.refusal }));
    if (CHARGES.includes(name) && this.fromSize !== null)
      this.dispute(hashFromHex((values[0] as string).slice(2)), this.fromSize, name);
    return Promise.resolve({
      transactionHash: NOTHING,
      blockNumber: 0,
      blockHash: NOTHING,
      contract: null,
      gasUsed: 0,
      logs: [],
    });
  }

  dispute(logId: ReturnType<typeof hashFromHex>, fromSize: number, name = 'chargeFork'): void {
    const { story, chain } = this.#world;
    const charge = CHARGE_KINDS[CHARGES.indexOf(name)]!;
    chain.mine(story.tick(), { kind: 'log-disputed', logId, chargeDigest: bytesOf(name), charge, fromSequence: 0, fromSize });
  }

  /** The root and map root of an anchor that was sent. */
  static rootsOf(values: readonly unknown[]): Uint8Array[] {
    return [values[3], values[4]].map((hex) => decodeHex((hex as string).slice(2)));
  }
}
