/**
 * A request: what an accessor signs before it reads other people's data (docs/formats.md §23). Canonical JSON:
 *
 *     {"format":"veritrail-request-v1","accessor","action","agreement":text|null,"breakGlass":text|null,"case":text|null,"cause","custodian",
 *      "grade","legalBasis","matter","method","nonce":64 hex,"operator":{"id","publicKey":130 hex|null,"role"},"parent":64 hex|null,
 *      "purpose","queryDigest":64 hex,"requestedAt","system","terminal"}
 *
 * It travels in an envelope that signs ⟨rq⟩ ‖ H(payload) and is named by its request digest H(payload). Every person whose data are
 * read will see it. So it names the operator as the accessor does, by a staff number and a post: no name, no resident number; who that
 * is, the accessor must be able to say. And it holds no word of the query, which may name others, but a salted digest.
 */
import { type Envelope, envelopeSignedBytes, parseEnvelope } from '../authority/envelope.ts';
import { keyIdOf } from '../authority/key-id.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { invariant, malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { label } from '../bytes/label.ts';
import { readPlainText, readToken } from '../bytes/plain-text.ts';
import { parsePublicKey, PUBLIC_KEY_LENGTH, type PublicKey } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';
import { NUMBER_CLASSES, parseNumber } from './number.ts';

/**
 * How much stands behind the operator's name: her own key signed as well; the accessor's system had her signed in; a system that
 * only says so; or nothing but a line of an old audit record that the custodian imports, which the accessor never signed.
 */
export const GRADES = ['personal-key', 'session-attested', 'asserted', 'imported'] as const;
export type Grade = (typeof GRADES)[number];

export interface Operator {
  /** The accessor's own number for the person: ASCII, so that records can be joined by it. */
  readonly id: string;
  /** Of grade personal-key, and of no other: the key that signed beside the accessor's. */
  readonly publicKey: PublicKey | null;
  /** Post, in words. */
  readonly role: string;
}

export interface AccessRequest {
  readonly accessor: Uscc;
  /** The kind of event, a token: read, search, verify, export … */
  readonly action: string;
  /** The agreement or approval under which the data are provided. */
  readonly agreement: string | null;
  /** Why the rules had to be broken; null: they were not. */
  readonly breakGlass: string | null;
  /** The accessor's case number. */
  readonly case: string | null;
  /** Why, in words. */
  readonly cause: string;
  readonly custodian: Uscc;
  readonly grade: Grade;
  readonly legalBasis: string;
  /** The matter in hand, as listed: code, name or both. */
  readonly matter: string;
  /** What the accessor will do with the data, a token: view, keep, compare, forward … */
  readonly method: string;
  readonly nonce: Hash;
  readonly operator: Operator;
  /** Digest of the request that led to this one. */
  readonly parent: Hash | null;
  /** A token that one of the accessor's duties in the registry names. */
  readonly purpose: string;
  readonly queryDigest: Hash;
  /** The accessor's clock, UTC ms. Of grade imported: when the event happened, as the record says. */
  readonly requestedAt: number;
  readonly system: string;
  readonly terminal: string;
}

export interface SignedRequest {
  readonly envelope: Envelope;
  readonly request: AccessRequest;
}

const FORMAT = 'veritrail-request-v1';
export const MAX_REQUEST_BYTES = 16 * 1024;

const hexOrNull = (bytes: Uint8Array | null): string | null => bytes && encodeHex(bytes);

export function encodeRequest(request: AccessRequest): Uint8Array {
  const { operator } = request;
  return encodeCanonicalJson({
    ...request,
    format: FORMAT,
    nonce: encodeHex(request.nonce),
    operator: { id: operator.id, publicKey: hexOrNull(operator.publicKey), role: operator.role },
    parent: hexOrNull(request.parent),
    queryDigest: encodeHex(request.queryDigest),
  });
}

