/** What a lying custodian's node answers: to gateways, to persons and to auditors, on the paths of a real one. */
import type { IncomingMessage } from 'node:http';
import { malformed } from '../../core/bytes/error.ts';
import { type JsonObject, type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { formatAccessAnswer } from '../../core/access/answer.ts';
import { parseSignedRequest, requestDigestOf } from '../../core/access/request.ts';
import { formatCaseAnswer, parseLookUpRecord } from '../../core/trace/case-answer.ts';
import { canonicalSubjects, type EventOutcome } from '../../node/access/event.ts';
import type { PersonTokens } from '../../service/call/person-token.ts';
import { readBody } from '../../service/body.ts';
import { type HotRoute, sendJson } from '../../service/http.ts';
import type { LyingCustodian, ReadEvent } from './custodian.ts';
import { LIES, PLAYS } from './lies.ts';

const MAX_BYTES = 1 << 20;

interface EventJson {
  readonly request: JsonObject;
  readonly outcome: Omit<EventOutcome, 'subjects' | 'seal'>;
  readonly subjects: readonly { readonly class: number; readonly id: string }[];
}

/** A checkpoint to answer at, where one is asked for. */
interface Question {
  readonly at?: { readonly issuedAt: number };
}

interface LookUpJson extends Question {
  readonly request: JsonObject;
  readonly subject: { readonly class: number; readonly id: string };
  readonly filter: { readonly accessor: string };
}

export function custodianRoutes(custodian: LyingCustodian, tokens: PersonTokens): HotRoute[] {
  const post = (
    path: string,
    answer: (body: JsonValue, request: IncomingMessage) => Promise<JsonObject>,
    status = 200,
  ): HotRoute => ({
    method: 'POST',
    path,
    handle: async ({ request, response }) => {
      const body = parseJson(await readBody(request, { type: 'application/json', maxBytes: MAX_BYTES }));
      sendJson(response, await answer(body, request), status);
    },
  });
  return [
    ...custodian.routes(),
    post('/liar/next', async (body) => {
      const lie = LIES.find((one) => one === (body as JsonObject)['lie']);
      if (lie === undefined) throw malformed('no such lie');
      custodian.next = lie;
      return { lie };
    }),
    post('/v1/events', async (body) => custodian.read(eventOf(body as unknown as EventJson)), 201),
    post('/v1/history', async (body, request) =>
      formatAccessAnswer(custodian.answer(await tokens.verify(request), issuedAtOf(body))),
    ),
    post('/v1/promised', async () => ({ size: 0, entries: [] })),
    post('/v1/case/history', async (body) => {
      const { request, subject } = body as unknown as LookUpJson;
      const [number] = canonicalSubjects([subject]);
      const event = await lookUp(custodian, request, [subject]);
      return formatCaseAnswer({ event, answered: { kind: 'person', history: custodian.answer(number!, issuedAtOf(body)) } });
    }),
    post('/v1/case/entries', async (body) => {
      const { request, filter } = body as unknown as LookUpJson;
      const event = await lookUp(custodian, request, []);
      return formatCaseAnswer({
        event,
        answered: { kind: 'entries', isAll: true, ...custodian.entriesOf(filter.accessor, issuedAtOf(body)) },
      });
    }),
  ];
}

function issuedAtOf(body: JsonValue): number | null {
  return (body as unknown as Question).at?.issuedAt ?? null;
}

function eventOf({ request, outcome, subjects }: EventJson): ReadEvent {
  const signed = parseSignedRequest(request);
  const judged = { ...signed, digest: requestDigestOf(signed.envelope.payload), groundedAt: 0, breaksGlass: false };
  return { request: judged, what: { ...outcome, subjects: canonicalSubjects(subjects), seal: null } };
}

/** An auditor's look-up is recorded as it should be: what does not promise that, her desk would not take. */
async function lookUp(
  custodian: LyingCustodian,
  request: JsonObject,
  subjects: EventJson['subjects'],
): Promise<ReturnType<typeof parseLookUpRecord>> {
  const fields = [{ class: 'audit', name: 'access-records' }];
  const outcome = { result: 'granted', code: null, fields, chunk: { number: 0, isLast: true } } as const;
  return parseLookUpRecord(await PLAYS.honest(custodian, eventOf({ request, outcome, subjects })));
}
