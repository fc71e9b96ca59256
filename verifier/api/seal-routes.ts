/**
 * How many accesses are under seal, over all seals logs that the registry lists: counted from their entries (core/access/seal-count.ts) at the
 * anchored checkpoint that this verifier stands on. A total is given only when every one of them is counted.
 */
import { type SealCount, sealStatesOf } from '../../core/access/seal-count.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { invariant, unavailable } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { sendJson } from '../../service/http.ts';
import type { Anchor } from '../follow/anchor.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import { IndexDamage } from '../index/damage.ts';
import { askedOf } from './anchor-claims.ts';
import { type LookupSources, standingAnswer } from './lookup.ts';
import { type DescribedRoute, jsonOf } from './route.ts';
import { SEALS } from './shape.ts';

const NOTHING: SealCount = { sealed: 0, released: 0, unreleased: 0, overdue: 0, renewed: 0, stray: 0 };

export class SealTally {
  readonly #sources: Pick<LookupSources, 'logs' | 'chain' | 'onDamage'>;
  /** By the anchor stood on: what came before it never changes. */
  readonly #counts = new WeakMap<Anchor, SealCount>();

  constructor(sources: Pick<LookupSources, 'logs' | 'chain' | 'onDamage'>) {
    this.#sources = sources;
  }

  /** Null while the log is not followed to an anchored checkpoint. Throws IndexDamage. */
  of(log: LogFact): SealCount | null {
    const { logs, onDamage } = this.#sources;
    const follower = askedOf(logs.get(encodeHex(log.logId)))?.follower;
    const standing = follower?.standing ?? null;
    if (follower === undefined || standing === null) return null;
    try {
      const count = this.#counts.get(standing) ?? countOf(follower, standing, log);
      this.#counts.set(standing, count);
      return count;
    } catch (error) {
      if (error instanceof IndexDamage) onDamage(error, follower);
      throw error;
    }
  }

  /** Null when a seals log that the registry lists is not counted, or the chain was not read. Throws IndexDamage. */
  get total(): SealCount | null {
    const { facts } = this.#sources.chain;
    const counts = facts?.logs.filter((log) => log.class === 'seals').map((log) => this.of(log)) ?? [null];
    return counts.reduce((sum, count) => sum && count && add(sum, count), NOTHING);
  }
}

function add(a: SealCount, b: SealCount): SealCount {
  return {
    sealed: a.sealed + b.sealed,
    released: a.released + b.released,
    unreleased: a.unreleased + b.unreleased,
    overdue: a.overdue + b.overdue,
    renewed: a.renewed + b.renewed,
    stray: a.stray + b.stray,
  };
}

function countOf({ index }: LogFollower, { checkpoint }: Anchor, { term }: LogFact): SealCount {
  invariant(term !== null, 'the registry gives every seals log a term');
  const entries = Array.from({ length: checkpoint.size }, (_, entryIndex) => decodeEntry(index.tiles.entryAt(entryIndex)));
  return sealStatesOf(entries, { term, asOf: checkpoint.issuedAt }).count;
}

function describeSeals(sources: LookupSources, tally: SealTally, log: LogFact): JsonObject {
  const { logId, origin, authority, term } = log;
  const count = tally.of(log);
  const standing = count && standingAnswer(sources, { logId });
  return {
    logId: encodeHex(logId),
    origin,
    authority,
    term,
    trouble: standing && standing.trouble,
    checkpoint: standing && standing.checkpoint,
    count: count && { ...count },
  };
}

export function sealRoutes(sources: LookupSources, tally: SealTally): DescribedRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/seals',
      handle: (_request, response) => {
        const { facts } = sources.chain;
        if (facts === null) throw unavailable('the chain was not read yet');
        const logs = facts.logs.filter((log) => log.class === 'seals').map((log) => describeSeals(sources, tally, log));
        sendJson(response, { logs, total: tally.total });
      },
      description: {
        summary: 'How many accesses are under seal, released, renewed and overdue, by anyone to be counted again',
        answer: jsonOf(SEALS),
      },
    },
  ];
}
