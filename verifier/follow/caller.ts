/**
 * Who this program is to the nodes that it asks. Where anybody may read, it does not say. Tiles and slot proofs of access logs are for
 * registered parties: those calls are signed with a request key of the authority that runs this program, in the one spelling of
 * service/call/http-signature.ts. Without such a key it follows no access log.
 */
import { randomBytes } from 'node:crypto';
import { LOG_RULES } from '../../core/authority/log-rules.ts';
import { findLog, type LogFact } from '../../core/authority/registry.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { type SignedCall, signCall } from '../../service/call/http-signature.ts';
import type { Signer } from '../../service/signer.ts';
import type { ChainFollower } from './chain-follower.ts';

export interface CallerOptions {
  /** A request key; null: this program is nobody in particular. */
  readonly signer: Signer | null;
  readonly chain: Pick<ChainFollower, 'facts'>;
  readonly clock: () => number;
}

const CALL_NONCE_LENGTH = 16;

export class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Whether the entries of this log are to be had. */
  mayRead(log: Pick<LogFact, 'class'>): boolean {
    return LOG_RULES[log.class].isPublic || this.#options.signer !== null;
  }

  /** What goes into the head of a call to this log's node. */
  async headersFor(logId: Hash, call: Omit<SignedCall, 'request'>): Promise<Record<string, string>> {
    const { signer, chain, clock } = this.#options;
    const log = chain.facts && findLog(chain.facts, logId);
    if (signer === null || !log || LOG_RULES[log.class].isPublic) return {};
    return signCall({ ...call, request: null }, signer, { createdAt: clock(), nonce: randomBytes(CALL_NONCE_LENGTH) });
  }
}
