/**
 * All followed logs, each with a loop of its own for entries and one for openings: a node that hangs delays its own log alone.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { LOG_RULES } from '../../core/authority/log-rules.ts';
import { findLog, type LogFact } from '../../core/authority/registry.ts';
import type { Logger } from '../../service/logger.ts';
import type { Signer } from '../../service/signer.ts';
import { IndexDamage } from '../index/damage.ts';
import type { IndexStore } from '../index/index-store.ts';
import type { LogIndex } from '../index/log-index.ts';
import { Loop } from '../loop.ts';
import type { Anchor } from './anchor.ts';
import { Caller } from './caller.ts';
import type { ChainFollower } from './chain-follower.ts';
import type { FindingFiles } from './finding.ts';
import { type FollowTiming, LogFollower } from './log-follower.ts';
import { NodeClient, type NodeTimeouts } from './node-client.ts';
import { OpeningMirror } from './opening-mirror.ts';

/** Milliseconds. */
export interface Timing extends FollowTiming, NodeTimeouts {
  /** Until openings that a node did not have are asked for again. */
  readonly openingRetryMs: number;
}

/** A log and where its node answers. */
export interface FollowedLog {
  readonly origin: Origin;
  readonly url: string;
  readonly index: LogIndex;
}

export interface FollowingOptions {
  readonly logs: readonly FollowedLog[];
  readonly index: IndexStore;
  readonly chain: ChainFollower;
  readonly findings: FindingFiles;
  /** A request key of the authority that runs this program; null: it follows only what anybody may read. */
  readonly requestSigner: Signer | null;
  readonly isQuorate: (log: LogFact, anchor: Anchor) => boolean;
  readonly onAdvance: (logId: Hash, anchor: Anchor | null) => void;
  /** What a witness does with a log after each of its steps. */
  readonly afterStep: (follower: LogFollower, signal: AbortSignal) => Promise<void>;
  readonly pauseMs: number;
  readonly timing: Timing;
  readonly clock: () => number;
  readonly logger: Logger;
}

export class Following {
  /** By log id in hex. */
  readonly logs: ReadonlyMap<string, LogFollower>;
  readonly loops: readonly Loop[];
  readonly #options: FollowingOptions;
  readonly #caller: Caller;
  readonly #followLoops: Loop[] = [];

  constructor(options: FollowingOptions) {
    this.#options = options;
    this.#caller = new Caller({ ...options, signer: options.requestSigner });
    const mirrorLoops: Loop[] = [];
    const followers = options.logs.map((log) => {
      const logId = logIdOf(log.origin);
      const node = new NodeClient(log.url, (call) => this.#caller.headersFor(logId, call), options.timing);
      const mirrorLoop = this.#mirrorLoop(log, node);
      mirrorLoops.push(mirrorLoop);
      const follower = this.#follower(log, node, () => mirrorLoop.wake());
      this.#followLoops.push(this.#followLoop(follower));
      return follower;
    });
    this.logs = new Map(followers.map((follower) => [encodeHex(follower.logId), follower]));
    this.loops = [...this.#followLoops, ...mirrorLoops];
  }

  /** Something new came from the chain. */
  wake(): void {
    for (const loop of this.#followLoops) loop.wake();
  }

  /** Lets each log move to what it may stand on by now. */
  advance(): void {
    for (const follower of this.logs.values()) follower.advance();
  }

  /** A spoilt value was met, of this log or of all of them. */
  onDamage(damage: IndexDamage, follower: LogFollower | null): void {
    const { logger } = this.#options;
    if (follower !== null && damage.space.name === 'opening') {
      logger.error({ error: damage }, 'an opening is damaged, it is fetched again');
      follower.index.openings.rewind();
      return;
    }
    // A row of the slot index speaks for every log that has the slot.
    const spoilt = follower === null || damage.space.name === 'slot' ? [...this.logs.values()] : [follower];
    logger.error({ error: damage, count: spoilt.length }, 'the index is damaged, logs are replayed');
    for (const one of spoilt) one.rebuild(damage);
    this.wake();
  }

  #mirrorLoop({ origin, index }: FollowedLog, node: NodeClient): Loop {
    const { chain, clock, timing, pauseMs, logger } = this.#options;
    const mirror = new OpeningMirror({ index, node, clock, retryMs: timing.openingRetryMs });
    const logId = logIdOf(origin);
    const step = async (signal: AbortSignal): Promise<void> => {
      const log = chain.facts && findLog(chain.facts, logId);
      if (log && LOG_RULES[log.class].hasOpenings) await this.#guard(logId, () => mirror.step(signal));
    };
    return new Loop({ pauseMs, logger, step });
  }

  #follower({ origin, index }: FollowedLog, node: NodeClient, onGrowth: () => void): LogFollower {
    const { chain, findings, isQuorate, onAdvance, timing, clock, logger } = this.#options;
    const follower: LogFollower = new LogFollower({
      origin,
      node,
      index,
      chain,
      findings,
      mayRead: (log) => this.#caller.mayRead(log),
      isQuorate,
      timing,
      clock,
      logger,
      onGrowth,
      onAdvance: (anchor) => onAdvance(follower.logId, anchor),
    });
    return follower;
  }

  #followLoop(follower: LogFollower): Loop {
    const { afterStep, pauseMs, logger } = this.#options;
    const step = async (signal: AbortSignal): Promise<void> => {
      try {
        await this.#guard(follower.logId, () => follower.step(signal));
      } finally {
        await this.#guard(follower.logId, () => afterStep(follower, signal));
      }
    };
    return new Loop({ pauseMs, logger, step });
  }

  /** Damage that is met at work is dealt with as any other. */
  async #guard(logId: Hash, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof IndexDamage)) throw error;
      this.onDamage(error, this.logs.get(encodeHex(logId)) ?? null);
    }
  }
}
