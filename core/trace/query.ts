/**
 * What an auditor asks a custodian, and the signed request without which nobody answers (docs/formats.md §29).
 *
 *     {"request":envelope,"salt":64 hex,"subject":{"class","id"}}                                           a person's whole history
 *     {"request":envelope,"salt":64 hex,"filter":{"accessor","after","from","operator","purpose","request","to"}}    entries of one log
 *     {"request":envelope,"salt":64 hex,"unmasking":{"act":envelope,"leafHashes":[64 hex]}}                 what was approved by two
 *
 * Every look-up is an access like any other: the request names case and reason, carries the digest of this very query, and the custodian
 * records it before it answers. A filter's members may be null, but not all; `after` is the index up to which entries were shown already.
 */
import { type CanonicalNumber, parseNumber } from '../access/number.ts';
import { type AccessRequest, parseSignedRequest, queryDigestOf, type SignedRequest } from '../access/request.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue } from '../bytes/json.ts';
import { JsonFields, readFields } from '../bytes/json-fields.ts';
import { readToken } from '../bytes/plain-text.ts';
import type { Officer, TraceCase } from './case.ts';
import { formatUnmasking, parseSignedUnmasking, type SignedUnmasking } from './unmasking.ts';

export interface EntryFilter {
  readonly accessor: Uscc | null;
  /** Index of the last entry of the page before; null: from the start. */
  readonly after: number | null;
  /** Of the entries' own times, UTC ms; the first included, the last not. */
  readonly from: number | null;
  readonly to: number | null;
  /** A staff number of the accessor. */
  readonly operator: string | null;
  readonly purpose: string | null;
  /** Digest of one request. */
  readonly request: Hash | null;
}

export const NO_FILTER: EntryFilter = {
  accessor: null,
  after: null,
  from: null,
  to: null,
  operator: null,
  purpose: null,
  request: null,
};

export type CaseQuery =
  | { readonly kind: 'person'; readonly subject: CanonicalNumber }
  | { readonly kind: 'entries'; readonly filter: EntryFilter }
  | { readonly kind: 'unmasking'; readonly act: SignedUnmasking; readonly leafHashes: readonly Hash[] };

/** For the node that answers: where each kind is asked. */
export const CASE_ROUTES: Readonly<Record<CaseQuery['kind'], string>> = {
  person: '/v1/case/history',
  entries: '/v1/case/entries',
  unmasking: '/v1/case/unmaskings',
};

export interface CaseQuestion {
  readonly request: SignedRequest;
  readonly salt: Uint8Array;
  readonly query: CaseQuery;
}

const MAX_LEAF_HASHES = 65_536;
export const TRACE_PURPOSE = 'audit.trace';

/** One member, named for the kind. */
export function formatQuery(query: CaseQuery): JsonObject {
  switch (query.kind) {
    case 'person':
      return { subject: { class: query.subject.class, id: query.subject.id } };
    case 'entries':
      return { filter: { ...query.filter, request: query.filter.request && encodeHex(query.filter.request) } };
    case 'unmasking':
      return { unmasking: { act: formatUnmasking(query.act), leafHashes: query.leafHashes.map(encodeHex) } };
  }
}

function readQuery(fields: JsonFields): CaseQuery {
  if (fields.has('subject')) {
    const subject = readFields(fields.value('subject'), 'subject', (f) => parseNumber(f.integer('class'), f.string('id', 128)));
    return { kind: 'person', subject };
  }
  if (fields.has('unmasking')) return readUnmaskingQuery(fields.object('unmasking'));
  return { kind: 'entries', filter: readFields(fields.value('filter'), 'filter', readFilter) };
}

function readUnmaskingQuery(fields: JsonFields): CaseQuery {
  const act = parseSignedUnmasking(fields.value('act'));
  const leafHashes = fields.array('leafHashes', MAX_LEAF_HASHES, readHash);
  fields.end();
  return { kind: 'unmasking', act, leafHashes };
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}

function readFilter(fields: JsonFields): EntryFilter {
  const whole = (name: string): number | null => fields.nullable(name, () => fields.integer(name));
  const filter = {
    accessor: fields.nullable('accessor', () => parseUscc(fields.string('accessor', 18))),
    after: whole('after'),
    from: whole('from'),
    operator: fields.nullable('operator', () => fields.string('operator', 64)),
    purpose: fields.nullable('purpose', () => readToken(fields, 'purpose')),
    request: fields.nullable('request', () => fields.hash('request')),
    to: whole('to'),
  };
  checkFilter(filter);
  return filter;
}

/** Throws MALFORMED for a filter that would show a whole log, or names an operator of nobody. */
export function checkFilter({ accessor, from, operator, purpose, request, to }: EntryFilter): void {
  if (operator !== null && accessor === null) throw malformed('filter: an operator without the accessor');
  if ([accessor, from, purpose, request, to].every((one) => one === null)) throw malformed('filter: nothing is asked for');
}

/** Throws MALFORMED. */
export function parseQuery(value: JsonValue): CaseQuery {
  return readFields(value, 'query', readQuery);
}

/** The bytes that a request's query digest covers. */
export function queryBytes(query: CaseQuery): Uint8Array {
  return encodeCanonicalJson(formatQuery(query));
}

export function formatCaseQuestion({ request, salt, query }: CaseQuestion): JsonObject {
  return { request: formatEnvelope(request.envelope), salt: encodeHex(salt), ...formatQuery(query) };
}

/** For the node. Throws MALFORMED, and UNVERIFIED for a request that is for another query. Its signatures are the node's to judge. */
export function parseCaseQuestion(value: JsonValue): CaseQuestion {
  const question = readFields(value, 'question', (fields) => ({
    request: parseSignedRequest(fields.value('request')),
    salt: fields.hex('salt', 32),
    query: readQuery(fields),
  }));
  verifyQuery(question);
  return question;
}

/** That a request was made for this query. Throws UNVERIFIED. */
export function verifyQuery({ request, salt, query }: CaseQuestion): void {
  if (!equalBytes(queryDigestOf(salt, queryBytes(query)), request.request.queryDigest))
    throw unverified('the request is for another query');
}

export interface LookUpTerms {
  readonly case: TraceCase;
  readonly custodian: Uscc;
  readonly query: CaseQuery;
  readonly officer: Officer;
  /** Whether the officer's own key signs too. */
  readonly isSignedByOfficer: boolean;
  readonly parent: Hash | null;
  readonly system: string;
  readonly terminal: string;
  /** Random, 32 bytes each, both new. */
  readonly nonce: Hash;
  readonly salt: Uint8Array;
  /** UTC ms. */
  readonly now: number;
}

/** What is to be signed for a look-up. */
export function lookUpRequest(terms: LookUpTerms): AccessRequest {
  const { custodian, officer, isSignedByOfficer, query } = terms;
  const { authority, legalBasis, number, reason } = terms.case;
  return {
    accessor: authority,
    action: query.kind === 'unmasking' ? 'unmask' : 'trace',
    agreement: null,
    breakGlass: null,
    case: number,
    cause: reason,
    custodian,
    grade: isSignedByOfficer ? 'personal-key' : 'session-attested',
    legalBasis,
    matter: '审计追查',
    method: 'compare',
    nonce: terms.nonce,
    operator: { id: officer.id, publicKey: isSignedByOfficer ? officer.publicKey : null, role: officer.role },
    parent: terms.parent,
    purpose: TRACE_PURPOSE,
    queryDigest: queryDigestOf(terms.salt, queryBytes(query)),
    requestedAt: terms.now,
    system: terms.system,
    terminal: terms.terminal,
  };
}
