/** `POST /v1/events`: a gateway or an agent has an access recorded before anything leaves (role gateway). */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { RESULTS } from '../../core/access/outcome.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendBytes } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import type { Act } from '../access/acts.ts';
import type { Custody } from '../access/custody.ts';
import {
  canonicalSubjects,
  describeEvent,
  type EventOutcome,
  keptOf,
  type PreparedEvent,
  prepareEvent,
  readKept,
} from '../access/event.ts';
import type { JudgedRequest } from '../access/judge.ts';
import { SHOWN_ENTRY, type ShownEntry } from '../seals/shown.ts';
import { recordOnce } from './record.ts';

export const MAX_EVENT_SUBJECTS = 10_000;
const MAX_EVENT_BYTES = 4 << 20;
const PATH = '/v1/events';

/** Parsed by core/access. */
export const ENVELOPE = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>;
export const SUBJECT = z.strictObject({ class: z.number().int(), id: z.string().max(128) });

const EVENT = z.strictObject({
  request: ENVELOPE,
  outcome: z.strictObject({
    result: z.enum(RESULTS),
    code: z.string().max(64).nullable(),
    fields: z.array(z.strictObject({ class: z.string().max(64), name: z.string().max(64) })).max(256),
    chunk: z.strictObject({ number: z.number().int().min(0), isLast: z.boolean() }),
  }),
  subjects: z.array(SUBJECT).max(MAX_EVENT_SUBJECTS),
  seal: SHOWN_ENTRY.nullable(),
});
type EventRequest = z.infer<typeof EVENT>;

export function eventRoutes(custody: Custody, tokens: Tokens): Route[] {
  const handle = (request: Request, response: Response): Promise<void> => handleEvent(custody, request, response);
  return [{ method: 'POST', path: PATH, guards: [requireRole(tokens, 'gateway')], handle }];
}

async function handleEvent(custody: Custody, request: Request, response: Response): Promise<void> {
  const key = parseIdempotencyKey(request);
  const body = await readJson(request, EVENT, MAX_EVENT_BYTES);
  const answer = await recordOnce<PreparedEvent>(custody, {
    key,
    route: PATH,
    body: body,
    prepare: () => prepare(custody, body),
    describe: async (recorded, prepared) => {
      const kept = prepared === null ? await readKept(recorded, (leafHash) => custody.bodies.open(leafHash)) : keptOf(prepared);
      return describeEvent(custody.promises, recorded, kept);
    },
  });
  sendBytes(response, answer, 'application/json', 201);
}

async function prepare(custody: Custody, body: EventRequest): Promise<PreparedEvent & { readonly act: Act }> {
  const { judge, sealed, clock } = custody;
  const { result, code, fields, chunk } = body.outcome;
  const request = await judged(custody, body.request, result);
  const seal = body.seal === null ? null : sealed.verify(body.seal, request.digest, judge.requireFresh(), clock());
  const outcome = { result, code, fields, chunk, subjects: canonicalSubjects(body.subjects), seal: seal?.leafHash ?? null };
  return prepareRecording(custody, request, outcome, seal);
}

/** Judged, and what it rests on anchored, so that nobody later doubts that it held. Throws as `RequestJudge.judge`, UNAVAILABLE. */
export async function judged(custody: Custody, value: JsonValue, result: EventOutcome['result']): Promise<JudgedRequest> {
  const request = custody.judge.judge(value, result);
  // What breaks glass must not wait for a chain.
  if (!request.breaksGlass && result === 'granted') await custody.reach(request.groundedAt);
  return request;
}

export async function prepareRecording(
  { index, sealed, notices, eventTerms }: Custody,
  request: JudgedRequest,
  outcome: EventOutcome,
  seal: ShownEntry | null = null,
): Promise<PreparedEvent & { readonly act: Act }> {
  const event = await prepareEvent(eventTerms, request, outcome);
  const chunk = outcome.chunk.number;
  const claims = [index.claim(request, chunk), ...(seal === null ? [] : [sealed.claim(seal.leafHash)])];
  const act: Act = {
    drafts: event.drafts,
    claims,
    also: (write, recorded) => {
      index.put(write, request, { chunk, isSealed: seal !== null }, recorded);
      if (seal !== null) sealed.put(write, seal, recorded);
      else notices?.put(write, event.bodies, recorded);
    },
  };
  return { ...event, act };
}
