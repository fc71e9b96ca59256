/**
 * What a custodian answers an auditor (docs/formats.md §30), JSON of at most 32 MiB:
 *
 *     history   {"event":EVENT,"answer":answer of §27,"promised":{…}}
 *     entries   {"event":EVENT,"checkpoint":note,"entries":[ROW],"isAll":bool}
 *     unmask    {"event":EVENT,"opened":[{"leafHash","nonce":64 hex,"body":bytes}]}
 *
 *     EVENT     {"outcome":envelope?,"entries":[{"kind","leafHash","index":N|null,"recordedAt","promise":PROMISE}]}      the look-up's own record
 *     PROMISE   {"logId","slot","leafHash","issuedAt","deadline","keyId","signature":128 hex}
 *     ROW       {"leafHash","index":N|null,"entry":74 bytes|null,"inclusion":[64 hex]|null,"requestDigest","recordedAt",
 *                "state":"opened"|"refused"|"erased"|"lost"|null,"request":envelope|null,"outcome":envelope|null,"pseudonym":text|null}
 *
 * Rows show what accessor and custodian signed, and the persons under names that the custodian gives them in this case. What `promised` says of
 * entries beyond the checkpoint is not read here. That rows by accessor or time are all there are, no proof shows: only the accessor's own
 * record does (reconciliation.ts), or a person's history.
 */
import { type AccessAnswer, type EntryContent, formatAccessAnswer, parseAccessAnswer } from '../access/answer.ts';
import { MAX_ACCESS_BODY_BYTES } from '../access/body.ts';
import { parseSignedOutcome, type SignedOutcome } from '../access/outcome.ts';
import { parseSignedRequest, type SignedRequest } from '../access/request.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { encodeBase64, encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { ENTRY_LENGTH, NONCE_LENGTH } from '../log/entry.ts';
import { formatNote, type Note, parseNote } from '../log/note.ts';
import type { EntryPromise } from '../log/promise.ts';
import { parseSignature, type Signature } from '../sm/sm2.ts';
import type { CaseQuery } from './query.ts';

export interface SignedPromise extends EntryPromise {
  readonly keyId: Hash;
  readonly signature: Signature;
}

export interface LookUpRecord {
  /** Null where the custodian does not show it: then that its record is of this look-up is its word. */
  readonly outcome: SignedOutcome | null;
  readonly promises: readonly SignedPromise[];
}

export interface EntryRow {
  readonly leafHash: Hash;
  /** Null while it is only promised. */
  readonly placed: { readonly index: number; readonly entry: Uint8Array; readonly inclusion: readonly Hash[] } | null;
  readonly state: EntryContent['state'] | null;
  readonly papers: { readonly request: SignedRequest; readonly outcome: SignedOutcome } | null;
  /** The custodian's name for the person in this case; null: about nobody, or not shown. */
  readonly pseudonym: string | null;
}