/** Throws MALFORMED. */
export function parseRequest(bytes: Uint8Array): AccessRequest {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_REQUEST_BYTES, maxDepth: 3 }), 'request');
  fields.oneOf('format', [FORMAT]);
  const text = (name: string, maxLength: number): string => readPlainText(fields, name, maxLength);
  const textOrNull = (name: string, maxLength: number): string | null => fields.nullable(name, () => text(name, maxLength));
  const request = {
    accessor: parseUscc(fields.string('accessor', 18)),
    action: readToken(fields, 'action'),
    agreement: textOrNull('agreement', 128),
    breakGlass: textOrNull('breakGlass', 500),
    case: textOrNull('case', 128),
    cause: text('cause', 200),
    custodian: parseUscc(fields.string('custodian', 18)),
    grade: fields.oneOf('grade', GRADES),
    legalBasis: text('legalBasis', 500),
    matter: text('matter', 200),
    method: readToken(fields, 'method'),
    nonce: fields.hash('nonce'),
    operator: readOperator(fields.object('operator')),
    parent: fields.nullable('parent', () => fields.hash('parent')),
    purpose: readToken(fields, 'purpose'),
    queryDigest: fields.hash('queryDigest'),
    requestedAt: fields.integer('requestedAt'),
    system: text('system', 128),
    terminal: text('terminal', 128),
  };
  fields.end();
  if ((request.grade === 'personal-key') !== (request.operator.publicKey !== null))
    throw malformed('request: a key of the operator goes with the grade personal-key');
  return request;
}

function readOperator(fields: JsonFields): Operator {
  const operator = {
    id: fields.string('id', 64),
    publicKey: fields.nullable('publicKey', () => parsePublicKey(fields.hex('publicKey', PUBLIC_KEY_LENGTH))),
    role: readPlainText(fields, 'role', 64),
  };
  fields.end();
  if (!/^[0-9A-Za-z._@:/-]{1,64}$/.test(operator.id)) throw malformed('request: not a staff number');
  if (isResidentNumber(operator.id)) throw malformed('request: a staff number that is a resident number');
  return operator;
}

function isResidentNumber(text: string): boolean {
  try {
    return parseNumber(NUMBER_CLASSES.resident, text.toUpperCase()).id !== '';
  } catch {
    return false;
  }
}

/** How requests are named: in outcomes, seals, children, and where accessor and custodian compare their records. */
export function requestDigestOf(payload: Uint8Array): Hash {
  return sm3(payload);
}

export function requestSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('rq', payload);
}

/**
 * H(⟨qd⟩ ‖ salt 32 ‖ query): accessor and custodian keep salt and query, nobody else gets either. Without the salt, whoever is named in
 * one query with others could find their numbers by trying.
 */
export function queryDigestOf(salt: Uint8Array, query: Uint8Array): Hash {
  invariant(salt.length === 32, 'a query is salted with 32 bytes');
  return sm3(label('qd'), salt, query);
}

/**
 * The accessor's signature first (of grade imported the custodian's), then the operator's where there is one. No signature is verified
 * here. Throws MALFORMED.
 */
export function parseSignedRequest(value: JsonValue, place = 'request'): SignedRequest {
  const envelope = parseEnvelope(value, place, MAX_REQUEST_BYTES);
  const request = parseRequest(envelope.payload);
  const { publicKey } = request.operator;
  if (envelope.signatures.length !== (publicKey === null ? 1 : 2)) throw malformed(`${place}: not the signatures of its grade`);
  if (publicKey !== null && !equalBytes(envelope.signatures[1]!.keyId, keyIdOf(publicKey)))
    throw malformed(`${place}: the second signature is not the operator’s`);
  return { envelope, request };
}

/** Who must have signed first: the accessor, or, for what it imports, the custodian. */
export function signatoryOf({ grade, accessor, custodian }: AccessRequest): Uscc {
  return grade === 'imported' ? custodian : accessor;
}
