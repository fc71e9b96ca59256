/**
 * What an auditor asks a custodian, and the signed request without which nobody answers (docs/formats.md §30).
 *
 *     POST /v1/case/history   {"request":envelope,"subject":{"class","id"}}                                  a person's whole history
 *     POST /v1/case/entries   {"request":envelope,"filter":{"from","to","accessor"?,"operator"?,"purpose"?,"request"?,"skip"?}}
 *     POST /v1/case/unmask    {"request":envelope,"approval":envelope,"leafHashes":[64 hex]}                 what two officers agreed on
 *
 * and, of the first two, `"at":{"size","issuedAt"}`: the checkpoint to answer at.
 *
 * Every look-up is an access like any other: the request names case and reason, and the custodian records it before it answers. Its query
 * digest covers the canonical JSON of what is asked beside the envelopes and `at`, with a salt that stays in the case: so the case can show what each
 * request was for, and nobody else can try out numbers.
 */
import { type CanonicalNumber, parseNumber } from '../access/number.ts';
import { type AccessRequest, parseSignedRequest, queryDigestOf, requestDigestOf, type SignedRequest } from '../access/request.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeHex, encodeUtf8, equalBytes } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { readToken } from '../bytes/plain-text.ts';
import type { CheckpointName } from '../citizen/ask.ts';
import type { Officer, TraceCase } from './case.ts';

export interface EntryFilter {
  /** Of recording, UTC ms; the first included, the last not. */
  readonly from: number;
  readonly to: number;
  readonly accessor?: Uscc;
  /** A staff number of the accessor. */
  readonly operator?: string;
  readonly purpose?: string;
  /** Digest of one request. */
  readonly request?: Hash;
  /** So many of them, the newest, were shown before; at least 1. */
  readonly skip?: number;
}

export type CaseQuery =
  | { readonly kind: 'person'; readonly subject: CanonicalNumber }
  | { readonly kind: 'entries'; readonly filter: EntryFilter }
  | { readonly kind: 'unmask'; readonly leafHashes: readonly Hash[] };

const CASE_ROUTES: Readonly<Record<CaseQuery['kind'], string>> = {
  person: '/v1/case/history',
  entries: '/v1/case/entries',
  unmask: '/v1/case/unmask',
};

interface AskedQuestion {
  readonly request: SignedRequest;
  readonly query: CaseQuery;
  /** Of an unmasking: the second officer's (unmasking.ts), null until she approves. Null of anything else. */
  readonly approval: SignedRequest | null;
}

/** What goes to the node. */
export interface SentQuestion extends AskedQuestion {
  /** To be answered at that checkpoint; null: at the newest that is anchored. */
  readonly at: CheckpointName | null;
}

/** As a case keeps it: with the salt, which leads from the query to the digest in the request and leaves the case for nobody. */
export interface CaseQuestion extends AskedQuestion {
  readonly salt: Uint8Array;
}

/** A node takes no more at once. */
export const MAX_UNMASKED = 100;
export const TRACE_PURPOSE = 'audit.trace';
const TRACE_MATTER = '审计追查';

/** What is asked, without who asks. */
export function formatQuery(query: CaseQuery): JsonObject {
  switch (query.kind) {
    case 'person':
      return { subject: { class: query.subject.class, id: query.subject.id } };
    case 'entries': {
      const { request, ...filter } = query.filter;
      return { filter: { ...filter, ...(request !== undefined && { request: encodeHex(request) }) } };
    }
    case 'unmask':
      return { leafHashes: query.leafHashes.map(encodeHex) };
  }
}

function readQuery(fields: JsonFields): CaseQuery {
  if (fields.has('subject')) {
    const subject = readFields(fields.value('subject'), 'subject', (f) => parseNumber(f.integer('class'), f.string('id', 128)));
    return { kind: 'person', subject };
  }
  if (fields.has('leafHashes')) return { kind: 'unmask', leafHashes: fields.array('leafHashes', MAX_UNMASKED, readHash) };
  return { kind: 'entries', filter: readFields(fields.value('filter'), 'filter', readFilter) };
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}

function readFilter(f: JsonFields): EntryFilter {
  const filter = {
    from: f.integer('from'),
    to: f.integer('to'),
    ...(f.has('accessor') && { accessor: parseUscc(f.string('accessor', 18)) }),
    ...(f.has('operator') && { operator: f.string('operator', 64) }),
    ...(f.has('purpose') && { purpose: readToken(f, 'purpose') }),
    ...(f.has('request') && { request: f.hash('request') }),
    ...(f.has('skip') && { skip: f.integer('skip') }),
  };
  checkFilter(filter);
  return filter;
}

/** Throws MALFORMED for an operator of nobody, or a time that ends before it begins. */
export function checkFilter({ from, to, accessor, operator }: EntryFilter): void {
  if (operator !== undefined && accessor === undefined) throw malformed('filter: an operator without the accessor');
  if (from >= to) throw malformed('filter: the time ends before it begins');
}