export interface OpenedRow {
  readonly leafHash: Hash;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

export type Answered =
  | { readonly kind: 'person'; readonly history: AccessAnswer }
  | { readonly kind: 'entries'; readonly checkpoint: Note; readonly rows: readonly EntryRow[]; readonly isAll: boolean }
  | { readonly kind: 'unmask'; readonly opened: readonly OpenedRow[] };

export interface CaseAnswer {
  readonly event: LookUpRecord;
  readonly answered: Answered;
}

export const MAX_CASE_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_NOTE = 16 * 1024;
const MAX_ROWS = 65_536;
const MAX_INCLUSION = 53;

export function formatPromise(promise: SignedPromise): JsonObject {
  const { logId, slot, leafHash, issuedAt, deadlineAt, keyId, signature } = promise;
  return {
    logId: encodeHex(logId),
    slot: encodeHex(slot),
    leafHash: encodeHex(leafHash),
    issuedAt,
    deadline: deadlineAt,
    keyId: encodeHex(keyId),
    signature: encodeHex(signature),
  };
}

export function readPromise(fields: JsonFields): SignedPromise {
  return {
    logId: fields.hash('logId'),
    slot: fields.hash('slot'),
    leafHash: fields.hash('leafHash'),
    issuedAt: fields.integer('issuedAt'),
    deadlineAt: fields.integer('deadline'),
    keyId: fields.hash('keyId'),
    signature: parseSignature(fields.hex('signature', 64)),
  };
}

/** As it is kept and packed: the promises alone, without what repeats them. */
export function formatLookUpRecord({ outcome, promises }: LookUpRecord): JsonObject {
  const shown = outcome === null ? {} : { outcome: formatEnvelope(outcome.envelope) };
  return { ...shown, entries: promises.map((promise) => ({ promise: formatPromise(promise) })) };
}

/** Throws MALFORMED. */
export function parseLookUpRecord(value: JsonValue, place = 'event'): LookUpRecord {
  return readFields(value, place, (fields) => {
    // Of a whole receipt: what the auditor's own record would be made of.
    for (const name of ['requestDigest', 'copy']) if (fields.has(name)) fields.value(name);
    return {
      outcome: fields.has('outcome') ? parseSignedOutcome(fields.value('outcome')) : null,
      promises: fields.array('entries', MAX_ROWS, (item, at) => readFields(item, at, readRecorded)),
    };
  });
}

function readRecorded(fields: JsonFields): SignedPromise {
  for (const name of ['kind', 'leafHash', 'index', 'recordedAt']) if (fields.has(name)) fields.value(name);
  return readFields(fields.value('promise'), 'promise', readPromise);
}

export function formatCaseAnswer({ event, answered }: CaseAnswer): JsonObject {
  return { event: formatLookUpRecord(event), ...formatAnswered(answered) };
}

function formatAnswered(answered: Answered): JsonObject {
  switch (answered.kind) {
    case 'person':
      return { answer: formatAccessAnswer(answered.history) };
    case 'entries':
      return { checkpoint: formatNote(answered.checkpoint), entries: answered.rows.map(formatRow), isAll: answered.isAll };
    case 'unmask':
      return { opened: answered.opened.map(formatOpened) };
  }
}

function formatRow({ leafHash, placed, state, papers, pseudonym }: EntryRow): JsonObject {
  return {
    leafHash: encodeHex(leafHash),
    index: placed && placed.index,
    entry: placed && encodeBase64(placed.entry),
    inclusion: placed && placed.inclusion.map(encodeHex),
    state,
    request: papers && formatEnvelope(papers.request.envelope),
    outcome: papers && formatEnvelope(papers.outcome.envelope),
    pseudonym,
  };
}

function formatOpened({ leafHash, nonce, body }: OpenedRow): JsonObject {
  return { leafHash: encodeHex(leafHash), nonce: encodeHex(nonce), body: encodeBase64(body) };
}

/** Throws MALFORMED, also for the answer to another kind of question. */
export function parseCaseAnswer(value: JsonValue, kind: CaseQuery['kind']): CaseAnswer {
  return readFields(value, 'answer', (fields) => ({
    event: parseLookUpRecord(fields.value('event')),
    answered: readAnswered(fields, kind),
  }));
}

function readAnswered(fields: JsonFields, kind: CaseQuery['kind']): Answered {
  switch (kind) {
    case 'person':
      if (fields.has('promised')) fields.value('promised');
      return { kind, history: parseAccessAnswer(fields.value('answer')) };
    case 'entries':
      return {
        kind,
        checkpoint: parseNote(fields.string('checkpoint', MAX_NOTE)),
        rows: fields.array('entries', MAX_ROWS, (item, at) => readFields(item, at, readRow)),
        isAll: fields.boolean('isAll'),
      };
    case 'unmask':
      return { kind, opened: fields.array('opened', MAX_ROWS, (item, at) => readFields(item, at, readOpened)) };
  }
}

function readRow(fields: JsonFields): EntryRow {
  for (const name of ['requestDigest', 'recordedAt']) if (fields.has(name)) fields.value(name);
  const index = fields.nullable('index', () => fields.integer('index'));
  const entry = fields.nullable('entry', () => fields.base64('entry', ENTRY_LENGTH));
  const inclusion = fields.nullable('inclusion', () => fields.array('inclusion', MAX_INCLUSION, readHash));
  const request = fields.nullable('request', () => parseSignedRequest(fields.value('request')));
  const outcome = fields.nullable('outcome', () => parseSignedOutcome(fields.value('outcome')));
  return {
    leafHash: fields.hash('leafHash'),
    placed: index === null || entry === null || inclusion === null ? null : { index, entry, inclusion },
    state: fields.nullable('state', () => fields.oneOf('state', ['opened', 'refused', 'erased', 'lost'])),
    papers: request === null || outcome === null ? null : { request, outcome },
    pseudonym: fields.nullable('pseudonym', () => readPseudonym(fields)),
  };
}

/** The custodian's to choose: letters and digits, so that it names nobody by itself. */
function readPseudonym(fields: JsonFields): string {
  const pseudonym = fields.string('pseudonym', 64);
  if (!/^[0-9a-f]{16,64}$/.test(pseudonym)) throw malformed('answer: not a pseudonym');
  return pseudonym;
}

function readOpened(fields: JsonFields): OpenedRow {
  return {
    leafHash: fields.hash('leafHash'),
    nonce: fields.hex('nonce', NONCE_LENGTH),
    body: fields.base64('body', MAX_ACCESS_BODY_BYTES),
  };
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}
