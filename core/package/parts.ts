/**
 * The parts of a package, each canonical JSON (docs/formats.md §31):
 *
 *     case.json                      the case's envelope
 *     lookups.json                   {"lookups":[{"approval":envelope|null,"event":EVENT|null,"origin","query":{…,"salt"}|null,"request":envelope,
 *                                    "shown":{"checkpoint":digest,"doubt":REASON|null,"unproven":N}|null}]}
 *     logs.json                      {"logs":[LOG of §16]}                      one for each checkpoint that entries stand on, or a look-up without doubt
 *     entries/<leaf hash>.json       {"checkpoint":digest,"content":CONTENT,"entry","inclusion","index","origin","subject":pseudonym|null}
 *     records/<digest>-<chunk>.json  {"outcome":envelope|null,"request":envelope}      an accessor's papers, where they are compared
 *     result.json                    {"complete","named":[{"class","id","pseudonym"}],"ranking":{…}|null,"reconciliation":{…}|null,"sample":[…],"shown"}
 *
 *     CONTENT   {"state":"opened","body","nonce"} of who is named · {"state":"masked","outcome":envelope,"request":envelope} of all others
 *               {"state":"refused"} {"state":"erased"} {"state":"lost"} {"state":"withheld"}
 *
 * Of a look-up by number, what was asked is shown only where the person is named. Handles and their proofs are nowhere in it: that a history
 * was complete, the auditor says, and signs. `shown` says what an answer was worth: with a doubt nothing may be concluded from it, neither what it
 * showed nor what it lacked; null where nothing was answered, and of what only names persons.
 */
import { MAX_ACCESS_BODY_BYTES } from '../access/body.ts';
import { ACCESS_REASONS, type AccessReason } from '../access/finding.ts';
import { parseSignedOutcome, type SignedOutcome } from '../access/outcome.ts';
import { parseSignedRequest, type SignedRequest } from '../access/request.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { encodeBase64, encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { checkpointDigest } from '../log/checkpoint.ts';
import { ENTRY_LENGTH, NONCE_LENGTH } from '../log/entry.ts';
import { parseNote } from '../log/note.ts';
import { formatLookUpRecord, type LookUpRecord, parseLookUpRecord } from '../trace/case-answer.ts';
import { formatLogAnswer, parseLogAnswer } from '../trace/case-file.ts';
import { type CaseQuery, formatQuery, parseQuery } from '../trace/query.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import { ZIP_CAPS } from './zip.ts';

export interface PackedLookUp {
  readonly origin: string;
  readonly request: SignedRequest;
  readonly approval: SignedRequest | null;
  /** Null: no answer was had. */
  readonly event: LookUpRecord | null;
  readonly query: { readonly salt: Uint8Array; readonly asked: CaseQuery } | null;
  readonly shown: ShownStanding | null;
}

export interface ShownStanding {
  /** Digest of the checkpoint that the custodian answered at. */
  readonly checkpoint: Hash;
  /** Null: a verifier's word is in the package, and leaves none. */
  readonly doubt: AccessReason | null;
  /** Entries that were shown and stand in no log yet, or without a proof that holds: they are not in the package. */
  readonly unproven: number;
}

export type PackedContent =
  | { readonly state: 'opened'; readonly nonce: Uint8Array; readonly body: Uint8Array }
  | { readonly state: 'masked'; readonly request: SignedRequest; readonly outcome: SignedOutcome }
  | { readonly state: 'refused' | 'erased' | 'lost' | 'withheld' };

export interface PackedEntry {
  readonly origin: string;
  /** Digest of the checkpoint that its proof leads to. */
  readonly checkpoint: Hash;
  readonly index: number;
  readonly entry: Uint8Array;
  readonly inclusion: readonly Hash[];
  readonly content: PackedContent;
  readonly subject: string | null;
}

export interface PackedRecord {
  readonly request: SignedRequest;
  readonly outcome: SignedOutcome | null;
}

/** What the package says of its look-ups: no fault of it, and nothing may be concluded from those that it counts here but for `asked`. */
export interface LookUpCounts {
  readonly asked: number;
  readonly unanswered: number;
  /** The answer's checkpoint, or the history itself, is in doubt. */
  readonly unconfirmed: number;
  /** Entries shown without a proof. */
  readonly unproven: number;
}

interface CountedLookUp {
  readonly event: LookUpRecord | null;
  readonly shown: Pick<ShownStanding, 'doubt' | 'unproven'> | null;
}

export function countLookUps(lookUps: readonly CountedLookUp[]): LookUpCounts {
  return {
    asked: lookUps.length,
    unanswered: lookUps.filter(({ event }) => event === null).length,
    unconfirmed: lookUps.filter(({ shown }) => (shown?.doubt ?? null) !== null).length,
    unproven: lookUps.reduce((sum, { shown }) => sum + (shown?.unproven ?? 0), 0),
  };
}

const MAX_LOOKUPS = 100_000;
const MAX_LOGS = 4096;
const MAX_INCLUSION = 53;

export const entryPartName = (leafHash: string): string => `entries/${leafHash}.json`;
export const recordPartName = (digest: string, chunk: number | null): string => `records/${digest}-${chunk ?? 'none'}.json`;

/** What entries name the checkpoint by. */
export function digestIn({ checkpoint }: Pick<LogAnswer, 'checkpoint'>): Hash {
  return checkpointDigest(parseNote(checkpoint).checkpoint);
}

