/**
 * Fetches the openings of new entries from the log's node and keeps them unread, so that answers do not depend on the node. An opening
 * that the node does not have is asked for again from time to time; it never holds back the log.
 */
import { type CodedError, isCodedError } from '../../core/bytes/error.ts';
import type { LogIndex } from '../index/log-index.ts';
import type { WantedOpening } from '../index/opening-store.ts';
import type { NodeClient } from './node-client.ts';

export interface OpeningMirrorOptions {
  readonly index: LogIndex;
  readonly node: Pick<NodeClient, 'opening'>;
  readonly clock: () => number;
  /** Between two rounds of those that the node did not have, ms. */
  readonly retryMs: number;
}

const AT_ONCE = 8;

export class OpeningMirror {
  readonly #options: OpeningMirrorOptions;
  /** Wanted openings below this entry were asked for in this round. */
  #next = 0;
  #roundEndedAt: number | null = null;

  constructor(options: OpeningMirrorOptions) {
    this.#options = options;
  }

  /** Goes on with the round, or begins the next when it is time. Throws UNAVAILABLE when the node does not answer. */
  async step(signal: AbortSignal): Promise<void> {
    const { index, clock, retryMs } = this.#options;
    if (this.#roundEndedAt !== null && clock() - this.#roundEndedAt > retryMs) this.#next = 0;
    while (!signal.aborted) {
      const wanted = await index.openings.wantedFrom(this.#next, AT_ONCE);
      if (wanted.length === 0) break;
      this.#roundEndedAt = null;
      this.#next = wanted.at(-1)!.entryIndex + 1;
      const refusals = await Promise.all(wanted.map((one) => this.#fetch(one, signal)));
      if (refusals.every((refusal) => refusal?.code === 'UNAVAILABLE')) throw refusals[0]!;
    }
    this.#roundEndedAt ??= clock();
  }

  /** Null when it is stored, else why not: one opening that cannot be had keeps no other waiting. */
  async #fetch(wanted: WantedOpening, signal: AbortSignal): Promise<CodedError | null> {
    const { index, node } = this.#options;
    try {
      const opening = await node.opening(wanted.leafHash, signal);
      const batch = index.index.store.batch();
      index.openings.put(batch, wanted, opening);
      await batch.write({ sync: false });
      return null;
    } catch (error) {
      if (isCodedError(error)) return error;
      throw error;
    }
  }
}
