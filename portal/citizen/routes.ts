/**
 * What a signed-in person may ask. `answers`, `copies`, `objections` and the verifier's routes pass bytes on for her browser to judge; `history` is for
 * programs, and is judged here by the same core/. Nothing of either is kept, and no log or metric holds more than the route.
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { malformed, notFound } from '../../core/bytes/error.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { anchorsPath, standingPath } from '../../core/citizen/verifier.ts';
import { MAX_REDRESS_TEXT } from '../../core/redress/redress.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendBytes, sendJson } from '../../service/http.ts';
import { requireOwnPage, requireSession } from '../identity/guard.ts';
import { historyOf } from './history.ts';
import { fetchCopies, fetchOwn, fetchSeals, sendObjection } from './upstream.ts';
import { callFor, callForCopies, type CitizenWorld } from './world.ts';

const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const ORIGIN = z.string().max(128);
const WHOLE = z.number().int().min(0);
const ANSWER_QUESTION = z.strictObject({ origin: ORIGIN, at: z.strictObject({ size: WHOLE, issuedAt: WHOLE }).optional() });
const COPIES_QUESTION = z.strictObject({ accessor: z.string().length(18) });
const OBJECTION = z.strictObject({
  origin: ORIGIN,
  leafHash: HASH,
  text: z.string().refine((text) => isPlainText(text, MAX_REDRESS_TEXT)),
});
const MAX_QUESTION = 16 << 10;

async function passOwn(
  world: CitizenWorld,
  request: Request,
  response: Response,
  path: '/v1/history' | '/v1/promised',
): Promise<void> {
  const session = requireOwnPage(world, request);
  const { origin, at } = await readJson(request, ANSWER_QUESTION, MAX_QUESTION);
  sendBytes(response, await fetchOwn(await callFor(world, session, origin), path, at ?? null), 'application/json');
}

async function passCopies(world: CitizenWorld, request: Request, response: Response): Promise<void> {
  const session = requireOwnPage(world, request);
  const { accessor } = await readJson(request, COPIES_QUESTION, MAX_QUESTION);
  sendBytes(response, await fetchCopies(await callForCopies(world, session, accessor)), 'application/json');
}

async function passObjection(world: CitizenWorld, request: Request, response: Response): Promise<void> {
  const session = requireOwnPage(world, request);
  const key = parseIdempotencyKey(request);
  const { origin, leafHash, text } = await readJson(request, OBJECTION, MAX_QUESTION);
  const call = await callFor(world, session, origin);
  sendBytes(response, await sendObjection(call, { leafHash, text }, key), 'application/json', 201);
}

async function passSeals(world: CitizenWorld, request: Request, response: Response): Promise<void> {
  const { origin } = request.query;
  const url = typeof origin === 'string' ? world.nodes.get(origin) : undefined;
  if (url === undefined) throw notFound('this portal has no way to that log');
  sendBytes(response, await fetchSeals(url, world.signal), 'application/json');
}

/** Whole numbers, or null for one that is not there. Throws MALFORMED. */
function readWhole(request: Request, name: string): number | null {
  const text = request.query[name];
  if (text === undefined) return null;
  const value = typeof text === 'string' && /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw malformed(`the query: ${name} is not a whole number`);
  return value;
}

async function answerHistory(world: CitizenWorld, request: Request, response: Response): Promise<void> {
  const session = requireSession(world, request);
  const [from, to] = [readWhole(request, 'from') ?? 0, readWhole(request, 'to') ?? Number.MAX_SAFE_INTEGER];
  sendJson(response, await historyOf(world, session, { from, to }));
}

/** Both or neither. Throws MALFORMED. */
function readCheckpointName(request: Request): CheckpointName | null {
  const [size, issuedAt] = [readWhole(request, 'size'), readWhole(request, 'time')];
  if (size === null && issuedAt === null) return null;
  if (size === null || issuedAt === null) throw malformed('the query: size and time go together');
  return { size, issuedAt };
}

/** Which logs and accessors this portal can ask; all others that the registry names are not connected. */
function answerSources(world: CitizenWorld, request: Request, response: Response): void {
  requireSession(world, request);
  sendJson(response, { connected: [...world.nodes.keys()], accessors: [...world.accessors.keys()] });
}

async function passVerifier({ verifier }: CitizenWorld, response: Response, path: string): Promise<void> {
  sendBytes(response, await verifier.bytes(path), 'application/json');
}

function publicRoutes(world: CitizenWorld): Route[] {
  const logId = (request: Request) => hashFromHex(request.params['logId'] as string);
  return [
    { method: 'GET', path: '/v1/authorities', handle: (_, response) => passVerifier(world, response, '/v1/authorities') },
    { method: 'GET', path: '/trust.json', handle: (_, response) => passVerifier(world, response, '/trust.json') },
    {
      method: 'GET',
      path: '/v1/logs/:logId/standing',
      handle: (request, response) => passVerifier(world, response, standingPath(logId(request), readCheckpointName(request))),
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId/anchors',
      handle: (request, response) => {
        const [from, to] = [readWhole(request, 'from'), readWhole(request, 'to')];
        if (from === null || to === null) throw malformed('the query: from and to are missing');
        return passVerifier(world, response, anchorsPath(logId(request), from, to));
      },
    },
    { method: 'GET', path: '/portal/v1/seals', handle: (request, response) => passSeals(world, request, response) },
  ];
}

export function citizenRoutes(world: CitizenWorld): Route[] {
  return [
    ...publicRoutes(world),
    { method: 'GET', path: '/portal/v1/sources', handle: (request, response) => answerSources(world, request, response) },
    { method: 'GET', path: '/portal/v1/history', handle: (request, response) => answerHistory(world, request, response) },
    {
      method: 'POST',
      path: '/portal/v1/answers',
      handle: (request, response) => passOwn(world, request, response, '/v1/history'),
    },
    {
      method: 'POST',
      path: '/portal/v1/promised',
      handle: (request, response) => passOwn(world, request, response, '/v1/promised'),
    },
    { method: 'POST', path: '/portal/v1/copies', handle: (request, response) => passCopies(world, request, response) },
    { method: 'POST', path: '/portal/v1/objections', handle: (request, response) => passObjection(world, request, response) },
  ];
}
