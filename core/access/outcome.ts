/**
 * An outcome: what a custodian signs about what came of a request, before anything leaves it (docs/formats.md §24). Canonical JSON:
 *
 *     {"format":"veritrail-outcome-v1","answeredAt","chunk":{"isLast","number"},"code":CODE|null,"custodian","fields":[{"class","name"}],
 *      "origin","request":64 hex,"result":"granted|refused|failed","seal":64 hex|null,"subjectCount","subjectsRoot":64 hex}
 *
 * It travels in an envelope that signs ⟨oc⟩ ‖ H(payload) with the custodian's request key. A streamed answer has one outcome for each
 * chunk. Refused and failed requests are logged like granted ones: who was asked about matters, whatever the answer.
 */
import { type Envelope, envelopeSignedBytes, parseEnvelope } from '../authority/envelope.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields, readFields } from '../bytes/json-fields.ts';
import { readPlainText, readToken } from '../bytes/plain-text.ts';
import { type Origin, parseOrigin } from '../log/origin.ts';
import { EMPTY_ROOT } from '../log/tree.ts';
import { MAX_SUBJECTS } from './subject.ts';

/** Granted: data, or the answer that there are none. Refused: by rule. Failed: it would have been granted, and nothing left. */
export const RESULTS = ['granted', 'refused', 'failed'] as const;
export type AccessResult = (typeof RESULTS)[number];

export interface DisclosedField {
  /** The kind of personal data, a token: identity, contact, health … */
  readonly class: string;
  /** As the custodian names it. */
  readonly name: string;
}

export interface Chunk {
  /** From 0. */
  readonly number: number;
  readonly isLast: boolean;
}

export interface AccessOutcome {
  /** The custodian's clock when it made this, just before the entries; UTC ms. */
  readonly answeredAt: number;
  readonly chunk: Chunk;
  /** Why not; null exactly when granted. */
  readonly code: string | null;
  readonly custodian: Uscc;
  /** What was disclosed of each subject: ascending by name, none twice; empty unless granted. */
  readonly fields: readonly DisclosedField[];
  /** The log that has the entries. */
  readonly origin: Origin;
  /** Request digest. */
  readonly request: Hash;
  readonly result: AccessResult;
  /** Leaf hash of the kind 32 under which this was sealed. */
  readonly seal: Hash | null;
  readonly subjectCount: number;
  readonly subjectsRoot: Hash;
}

export interface SignedOutcome {
  readonly envelope: Envelope;
  readonly outcome: AccessOutcome;
}

const FORMAT = 'veritrail-outcome-v1';
export const MAX_OUTCOME_BYTES = 64 * 1024;
const MAX_FIELDS = 256;
const MAX_CHUNKS = 2 ** 32;

export function encodeOutcome(outcome: AccessOutcome): Uint8Array {
  return encodeCanonicalJson({
    ...outcome,
    chunk: { isLast: outcome.chunk.isLast, number: outcome.chunk.number },
    fields: outcome.fields.map((field) => ({ class: field.class, name: field.name })),
    format: FORMAT,
    request: encodeHex(outcome.request),
    seal: outcome.seal && encodeHex(outcome.seal),
    subjectsRoot: encodeHex(outcome.subjectsRoot),
  });
}

/** Throws MALFORMED. */
export function parseOutcome(bytes: Uint8Array): AccessOutcome {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_OUTCOME_BYTES, maxDepth: 4 }), 'outcome');
  fields.oneOf('format', [FORMAT]);
  const outcome = {
    answeredAt: fields.integer('answeredAt'),
    chunk: readChunk(fields.object('chunk')),
    code: fields.nullable('code', readCode),
    custodian: parseUscc(fields.string('custodian', 18)),
    fields: fields.array('fields', MAX_FIELDS, readField),
    origin: parseOrigin(fields.string('origin', 128)),
    request: fields.hash('request'),
    result: fields.oneOf('result', RESULTS),
    seal: fields.nullable('seal', () => fields.hash('seal')),
    subjectCount: fields.integer('subjectCount'),
    subjectsRoot: fields.hash('subjectsRoot'),
  };
  fields.end();
  checkOutcome(outcome);
  return outcome;
}

function readChunk(fields: JsonFields): Chunk {
  const chunk = { number: fields.integer('number'), isLast: fields.boolean('isLast') };
  fields.end();
  if (chunk.number >= MAX_CHUNKS) throw malformed('outcome: a chunk beyond 2^32');
  return chunk;
}

function readCode(fields: JsonFields): string {
  const code = fields.string('code', 64);
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) throw malformed('outcome: not a code');
  return code;
}

function readField(value: JsonValue, place: string): DisclosedField {
  return readFields(value, place, (f) => ({ class: readToken(f, 'class'), name: readPlainText(f, 'name', 64) }));
}

function checkOutcome({ result, code, fields, chunk, subjectCount, subjectsRoot }: AccessOutcome): void {
  if ((code === null) !== (result === 'granted')) throw malformed('outcome: a code goes with what was not granted');
  if (result !== 'granted' && fields.length > 0) throw malformed('outcome: fields disclosed by what was not granted');
  if (result !== 'granted' && !chunk.isLast) throw malformed('outcome: something follows what was not granted');
  // In the order of UTF-16 units, as canonical JSON has its keys.
  if (fields.some(({ name }, i) => i > 0 && fields[i - 1]!.name >= name)) throw malformed('outcome: fields are not sorted');
  if (subjectCount > MAX_SUBJECTS) throw malformed('outcome: too many subjects');
  if ((subjectCount === 0) !== equalBytes(subjectsRoot, EMPTY_ROOT))
    throw malformed('outcome: an empty tree with subjects, or the reverse');
}

export function outcomeSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('oc', payload);
}

/** Throws MALFORMED, also unless there is exactly one signature; it is not verified here. */
export function parseSignedOutcome(value: JsonValue, place = 'outcome'): SignedOutcome {
  const envelope = parseEnvelope(value, place, MAX_OUTCOME_BYTES);
  if (envelope.signatures.length !== 1) throw malformed(`${place}: an outcome has one signature`);
  return { envelope, outcome: parseOutcome(envelope.payload) };
}