/** Throws MALFORMED. */
export function parseQuery(value: JsonValue): CaseQuery {
  return readFields(value, 'query', readQuery);
}

/** The bytes that a request's query digest covers. */
export function queryBytes(query: CaseQuery): Uint8Array {
  return encodeCanonicalJson(formatQuery(query));
}

export function formatSentQuestion({ at, ...asked }: SentQuestion): JsonObject {
  return { ...formatAsked(asked), ...(at !== null && { at: { size: at.size, issuedAt: at.issuedAt } }) };
}

function formatAsked({ request, query, approval }: AskedQuestion): JsonObject {
  const approved = approval === null ? {} : { approval: formatEnvelope(approval.envelope) };
  return { request: formatEnvelope(request.envelope), ...approved, ...formatQuery(query) };
}

function readAsked(fields: JsonFields): AskedQuestion {
  return {
    request: parseSignedRequest(fields.value('request')),
    approval: fields.has('approval') ? parseSignedRequest(fields.value('approval')) : null,
    query: readQuery(fields),
  };
}

/** Throws MALFORMED. No signature is verified, and without the salt not whether the request is for this query. */
export function parseSentQuestion(value: JsonValue): SentQuestion {
  return readFields(value, 'question', (fields) => ({
    ...readAsked(fields),
    at: fields.has('at') ? readFields(fields.value('at'), 'at', readCheckpointName) : null,
  }));
}

function readCheckpointName(fields: JsonFields): CheckpointName {
  return { size: fields.integer('size'), issuedAt: fields.integer('issuedAt') };
}

export interface CaseCall {
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** How a node is asked, with the desk's token. The Idempotency-Key is the request's digest: sent again it is recorded once. */
export function caseCallOf(question: SentQuestion, token: string): CaseCall {
  return {
    path: CASE_ROUTES[question.query.kind],
    body: encodeUtf8(JSON.stringify(formatSentQuestion(question))),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': encodeHex(requestDigestOf(question.request.envelope.payload)),
    },
  };
}

/** As a case keeps it. */
export function formatKeptQuestion(question: CaseQuestion): JsonObject {
  return { ...formatAsked(question), salt: encodeHex(question.salt) };
}

/** Throws MALFORMED, and UNVERIFIED for a request that is for another query. Signatures are not verified here. */
export function parseKeptQuestion(value: JsonValue): CaseQuestion {
  const question = readFields(value, 'question', (fields) => ({ ...readAsked(fields), salt: fields.hex('salt', 32) }));
  verifyQuery(question);
  return question;
}

/** That a request was made for this query. Throws UNVERIFIED. */
export function verifyQuery({ request, salt, query }: Pick<CaseQuestion, 'request' | 'salt' | 'query'>): void {
  if (!equalBytes(queryDigestOf(salt, queryBytes(query)), request.request.queryDigest))
    throw unverified('the request is for another query');
}

interface RequestTerms {
  readonly case: TraceCase;
  readonly custodian: Uscc;
  readonly officer: Officer;
  /** Whether the officer's own key signs too. */
  readonly isSignedByOfficer: boolean;
  /** Digest of the look-up that led to this one. */
  readonly parent: Hash | null;
  readonly system: string;
  readonly terminal: string;
  /** Random, 32 bytes, new. */
  readonly nonce: Hash;
  /** UTC ms. */
  readonly now: number;
}

export interface LookUpTerms extends RequestTerms {
  readonly query: CaseQuery;
  /** As the nonce. */
  readonly salt: Uint8Array;
}

/** What is to be signed for a look-up. */
export function lookUpRequest(terms: LookUpTerms): AccessRequest {
  const { query, salt } = terms;
  const queryDigest = queryDigestOf(salt, queryBytes(query));
  return requestInCase({ ...terms, action: query.kind === 'unmask' ? 'unmask' : 'trace', queryDigest });
}

/** Whatever a desk asks in a case has this form: an authority signs no other for an officer. */
export function requestInCase(terms: RequestTerms & Pick<AccessRequest, 'action' | 'queryDigest'>): AccessRequest {
  const { custodian, officer, isSignedByOfficer } = terms;
  const { authority, legalBasis, number, reason } = terms.case;
  return {
    accessor: authority,
    action: terms.action,
    agreement: null,
    breakGlass: null,
    case: number,
    cause: reason,
    custodian,
    grade: isSignedByOfficer ? 'personal-key' : 'session-attested',
    legalBasis,
    matter: TRACE_MATTER,
    method: 'compare',
    nonce: terms.nonce,
    operator: { id: officer.id, publicKey: isSignedByOfficer ? officer.publicKey : null, role: officer.role },
    parent: terms.parent,
    purpose: TRACE_PURPOSE,
    queryDigest: terms.queryDigest,
    requestedAt: terms.now,
    system: terms.system,
    terminal: terms.terminal,
  };
}
