/**
 * GET /v1/changes?after: which logs have moved to another checkpoint since. Kept in memory, the newest only: after a restart every
 * log's present place comes as a change, so that nobody who goes on asking misses where a log stands.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { sendJson } from '../../service/http.ts';
import type { Anchor } from '../follow/anchor.ts';
import { type DescribedRoute, jsonOf, readQuery } from './route.ts';
import { CHANGES } from './shape.ts';

interface Change {
  readonly sequence: number;
  readonly logId: Hash;
  readonly anchor: Anchor | null;
}

const MAX_CHANGES = 1024;
const AFTER_QUERY = { after: 'optional' } as const;

export class Changes {
  readonly #clock: () => number;
  #changes: readonly Change[] = [];
  #newest: number;
  /** Changes up to here are no longer kept. */
  #dropped: number;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#newest = clock();
    this.#dropped = this.#newest;
  }

  add(logId: Hash, anchor: Anchor | null): void {
    // Taken from the clock, a restart's first sequence is above the last one before it.
    this.#newest = Math.max(this.#newest + 1, this.#clock());
    const all = [...this.#changes, { sequence: this.#newest, logId, anchor }];
    if (all.length > MAX_CHANGES) this.#dropped = all[0]!.sequence;
    this.#changes = all.slice(-MAX_CHANGES);
  }

  after(sequence: number): JsonObject {
    const changes = this.#changes.filter((change) => change.sequence > sequence);
    return {
      changes: changes.map(({ sequence: number, logId, anchor }) => ({
        sequence: number,
        logId: encodeHex(logId),
        size: anchor?.checkpoint.size ?? null,
        issuedAt: anchor?.checkpoint.issuedAt ?? null,
      })),
      newest: this.#newest,
      complete: sequence >= this.#dropped,
    };
  }

  route(): DescribedRoute {
    return {
      method: 'GET',
      path: '/v1/changes',
      handle: (request, response) => {
        const { after = 0 } = readQuery(request, AFTER_QUERY);
        sendJson(response, this.after(after));
      },
      description: {
        summary: 'Which logs have moved to another anchored checkpoint since a change that was seen',
        query: AFTER_QUERY,
        answer: jsonOf(CHANGES),
      },
    };
  }
}
