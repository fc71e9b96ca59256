/**
 * All that a verifier has to do with the court: the charges that it keeps, the monitor that makes some itself, and, with the account of
 * a consortium member, what only members may do.
 */
import type { ChainSender } from '../../chain/sender.ts';
import type { Logger } from '../../service/logger.ts';
import { Backoff } from '../backoff.ts';
import type { VerifierConfig } from '../config.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import type { FindingFiles } from '../follow/finding.ts';
import type { Following } from '../follow/following.ts';
import { Loop } from '../loop.ts';
import type { ChargeFiles } from './charge-files.ts';
import { ForceAnchor } from './force-anchor.ts';
import { Monitor } from './monitor.ts';
import { Prosecutor } from './prosecutor.ts';

/** A consortium member, as the chain knows it. */
export type MemberAccount = Pick<ChainSender, 'send'>;

export interface ProsecutionOptions {
  readonly config: VerifierConfig;
  readonly chain: ChainFollower;
  readonly findings: FindingFiles;
  readonly charges: ChargeFiles;
  /** Null: what is kept here, others bring. */
  readonly member: MemberAccount | null;
  /** Until something is tried a second time, ms; doubled each time. */
  readonly retryMs: number;
  readonly clock: () => number;
  readonly logger: Logger;
}

const LONGEST_PAUSE_MS = 600_000;
/** Of what a node of the chain may take a moment to know. */
const CHAIN_RETRY_MS = 1_000;

export class Prosecution {
  readonly charges: ChargeFiles;
  /** Null for a plain verifier. */
  readonly monitor: Monitor | null;
  readonly prosecutor: Prosecutor | null;
  readonly #options: ProsecutionOptions;
  #loop: Loop | null = null;

  constructor(options: ProsecutionOptions) {
    const { config, member, charges } = options;
    this.#options = options;
    this.charges = charges;
    const isMonitor = config.role === 'monitor' || member !== null;
    this.monitor = isMonitor
      ? new Monitor({ ...options, backoff: this.#backoff(options.retryMs), onCharge: () => this.wake() })
      : null;
    this.prosecutor =
      member === null
        ? null
        : new Prosecutor({ ...options, sender: member, court: config.chain.court, backoff: this.#backoff() });
  }

  /** What a member does by itself, again and again; nothing without its account. */
  loops(following: Following): Loop[] {
    const { config, member, logger } = this.#options;
    const { prosecutor } = this;
    if (member === null || prosecutor === null) return [];
    const { logs } = following;
    const forceAnchor = new ForceAnchor({
      ...this.#options,
      logs,
      sender: member,
      anchorAddress: config.chain.anchor,
      backoff: this.#backoff(),
      onDamage: (damage, follower) => following.onDamage(damage, follower),
    });
    const step = async (signal: AbortSignal): Promise<void> => {
      await prosecutor.step(signal);
      await forceAnchor.step(signal);
    };
    this.#loop = new Loop({ pauseMs: config.pollMs, logger, step });
    return [this.#loop];
  }

  /** A charge more is kept. */
  wake(): void {
    this.#loop?.wake();
  }

  #backoff(firstMs = Math.min(CHAIN_RETRY_MS, this.#options.retryMs)): Backoff {
    return new Backoff({ firstMs, longestMs: LONGEST_PAUSE_MS, clock: this.#options.clock });
  }
}
