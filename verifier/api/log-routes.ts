/** What the verifier says about logs: how far it follows each, proofs over its own tree, and the anchored checkpoint as a witness sees it. */
import type { Request, Response } from 'express';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { notFound, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { formatNote } from '../../core/log/note.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveConsistency, proveInclusion } from '../../core/log/tree-proof.ts';
import { sendBytes, sendJson } from '../../service/http.ts';
import type { Anchor } from '../follow/anchor.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import { formatFinding } from '../follow/finding.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import { IndexDamage } from '../index/damage.ts';
import { formatSeen, type Seen } from '../index/seen-store.ts';
import type { Witness } from '../witness.ts';
import { type ChargeSources, describeCharge } from './charge-routes.ts';
import { type LookupSources, requireAsked, requirePublic } from './lookup.ts';
import { type DescribedRoute, jsonOf, readLogId, readQuery } from './route.ts';
import { CONSISTENCY, INCLUSION, LOG, LOGS, SEEN } from './shape.ts';

export interface LogSources extends Pick<LookupSources, 'logs' | 'chain' | 'confirmations' | 'onDamage'>, ChargeSources {
  /** Null when this program has no witness's key. */
  readonly witness: Witness | null;
}

/** Every log that the registry lists, followed or not. */
export function describeLogs({ logs, chain }: Pick<LogSources, 'logs' | 'chain'>): JsonObject[] {
  return (chain.facts?.logs ?? []).map((log) => describeLog(log, logs.get(encodeHex(log.logId))));
}

function describeLog(log: LogFact, follower: LogFollower | undefined): JsonObject {
  const followed = follower !== undefined && follower.registered !== null;
  return {
    logId: encodeHex(log.logId),
    origin: log.origin,
    authority: log.authority,
    class: log.class,
    followed,
    size: followed ? follower.index.size : null,
    anchoredSize: (followed ? follower.standing?.checkpoint.size : null) ?? null,
    trouble: followed ? follower.trouble : null,
  };
}

function factOf(chain: ChainFollower, logId: Hash): LogFact {
  const log = chain.facts?.logs.find((one) => encodeHex(one.logId) === encodeHex(logId));
  if (log === undefined) throw notFound('the registry lists no such log');
  return log;
}

/** Throws UNAVAILABLE before the first anchored checkpoint. */
function standingOf(follower: LogFollower): Anchor {
  if (follower.standing === null) throw unavailable('no anchored checkpoint of the log is replayed yet');
  return follower.standing;
}

/** With all that the witnesses were heard to say. */
function wordsOn({ confirmations }: LogSources, { logId, registered }: LogFollower, anchor: Anchor): Seen {
  const note = registered && anchor.note(registered.facts);
  if (note === null) throw unavailable('the registry lost the log’s key');
  const { cosignatures, attestations } = confirmations.of(logId, anchor);
  return { logId, note: { ...note, cosignatures }, anchor: { block: anchor.block, attestations } };
}

function answerLog(sources: LogSources, request: Request, response: Response): void {
  const logId = readLogId(request);
  const log = factOf(sources.chain, logId);
  const follower = sources.logs.get(encodeHex(logId));
  const { standing = null, finding = null } = follower ?? {};
  const words = follower === undefined || standing === null ? null : formatSeen(wordsOn(sources, follower, standing));
  sendJson(response, {
    ...describeLog(log, follower),
    checkpoint: null,
    anchor: null,
    ...words,
    sequence: standing && standing.sequence,
    finding: finding && formatFinding(finding),
    search: sources.prosecution.monitor?.searchOf({ logId }) ?? null,
    charges: sources.prosecution.charges.of(logId).map((kept) => describeCharge(sources, kept)),
  });
}

function answerCheckpoint(sources: LogSources, request: Request, response: Response): void {
  const { follower } = requireAsked(sources, readLogId(request));
  const { note } = wordsOn(sources, follower, standingOf(follower));
  sendBytes(response, encodeUtf8(formatNote(note)), 'text/plain; charset=utf-8');
}

const INCLUSION_QUERY = { index: 'required', size: 'required' } as const;
const CONSISTENCY_QUERY = { from: 'required', to: 'required' } as const;

/** Runs `read` on the log's index. Throws NOT_FOUND beyond the size that is held. */
function proveFrom<Proof>(sources: LogSources, follower: LogFollower, size: number, read: () => Proof): Proof {
  if (size > follower.index.size) throw notFound('the log is not replayed so far', { size: follower.index.size });
  try {
    return read();
  } catch (error) {
    if (error instanceof IndexDamage) sources.onDamage(error, follower);
    throw error;
  }
}

function answerInclusion(sources: LogSources, request: Request, response: Response): void {
  const { follower } = requirePublic(sources, readLogId(request));
  const { index: entryIndex, size } = readQuery(request, INCLUSION_QUERY) as { index: number; size: number };
  if (entryIndex >= size) throw notFound('there is no such entry at that size', { size });
  const { tiles } = follower.index;
  const proved = proveFrom(sources, follower, size, () => ({
    leafHash: encodeHex(leafHashOf(tiles.entryAt(entryIndex))),
    index: entryIndex,
    size,
    rootHash: encodeHex(follower.index.rootAt(size)),
    proof: proveInclusion(entryIndex, size, tiles).map(encodeHex),
  }));
  sendJson(response, proved);
}

function answerConsistency(sources: LogSources, request: Request, response: Response): void {
  const { follower } = requirePublic(sources, readLogId(request));
  const { from, to } = readQuery(request, CONSISTENCY_QUERY) as { from: number; to: number };
  if (from > to) throw notFound('a smaller tree extends no larger one', { from, to });
  const proved = proveFrom(sources, follower, to, () => ({
    from,
    fromRoot: encodeHex(follower.index.rootAt(from)),
    to,
    toRoot: encodeHex(follower.index.rootAt(to)),
    proof: proveConsistency(from, to, follower.index.tiles).map(encodeHex),
  }));
  sendJson(response, proved);
}

const SEEN_QUERY = { size: 'optional', time: 'optional' } as const;

async function answerSeen(sources: LogSources, request: Request, response: Response): Promise<void> {
  const logId = readLogId(request);
  const { size, time } = readQuery(request, SEEN_QUERY);
  const seen = sources.witness === null ? seenHere(sources, logId, size, time) : await sources.witness.seen(logId, size, time);
  if (seen === undefined) throw notFound('no such checkpoint was seen here');
  sendJson(response, formatSeen(seen));
}

/** Without a key there is nothing to add to the log's own signature. */
function seenHere({ logs }: LogSources, logId: Hash, size?: number, time?: number): Seen | undefined {
  const follower = logs.get(encodeHex(logId));
  const isMeant = ({ checkpoint }: Anchor): boolean =>
    (size === undefined || checkpoint.size === size) && (time === undefined || checkpoint.issuedAt === time);
  const anchor = follower?.anchors.findLast((one) => isMeant(one) && follower.isHeld(one));
  const registered = follower?.registered ?? null;
  const note = registered && anchor?.note(registered.facts);
  return note && anchor ? { logId, note, anchor: { block: anchor.block, attestations: [] } } : undefined;
}

export function logRoutes(sources: LogSources): DescribedRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/logs',
      handle: (_request, response) => sendJson(response, { logs: describeLogs(sources) }),
      description: { summary: 'Every log that the registry lists, and how far this verifier follows it', answer: jsonOf(LOGS) },
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId',
      handle: (request, response) => answerLog(sources, request, response),
      description: { summary: 'One log, the checkpoint that answers stand on, and what convicts it', answer: jsonOf(LOG) },
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId/checkpoint',
      handle: (request, response) => answerCheckpoint(sources, request, response),
      description: {
        summary: 'The checkpoint that answers stand on, as a note with all collected cosignatures',
        answer: { type: 'text/plain', schema: null },
      },
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId/inclusion',
      handle: (request, response) => answerInclusion(sources, request, response),
      description: { summary: 'That an entry is in the tree of a size', query: INCLUSION_QUERY, answer: jsonOf(INCLUSION) },
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId/consistency',
      handle: (request, response) => answerConsistency(sources, request, response),
      description: { summary: 'That a tree extends a smaller one', query: CONSISTENCY_QUERY, answer: jsonOf(CONSISTENCY) },
    },
    {
      method: 'GET',
      path: '/seen/:logId',
      handle: (request, response) => answerSeen(sources, request, response),
      description: {
        summary:
          'The newest anchored checkpoint that this party replayed (of a size, and of a time), with its own cosignature and attestation',
        query: SEEN_QUERY,
        answer: jsonOf(SEEN),
      },
    },
  ];
}
