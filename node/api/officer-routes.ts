/**
 * What the custodian's own officer does with single entries (role officer):
 *
 *     POST /v1/answers             {"objection","decision","text"}            kind 19
 *     POST /v1/erasures            {"entries","legalBasis","orderedBy"}       kind 20; keys and nonces of the contents are destroyed
 *     POST /v1/holds               {"leafHash","reason"}                      not to be erased; null lifts it
 *     POST /v1/withholdings        {"leafHash","legalBasis"}                  not shown, under this law; null shows it again
 *     POST /v1/objections/open     {}                                         what is to be answered, by when, and what is overdue
 *     POST /v1/releases            {"seal","renewals","release"}              what was under seal goes into the persons' histories
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { notFound } from '../../core/bytes/error.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import { DECISIONS } from '../../core/redress/redress.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendBytes, sendJson } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import type { Act } from '../access/acts.ts';
import type { Custody } from '../access/custody.ts';
import { ORDER_ISSUERS } from '../access/floor.ts';
import { describeEntries } from '../access/receipt.ts';
import type { Recorded } from '../quantum/acceptance.ts';
import { SHOWN_ENTRY } from '../seals/shown.ts';
import { HASH } from './person-routes.ts';
import { recordOnce } from './record.ts';

const text = (maxLength: number) => z.string().refine((value) => isPlainText(value, maxLength));
const ANSWER = z.strictObject({ objection: HASH, decision: z.enum(DECISIONS), text: text(2_000) });
const ERASURE = z.strictObject({
  entries: z
    .array(HASH)
    .min(1)
    .max(1_000)
    .refine((entries) => new Set(entries).size === entries.length),
  legalBasis: text(500),
  orderedBy: z.enum(ORDER_ISSUERS).nullable(),
});
const HOLD = z.strictObject({ leafHash: HASH, reason: text(500).nullable() });
const WITHHOLDING = z.strictObject({ leafHash: HASH, legalBasis: text(500).nullable() });
const RELEASE = z.strictObject({ seal: HASH, renewals: z.array(z.string().max(128)).max(1000), release: SHOWN_ENTRY });
const NOTHING = z.strictObject({});
const MAX_BYTES = 256 << 10;

type Handler = (request: Request, response: Response) => Promise<void>;

export function officerRoutes(custody: Custody, tokens: Tokens): Route[] {
  const asOfficer = [requireRole(tokens, 'officer')];
  const route = (path: string, handle: Handler): Route => ({ method: 'POST', path, guards: asOfficer, handle });
  return [
    route('/v1/answers', async (request, response) => {
      const body = await readJson(request, ANSWER, MAX_BYTES);
      const reply = { ...body, objection: hashFromHex(body.objection) };
      await record(custody, request, response, { route: '/v1/answers', body, prepare: () => custody.acts.reply(reply) });
    }),
    route('/v1/erasures', (request, response) => erase(custody, request, response)),
    route('/v1/holds', async (request, response) => {
      const { leafHash, reason } = await readJson(request, HOLD, MAX_BYTES);
      await requireKnown(custody, leafHash);
      await custody.ledger.hold(hashFromHex(leafHash), reason);
      sendJson(response, { leafHash, isHeld: reason !== null });
    }),
    route('/v1/withholdings', async (request, response) => {
      const { leafHash, legalBasis } = await readJson(request, WITHHOLDING, MAX_BYTES);
      await requireKnown(custody, leafHash);
      await custody.ledger.withhold(hashFromHex(leafHash), legalBasis);
      sendJson(response, { leafHash, isWithheld: legalBasis !== null });
    }),
    route('/v1/objections/open', async (request, response) => {
      await readJson(request, NOTHING, MAX_BYTES);
      sendJson(response, await openObjections(custody));
    }),
    route('/v1/releases', async (request, response) => {
      const body = await readJson(request, RELEASE, MAX_BYTES);
      const shown = { ...body, seal: hashFromHex(body.seal) };
      const { judge, clock, sealed } = custody;
      const prepare = (): Promise<Act> => sealed.release(shown, judge.requireFresh(), clock());
      await record(custody, request, response, { route: '/v1/releases', body: body, prepare });
    }),
  ];
}

interface Recordable {
  readonly route: string;
  readonly body: JsonObject;
  readonly prepare: () => Promise<Act>;
  /** Once it is recorded, also when it is sent again. */
  readonly after?: (recorded: Recorded) => Promise<void>;
}

async function record(custody: Custody, request: Request, response: Response, what: Recordable): Promise<void> {
  const answer = await recordOnce(custody, {
    key: parseIdempotencyKey(request),
    route: what.route,
    body: what.body,
    prepare: async () => ({ act: await what.prepare() }),
    describe: async (recorded) => {
      await what.after?.(recorded);
      return { entries: await describeEntries(custody.promises, recorded) };
    },
  });
  sendBytes(response, answer, 'application/json', 201);
}

async function erase(custody: Custody, request: Request, response: Response): Promise<void> {
  const body = await readJson(request, ERASURE, MAX_BYTES);
  const entries = body.entries.map(hashFromHex);
  const { acts, bodies, ledger } = custody;
  await record(custody, request, response, {
    route: '/v1/erasures',
    body,
    prepare: () => acts.erase(entries, { legalBasis: body.legalBasis, orderedBy: body.orderedBy }),
    // The ledger has it now: a start would do the same.
    after: () => bodies.erase(entries.map((entry) => ledger.erasedPlace(entry)!)),
  });
}

async function requireKnown({ bodies }: Custody, leafHash: string): Promise<void> {
  if (!(await bodies.has(hashFromHex(leafHash)))) throw notFound('this log knows no such entry');
}

async function openObjections({ ledger, clock }: Custody): Promise<JsonObject> {
  const now = clock();
  const open = await ledger.openObjections();
  const rows = open.map(({ leafHash, entry, saidAt, dueAt }) => ({
    leafHash: encodeHex(leafHash),
    entry: encodeHex(entry),
    saidAt,
    dueAt,
    isOverdue: now > dueAt,
  }));
  return { objections: rows };
}