function parsePart<Part>(content: Uint8Array, place: string, read: (fields: JsonFields) => Part): Part {
  return readFields(parseCanonicalJson(content, { maxBytes: ZIP_CAPS.partBytes }), place, read);
}

export function encodeLookUps(lookups: readonly PackedLookUp[]): Uint8Array {
  return encodeCanonicalJson({ lookups: lookups.map(formatLookUp) });
}

function formatLookUp({ origin, request, approval, event, query, shown }: PackedLookUp): JsonObject {
  return {
    origin,
    request: formatEnvelope(request.envelope),
    approval: approval && formatEnvelope(approval.envelope),
    event: event && formatLookUpRecord(event),
    query: query && { salt: encodeHex(query.salt), ...formatQuery(query.asked) },
    shown: shown && { checkpoint: encodeHex(shown.checkpoint), doubt: shown.doubt, unproven: shown.unproven },
  };
}

/** Throws MALFORMED. */
export function parseLookUps(content: Uint8Array): PackedLookUp[] {
  return parsePart(content, 'lookups', (f) => f.array('lookups', MAX_LOOKUPS, (item, at) => readFields(item, at, readLookUp)));
}

function readLookUp(fields: JsonFields): PackedLookUp {
  return {
    origin: fields.string('origin', 128),
    request: parseSignedRequest(fields.value('request')),
    approval: fields.nullable('approval', () => parseSignedRequest(fields.value('approval'))),
    event: fields.nullable('event', () => parseLookUpRecord(fields.value('event'))),
    query: fields.nullable('query', () => readQuery(fields.value('query'))),
    shown: fields.nullable('shown', () => readFields(fields.value('shown'), 'shown', readShown)),
  };
}

function readShown(fields: JsonFields): ShownStanding {
  return {
    checkpoint: fields.hash('checkpoint'),
    doubt: fields.nullable('doubt', () => fields.oneOf('doubt', ACCESS_REASONS)),
    unproven: fields.integer('unproven'),
  };
}

function readQuery(value: JsonValue): PackedLookUp['query'] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed('query is not an object');
  const { salt, ...asked } = value as JsonObject;
  return { salt: readFields({ salt: salt ?? null }, 'query', (f) => f.hex('salt', 32)), asked: parseQuery(asked) };
}

export function encodeLogs(logs: readonly LogAnswer[]): Uint8Array {
  return encodeCanonicalJson({ logs: logs.map(formatLogAnswer) });
}

/** Throws MALFORMED. */
export function parseLogs(content: Uint8Array): LogAnswer[] {
  return parsePart(content, 'logs', (f) => f.array('logs', MAX_LOGS, parseLogAnswer));
}

export function encodeEntryPart(packed: PackedEntry): Uint8Array {
  return encodeCanonicalJson({
    origin: packed.origin,
    checkpoint: encodeHex(packed.checkpoint),
    index: packed.index,
    entry: encodeBase64(packed.entry),
    inclusion: packed.inclusion.map(encodeHex),
    content: formatContent(packed.content),
    subject: packed.subject,
  });
}

function formatContent(content: PackedContent): JsonObject {
  switch (content.state) {
    case 'opened':
      return { state: content.state, nonce: encodeHex(content.nonce), body: encodeBase64(content.body) };
    case 'masked': {
      const { state, request, outcome } = content;
      return { state, request: formatEnvelope(request.envelope), outcome: formatEnvelope(outcome.envelope) };
    }
    default:
      return { state: content.state };
  }
}

/** Throws MALFORMED. */
export function parseEntryPart(content: Uint8Array): PackedEntry {
  return parsePart(content, 'entry', (fields) => ({
    origin: fields.string('origin', 128),
    checkpoint: fields.hash('checkpoint'),
    index: fields.integer('index'),
    entry: fields.base64('entry', ENTRY_LENGTH),
    inclusion: fields.array('inclusion', MAX_INCLUSION, readHash),
    content: readFields(fields.value('content'), 'content', readContent),
    subject: fields.nullable('subject', () => readSubject(fields)),
  }));
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}

function readContent(f: JsonFields): PackedContent {
  const state = f.oneOf('state', ['opened', 'masked', 'refused', 'erased', 'lost', 'withheld']);
  if (state === 'opened') return { state, nonce: f.hex('nonce', NONCE_LENGTH), body: f.base64('body', MAX_ACCESS_BODY_BYTES) };
  if (state !== 'masked') return { state };
  return { state, request: parseSignedRequest(f.value('request')), outcome: parseSignedOutcome(f.value('outcome')) };
}

function readSubject(fields: JsonFields): string {
  const subject = fields.string('subject', 64);
  if (!/^[0-9a-f]{16,64}$/.test(subject)) throw malformed('entry: not a pseudonym');
  return subject;
}

export function encodeRecordPart({ request, outcome }: PackedRecord): Uint8Array {
  return encodeCanonicalJson({ request: formatEnvelope(request.envelope), outcome: outcome && formatEnvelope(outcome.envelope) });
}

/** Throws MALFORMED. */
export function parseRecordPart(content: Uint8Array): PackedRecord {
  return parsePart(content, 'record', (fields) => ({
    request: parseSignedRequest(fields.value('request')),
    outcome: fields.nullable('outcome', () => parseSignedOutcome(fields.value('outcome'))),
  }));
}
