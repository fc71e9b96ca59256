/** What a custodian can say of an access that is not so: one lie each, told about one person. */
import { randomBytes } from 'node:crypto';
import { asHash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import { encodeRequest, requestDigestOf } from '../../core/access/request.ts';
import { logIdOf, type Origin, originParts, parseOrigin } from '../../core/log/origin.ts';
import { privateKeyFromRandom } from '../../core/sm/sm2.ts';
import type { EventTerms } from '../../node/access/event.ts';
import { sampleNumber } from '../../samples/data-service.ts';
import type { LyingCustodian, ReadEvent } from './custodian.ts';

export const LIES = [
  'honest',
  'silence',
  'no-receipt',
  'promise-only',
  'other-number',
  'no-number',
  'other-subject',
  'second-handle',
  'skipped-slot',
  'unlisted-log',
  'second-log',
  'other-fields',
  'other-request',
  'fewer-fields',
  'late',
  'false-seal',
  'left-out',
  'old-checkpoint',
  'erased',
] as const;
export type Lie = (typeof LIES)[number];

/** Under whose number somebody else's access is recorded. */
export const BYSTANDER = normaliseNumber(NUMBER_CLASSES.resident, sampleNumber(800));
const OTHER_SUBJECT = normaliseNumber(NUMBER_CLASSES.resident, sampleNumber(801));
const NOBODY = normaliseNumber(NUMBER_CLASSES.passport, 'ZZZ.0');
const unlistedKey = privateKeyFromRandom(randomBytes(40));

/** The second log, which is registered, and whose node answers nobody. */
export const secondLogOf = (origin: Origin): Origin => inPlaceOf(origin, 'night');
const inPlaceOf = (origin: Origin, name: string): Origin => {
  const { consortium, uscc } = originParts(origin);
  return parseOrigin(`${consortium}/${uscc}/${name}`);
};

export const SHOWN = { erased: { state: 'erased' } } as const;

/** Answers the receipt. */
type Play = (custodian: LyingCustodian, event: ReadEvent) => Promise<JsonObject>;

/** Recorded as it is promised; what is recorded may be of another person's, or anybody's, history. */
const recorded =
  (change: (custodian: LyingCustodian) => Partial<EventTerms> = () => ({}), skip = 0): Play =>
  async (custodian, event) => {
    const prepared = await custodian.prepare(event, change(custodian));
    const rows = custodian.rowsOf(prepared, { skip });
    custodian.record(rows);
    return custodian.receipt(prepared, rows);
  };

/** Promised, in the name of a log that may be another, and never recorded. */
const promised =
  (originOf: (custodian: LyingCustodian) => Origin): Play =>
  async (custodian, event) => {
    const origin = originOf(custodian);
    const prepared = await custodian.prepare(event, { origin });
    return custodian.receipt(prepared, custodian.rowsOf(prepared), { logId: logIdOf(origin) });
  };

/** One thing is promised, another recorded in its place. */
const swapped =
  (other: (event: ReadEvent) => ReadEvent): Play =>
  async (custodian, event) => {
    const [told, kept] = [await custodian.prepare(event), await custodian.prepare(other(event))];
    const rows = custodian.rowsOf(told);
    custodian.record(custodian.rowsOf(kept));
    return custodian.receipt(told, rows);
  };

const withWhat = (event: ReadEvent, what: Partial<ReadEvent['what']>): ReadEvent => ({
  ...event,
  what: { ...event.what, ...what },
});

/** The accessor's signature, under what it did not sign. */
function forged({ request: judged, what }: ReadEvent): ReadEvent {
  const request = { ...judged.request, operator: { ...judged.request.operator, id: 'S-0099' } };
  const payload = encodeRequest(request);
  return { request: { ...judged, request, digest: requestDigestOf(payload), envelope: { ...judged.envelope, payload } }, what };
}

const honest = recorded();

export const PLAYS: Readonly<Record<Lie, Play>> = {
  honest,
  // These never come to the node.
  silence: honest,
  'no-receipt': honest,
  'promise-only': promised(({ origin }) => origin),
  'other-number': recorded((custodian) => ({ handlesOf: async () => [custodian.handleOf(BYSTANDER)] })),
  'no-number': recorded((custodian) => ({ handlesOf: async () => [custodian.handleOf(NOBODY)] })),
  'other-subject': (custodian, event) => honest(custodian, withWhat(event, { subjects: [OTHER_SUBJECT] })),
  'second-handle': recorded((custodian) => ({
    handlesOf: async (numbers) => numbers.map((number) => custodian.handleOf(number, unlistedKey)),
  })),
  'skipped-slot': recorded(() => ({}), 1),
  'unlisted-log': promised(({ origin }) => inPlaceOf(origin, 'unlisted')),
  'second-log': promised(({ origin }) => secondLogOf(origin)),
  'other-fields': swapped((event) => withWhat(event, { fields: event.what.fields.slice(0, 1) })),
  'other-request': swapped(forged),
  'fewer-fields': (custodian, event) => honest(custodian, withWhat(event, { fields: event.what.fields.slice(0, 1) })),
  late: async (custodian, event) => {
    const prepared = await custodian.prepare(event);
    const rows = custodian.rowsOf(prepared, { recordedAt: custodian.now() + 4_000 });
    custodian.record(rows);
    return custodian.receipt(prepared, rows, { promiseMs: 12_000 });
  },
  'false-seal': (custodian, event) => honest(custodian, withWhat(event, { seal: asHash(new Uint8Array(randomBytes(32))) })),
  // Recorded as it was; the lie is in the answers.
  'left-out': honest,
  'old-checkpoint': honest,
  erased: honest,
};
