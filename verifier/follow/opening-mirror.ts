/**
 * Fetches the openings of new entries from the log's node and keeps them unread, so that answers do not depend on the node. An opening
 * that cannot be had is asked for again from time to time; it holds back neither the log nor another opening.
 */
import { type CodedError, isCodedError } from '../../core/bytes/error.ts';
import type { LogIndex } from '../index/log-index.ts';
import type { AskedOpening, WantedOpening } from '../index/opening-store.ts';
import type { NodeClient } from './node-client.ts';

export interface OpeningMirrorOptions {
  readonly index: LogIndex;
  readonly node: Pick<NodeClient, 'opening'>;
  readonly clock: () => number;
  /** Between two rounds of those that could not be had, ms. */
  readonly retryMs: number;
}

const AT_ONCE = 8;

export class OpeningMirror {
  readonly #options: OpeningMirrorOptions;
  /** In the present round, wanted openings below this entry were asked for again. */
  #next = 0;
  #roundEndedAt = 0;

  constructor(options: OpeningMirrorOptions) {
    this.#options = options;
  }

  /** Throws UNAVAILABLE when the node does not answer at all, IndexDamage. */
  async step(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.#askNew(signal)));
    while (!signal.aborted && (await this.#askAgain(signal)));
  }

  /** False when every entry was asked for. */
  async #askNew(signal: AbortSignal): Promise<boolean> {
    const { openings, tiles, size } = this.#options.index;
    const asked = Math.min(openings.asked + AT_ONCE, size);
    if (asked <= openings.asked) return false;
    const wanted: WantedOpening[] = [];
    for (let entryIndex = openings.asked; entryIndex < asked; entryIndex++) {
      const leafHash = tiles.node(0, entryIndex);
      if (!openings.has(leafHash)) wanted.push({ entryIndex, leafHash });
    }
    await this.#ask(wanted, asked, signal);
    return true;
  }

  /** False when the round has come to its end, or the next one has time. */
  async #askAgain(signal: AbortSignal): Promise<boolean> {
    const { index, clock, retryMs } = this.#options;
    if (this.#next === 0 && clock() - this.#roundEndedAt <= retryMs) return false;
    const wanted = await index.openings.wantedFrom(this.#next, AT_ONCE);
    this.#next = wanted.length === 0 ? 0 : wanted.at(-1)!.entryIndex + 1;
    if (wanted.length > 0) await this.#ask(wanted, index.openings.asked, signal);
    else this.#roundEndedAt = clock();
    return wanted.length > 0;
  }

  async #ask(wanted: readonly WantedOpening[], asked: number, signal: AbortSignal): Promise<void> {
    const answers = await Promise.all(wanted.map((one) => this.#fetch(one, signal)));
    if (signal.aborted) return;
    await this.#options.index.openings.keep(answers, asked);
    if (answers.length > 0 && answers.every(({ refusal }) => refusal?.code === 'UNAVAILABLE')) throw answers[0]!.refusal!;
  }

  async #fetch(wanted: WantedOpening, signal: AbortSignal): Promise<AskedOpening & { readonly refusal: CodedError | null }> {
    try {
      return { ...wanted, opening: await this.#options.node.opening(wanted.leafHash, signal), refusal: null };
    } catch (error) {
      if (isCodedError(error)) return { ...wanted, opening: null, refusal: error };
      throw error;
    }
  }
}
