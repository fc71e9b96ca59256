/**
 * Brings kept charges to the court with a consortium member's account. Each is judged first, so that nobody pays for a false charge; one
 * that somebody else has brought already is as good as brought. Whether a charge is on the chain is asked of the chain: nothing of it
 * need survive a restart.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { findDispute } from '../../core/authority/registry.ts';
import { verifyCharge } from '../../core/court/judgement.ts';
import { encodeCharge } from '../../chain/charge-call.ts';
import type { ChainSender } from '../../chain/sender.ts';
import type { Logger } from '../../service/logger.ts';
import type { Backoff } from '../backoff.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import { chargedLog } from './case.ts';
import type { ChargeFiles, KeptCharge } from './charge-files.ts';

export interface ProsecutorOptions {
  readonly chain: Pick<ChainFollower, 'facts' | 'anchorsOf'>;
  readonly charges: ChargeFiles;
  /** The member's. */
  readonly sender: Pick<ChainSender, 'send'>;
  /** The court's address. */
  readonly court: string;
  readonly backoff: Backoff;
  readonly logger: Logger;
}

export class Prosecutor {
  readonly #options: ProsecutorOptions;
  /** The size from which each charge was brought, by its digest in hex. */
  readonly #brought = new Map<string, number>();

  constructor(options: ProsecutorOptions) {
    this.#options = options;
  }

  hasBrought({ chargeDigest, fromSize }: KeptCharge): boolean {
    return (this.#brought.get(encodeHex(chargeDigest)) ?? Number.POSITIVE_INFINITY) <= fromSize;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { charges, backoff } = this.#options;
    for (const kept of charges.all) {
      if (signal.aborted) return;
      if (!this.#isSettled(kept) && backoff.isDue(nameOf(kept))) await this.#bring(kept);
    }
  }

  /** What was brought in a block that the chain lost is brought again, unless the log's dispute was cleared: then the court says so. */
  #isSettled(kept: KeptCharge): boolean {
    return this.hasBrought(kept) && this.#isDisputed(kept.logId);
  }

  #isDisputed(logId: Hash): boolean {
    const { facts } = this.#options.chain;
    return facts !== null && findDispute(facts, logId) !== undefined;
  }

  async #bring(kept: KeptCharge): Promise<void> {
    const { chain, sender, court, backoff, logger } = this.#options;
    const { charge, logId, chargeDigest, fromSize } = kept;
    const { origin, kind } = charge;
    // Asked again later all the same, until the chain shows the dispute.
    backoff.failed(nameOf(kept));
    try {
      const log = chargedLog(chain, logId);
      verifyCharge(charge, log);
      await sender.send({ to: court, data: encodeCharge(charge, log.anchors) });
      logger.info({ origin, reason: kind }, 'a charge was brought to the court');
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error.facts['error'] !== 'KnownCharge') {
        logger.warn({ error, origin, reason: kind }, 'a charge is not brought yet');
        return;
      }
    }
    this.#brought.set(encodeHex(chargeDigest), fromSize);
  }
}

function nameOf({ chargeDigest }: KeptCharge): string {
  return encodeHex(chargeDigest);
}
