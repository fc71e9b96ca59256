/**
 * What auditors ask (role desk). Each question brings a request signed by the auditor's authority, and is recorded as an access event before
 * it is answered:
 *
 *     POST /v1/case/history   {"request","subject":{"class","id"},"at"?}     action trace; stands in that person's history
 *     POST /v1/case/entries   {"request","filter":{"from","to",…},"at"?}     action trace; persons under pseudonyms
 *     POST /v1/case/unmask    {"request","approval","leafHashes":[…]}        actions unmask, approve; stands in the history of each
 *
 * `at`: {"size","issuedAt"} of the checkpoint that is answered at; without it, the newest that is anchored.
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { conflict } from '../../core/bytes/error.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { formatAccessAnswer } from '../../core/access/answer.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { formatNote } from '../../core/log/note.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendBytes } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import type { Act } from '../access/acts.ts';
import { requireApproval, requireCase } from '../access/case.ts';
import type { Custody } from '../access/custody.ts';
import { canonicalSubjects, type EventOutcome } from '../access/event.ts';
import type { JudgedRequest } from '../access/judge.ts';
import { describeEntries } from '../access/receipt.ts';
import { ENVELOPE, judged, prepareRecording, SUBJECT } from './events.ts';
import { AT, HASH } from './person-routes.ts';
import { recordOnce } from './record.ts';

const HISTORY = z.strictObject({ request: ENVELOPE, subject: SUBJECT, at: AT.optional() });
const MAX_SKIPPED = 1_000_000;
const TIME = z.number().int().min(0);
const FILTER = z.strictObject({
  from: TIME,
  to: TIME,
  accessor: z.string().max(18).optional(),
  operator: z.string().max(64).optional(),
  purpose: z.string().max(64).optional(),
  request: HASH.optional(),
  skip: z.number().int().min(1).max(MAX_SKIPPED).optional(),
});
const ENTRIES = z.strictObject({ request: ENVELOPE, filter: FILTER, at: AT.optional() });
const UNMASK = z.strictObject({ request: ENVELOPE, approval: ENVELOPE, leafHashes: z.array(HASH).min(1).max(100) });
const MAX_BYTES = 128 << 10;

/** What an auditor is given: who looked at whom, and when. */
const FIELDS = [{ class: 'audit', name: 'access-records' }];

function grantedTo(subjects: readonly CanonicalNumber[]): EventOutcome {
  return { result: 'granted', code: null, fields: FIELDS, chunk: { number: 0, isLast: true }, subjects, seal: null };
}

export function deskRoutes(custody: Custody, tokens: Tokens): Route[] {
  const asDesk = [requireRole(tokens, 'desk')];
  const route = (path: string, handle: (request: Request, response: Response) => Promise<void>): Route => ({
    method: 'POST',
    path,
    guards: asDesk,
    handle,
  });
  return [
    route('/v1/case/history', async (request, response) => {
      const { at, ...body } = await readJson(request, HISTORY, MAX_BYTES);
      const subjects = canonicalSubjects([body.subject]);
      const ask = async (): Promise<JsonObject> => ({
        answer: formatAccessAnswer(await custody.histories.answer(subjects[0]!, at ?? null)),
        promised: await custody.histories.beyond(subjects[0]!, at ?? null),
      });
      const prepare = async (): Promise<Act> => {
        const asked = await judged(custody, body.request, 'granted');
        requireCase(asked, 'trace');
        return (await prepareRecording(custody, asked, grantedTo(subjects))).act;
      };
      await look(custody, request, response, { body, prepare, ask });
    }),
    route('/v1/case/entries', async (request, response) => {
      const { at, ...asked } = await readJson(request, ENTRIES, MAX_BYTES);
      const body = { ...asked, filter: withoutGaps(asked.filter) };
      const prepare = async (): Promise<Act> => {
        const search = await judged(custody, body.request, 'granted');
        requireCase(search, 'trace');
        return (await prepareRecording(custody, search, grantedTo([]))).act;
      };
      const ask = async (): Promise<JsonObject> => {
        const note = custody.histories.noteAt(at ?? null);
        const search = custody.judge.judge(body.request, 'granted');
        return { checkpoint: formatNote(note), ...(await custody.cases.entries(search, body.filter, note.checkpoint)) };
      };
      await look(custody, request, response, { body, prepare, ask });
    }),
    route('/v1/case/unmask', async (request, response) => {
      const body = await readJson(request, UNMASK, MAX_BYTES);
      const leafHashes = body.leafHashes.map(hashFromHex);
      const prepare = async (): Promise<Act> => {
        const [asked, approval] = [
          await judged(custody, body.request, 'granted'),
          await judged(custody, body.approval, 'granted'),
        ];
        requireCase(asked, 'unmask');
        requireApproval(asked, approval);
        requireFirstTrace(custody, asked);
        const { persons } = await custody.cases.unmask(leafHashes);
        const first = await prepareRecording(custody, asked, grantedTo(canonicalSubjects(persons)));
        return both(first.act, (await prepareRecording(custody, approval, grantedTo([]))).act);
      };
      const ask = async (): Promise<JsonObject> => ({ opened: (await custody.cases.unmask(leafHashes)).opened });
      await look(custody, request, response, { body, prepare, ask });
    }),
  ];
}

/** Its parent is the search that led to it. Throws CONFLICT. */
function requireFirstTrace({ index }: Custody, { request }: JudgedRequest): void {
  if (request.parent === null || !index.isRecorded(request.parent))
    throw conflict('the request names no recorded search as its parent');
}

/** One after the other in one recording; each keeps what it writes beside its own entries. */
function both(first: Act, second: Act): Act {
  const count = first.drafts.length;
  return {
    drafts: [...first.drafts, ...second.drafts],
    claims: [...first.claims, ...second.claims],
    also: (write, recorded) => {
      first.also?.(write, { ...recorded, entries: recorded.entries.slice(0, count) });
      second.also?.(write, { ...recorded, entries: recorded.entries.slice(count) });
    },
  };
}

/** Only what is asked for. */
function withoutGaps({ from, to, accessor, operator, purpose, request, skip }: z.infer<typeof FILTER>) {
  return {
    from,
    to,
    ...(accessor !== undefined && { accessor }),
    ...(operator !== undefined && { operator }),
    ...(purpose !== undefined && { purpose }),
    ...(request !== undefined && { request }),
    ...(skip !== undefined && { skip }),
  };
}

interface Look {
  readonly body: JsonObject;
  readonly prepare: () => Promise<Act>;
  readonly ask: () => Promise<JsonObject>;
}

/** Recorded first; what is found is no part of what is kept of the question. */
async function look(custody: Custody, request: Request, response: Response, { body, prepare, ask }: Look): Promise<void> {
  const recorded = await recordOnce(custody, {
    key: parseIdempotencyKey(request),
    route: request.path,
    body,
    prepare: async () => ({ act: await prepare() }),
    describe: async (done) => ({ entries: await describeEntries(custody.promises, done) }),
  });
  const event = parseJson(recorded, { maxBytes: recorded.length });
  sendBytes(response, encodeUtf8(JSON.stringify({ event, ...(await ask()) })), 'application/json');
}
