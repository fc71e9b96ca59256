/**
 * An access event as a node takes it (`POST /v1/events`), and the receipt that it answers: what the accessor may keep of its own access.
 *
 *   question  {"request":ENVELOPE,"outcome":{"result","code","fields":[{"class","name"}],"chunk":{"isLast","number"}},
 *              "subjects":[{"class","id"}],"seal":{"entry","nonce","body","promise"}|null}
 *   receipt   {"outcome":ENVELOPE,"requestDigest",
 *              "entries":[{"kind","leafHash","index":N|null,"recordedAt","promise":{"logId","slot","leafHash","issuedAt","deadline","keyId","signature"}}],
 *              "copy":{"subjects":[{"class","id","salt","index","leafHash","nonce"}],"nobody":{"leafHash","nonce"}|null}}
 *
 * `index` of an entry is null until the quantum is over. `nobody` is the one entry of an event without subjects. Nothing is verified here.
 */
import { type Envelope, formatEnvelope } from '../core/authority/envelope.ts';
import { encodeHex } from '../core/bytes/bytes.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { JsonObject, JsonValue } from '../core/bytes/json.ts';
import { type JsonFields, readFields } from '../core/bytes/json-fields.ts';
import { type CanonicalNumber, parseNumber } from '../core/access/number.ts';
import type { AccessResult, Chunk, DisclosedField } from '../core/access/outcome.ts';
import { parseSignedOutcome, type SignedOutcome } from '../core/access/outcome.ts';
import { SUBJECT_SALT_LENGTH } from '../core/access/subject.ts';
import { NONCE_LENGTH } from '../core/log/entry.ts';
import type { EntryPromise } from '../core/log/promise.ts';
import { parseSignature, type Signature } from '../core/sm/sm2.ts';

/** What a node takes in one event. */
export const MAX_EVENT_SUBJECTS = 10_000;
export const MAX_RECEIPT_BYTES = 32 << 20;

export interface AccessEvent {
  readonly request: Envelope;
  readonly result: AccessResult;
  readonly code: string | null;
  readonly fields: readonly DisclosedField[];
  readonly chunk: Chunk;
  /** None twice. */
  readonly subjects: readonly CanonicalNumber[];
  /** The kind 32 for this request, with what opens it and its promise, as the accessor showed it. */
  readonly seal: JsonObject | null;
}

export interface SignedPromise extends EntryPromise {
  readonly keyId: Hash;
  readonly signature: Signature;
}

export interface ReceiptEntry {
  readonly kind: number;
  readonly leafHash: Hash;
  readonly recordedAt: number;
  readonly promise: SignedPromise;
}

export interface CopiedSubject {
  readonly number: CanonicalNumber;
  readonly salt: Uint8Array;
  readonly index: number;
  readonly leafHash: Hash;
  readonly nonce: Uint8Array;
}

export interface Receipt {
  readonly outcome: SignedOutcome;
  readonly requestDigest: Hash;
  readonly entries: readonly ReceiptEntry[];
  readonly subjects: readonly CopiedSubject[];
  readonly nobody: { readonly leafHash: Hash; readonly nonce: Uint8Array } | null;
}

export function formatEvent({ request, result, code, fields, chunk, subjects, seal }: AccessEvent): JsonObject {
  return {
    request: formatEnvelope(request),
    outcome: {
      result,
      code,
      fields: fields.map((field) => ({ class: field.class, name: field.name })),
      chunk: { isLast: chunk.isLast, number: chunk.number },
    },
    subjects: subjects.map((number) => ({ class: number.class, id: number.id })),
    seal,
  };
}

/** Throws MALFORMED. */
export function parseReceipt(value: JsonValue): Receipt {
  return readFields(value, 'receipt', (fields) => {
    const copy = fields.object('copy');
    const receipt = {
      outcome: parseSignedOutcome(fields.value('outcome')),
      requestDigest: fields.hash('requestDigest'),
      entries: fields.array('entries', MAX_EVENT_SUBJECTS, (item, at) => readFields(item, at, readEntry)),
      subjects: copy.array('subjects', MAX_EVENT_SUBJECTS, (item, at) => readFields(item, at, readSubject)),
      nobody: copy.nullable('nobody', () => readNobody(copy.object('nobody'))),
    };
    copy.end();
    return receipt;
  });
}

function readEntry(fields: JsonFields): ReceiptEntry {
  const entry = {
    kind: fields.integer('kind'),
    leafHash: fields.hash('leafHash'),
    recordedAt: fields.integer('recordedAt'),
    promise: readPromise(fields.object('promise')),
  };
  fields.nullable('index', () => fields.integer('index'));
  return entry;
}

/** As nodes write promises. Throws MALFORMED. */
export function readPromise(fields: JsonFields): SignedPromise {
  const promise = {
    logId: fields.hash('logId'),
    slot: fields.hash('slot'),
    leafHash: fields.hash('leafHash'),
    issuedAt: fields.integer('issuedAt'),
    deadlineAt: fields.integer('deadline'),
    keyId: fields.hash('keyId'),
    signature: parseSignature(fields.hex('signature', 64)),
  };
  fields.end();
  return promise;
}

export function formatPromise({ logId, slot, leafHash, issuedAt, deadlineAt, keyId, signature }: SignedPromise): JsonObject {
  const [log, place, leaf, key, signed] = [logId, slot, leafHash, keyId, signature].map(encodeHex);
  return { logId: log!, slot: place!, leafHash: leaf!, issuedAt, deadline: deadlineAt, keyId: key!, signature: signed! };
}

function readSubject(fields: JsonFields): CopiedSubject {
  return {
    number: parseNumber(fields.integer('class'), fields.string('id', 128)),
    salt: fields.hex('salt', SUBJECT_SALT_LENGTH),
    index: fields.integer('index'),
    leafHash: fields.hash('leafHash'),
    nonce: fields.hex('nonce', NONCE_LENGTH),
  };
}

function readNobody(fields: JsonFields): NonNullable<Receipt['nobody']> {
  const nobody = { leafHash: fields.hash('leafHash'), nonce: fields.hex('nonce', NONCE_LENGTH) };
  fields.end();
  return nobody;
}
