/**
 * What a person's browser, or anyone who has slot proofs from a log's own node, needs beside them: the checkpoint that these stand on, as this
 * verifier found it signed, witnessed and anchored, and the anchors around a time. No question here names a slot, an entry or a person.
 */
import type { Request, Response } from 'express';
import { malformed } from '../../core/bytes/error.ts';
import { formatAnchorClaim, formatLookupAnswer } from '../../core/verify/lookup.ts';
import { sendJson } from '../../service/http.ts';
import { IndexDamage } from '../index/damage.ts';
import { claimsBetween, type Period } from './anchor-claims.ts';
import { type LookupSources, requireAsked, standingAnswer } from './lookup.ts';
import { type DescribedRoute, jsonOf, readLogId, readQuery } from './route.ts';
import { ANCHORS, LOOKUP_ANSWER } from './shape.ts';

const STANDING_QUERY = { size: 'optional', time: 'optional' } as const;
const ANCHORS_QUERY = { from: 'required', to: 'required' } as const;

function answerStanding(sources: LookupSources, request: Request, response: Response): void {
  const query = readQuery(request, STANDING_QUERY);
  if (query['time'] !== undefined && query['size'] === undefined) throw malformed('the query: a time without a size');
  const log = standingAnswer(sources, { logId: readLogId(request), ...query });
  sendJson(response, formatLookupAnswer({ logs: [log], present: [], absent: [] }));
}

function answerAnchors(sources: LookupSources, request: Request, response: Response): void {
  const period = readQuery(request, ANCHORS_QUERY) as unknown as Period;
  if (period.from >= period.to) throw malformed('the query: to is not after from');
  const asked = requireAsked(sources, readLogId(request));
  try {
    sendJson(response, { anchors: claimsBetween(sources, asked, period).map(formatAnchorClaim) });
  } catch (error) {
    if (error instanceof IndexDamage) sources.onDamage(error, asked.follower);
    throw error;
  }
}

export function standingRoutes(sources: LookupSources): DescribedRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/logs/:logId/standing',
      handle: (request, response) => answerStanding(sources, request, response),
      description: {
        summary: 'The checkpoint of a log that answers stand on, or the one of a size (and a time), with cosignatures and anchor',
        query: STANDING_QUERY,
        answer: jsonOf(LOOKUP_ANSWER),
      },
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId/anchors',
      handle: (request, response) => answerAnchors(sources, request, response),
      description: {
        summary: 'The anchors whose checkpoint is of a period, the last before it and the first after it, with attestations',
        query: ANCHORS_QUERY,
        answer: jsonOf(ANCHORS),
      },
    },
  ];
}
