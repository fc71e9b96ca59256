/**
 * What a custodian answers an auditor (docs/formats.md §29): that the look-up itself stands on record, and what was asked for. JSON of at most 32 MiB:
 *
 *     {"format":"veritrail-case-answer-v1","record":{"outcome":envelope,"promises":[PROMISE]},
 *      "history":answer of §27|null,"entries":{"checkpoint":note,"items":[ITEM of §27],"next":index|null}|null}
 *
 *     PROMISE   {"logId","slot","leafHash","issuedAt","deadline","keyId","signature":128 hex}
 *
 * A history can be complete, and says so by its proofs. That entries by accessor or time are all there are, no proof shows: only the
 * accessor's own record does (reconciliation.ts). Everything here holds other people's data.
 */
import { type AccessAnswer, type AnsweredItem, formatAccessAnswer, formatAnsweredItem } from '../access/answer.ts';
import { parseAccessAnswer, readAnsweredItem } from '../access/answer.ts';
import { parseSignedOutcome, type SignedOutcome } from '../access/outcome.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { encodeHex } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { formatNote, type Note, parseNote } from '../log/note.ts';
import type { EntryPromise } from '../log/promise.ts';
import { parseSignature, type Signature } from '../sm/sm2.ts';

export interface SignedPromise extends EntryPromise {
  readonly keyId: Hash;
  readonly signature: Signature;
}

/** The look-up's own event. */
export interface LookUpRecord {
  readonly outcome: SignedOutcome;
  readonly promises: readonly SignedPromise[];
}

export interface EntriesPage {
  readonly checkpoint: Note;
  readonly items: readonly AnsweredItem[];
  /** To be asked with as `after`; null when this is the last page. */
  readonly next: number | null;
}

export interface CaseAnswer {
  readonly record: LookUpRecord;
  readonly history: AccessAnswer | null;
  readonly entries: EntriesPage | null;
}

const FORMAT = 'veritrail-case-answer-v1';
export const MAX_CASE_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_NOTE = 16 * 1024;
const MAX_ITEMS = 65_536;
/** A look-up may be about as many persons as it showed. */
const MAX_PROMISES = 65_536;

export function formatLookUpRecord({ outcome, promises }: LookUpRecord): JsonObject {
  return {
    outcome: formatEnvelope(outcome.envelope),
    promises: promises.map(formatPromise),
  };
}

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

/** Throws MALFORMED. */
export function parseLookUpRecord(value: JsonValue, place = 'record'): LookUpRecord {
  return readFields(value, place, (fields) => ({
    outcome: parseSignedOutcome(fields.value('outcome')),
    promises: fields.array('promises', MAX_PROMISES, (item, at) => readFields(item, at, readPromise)),
  }));
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

export function formatCaseAnswer({ record, history, entries }: CaseAnswer): JsonObject {
  return {
    format: FORMAT,
    record: formatLookUpRecord(record),
    history: history && formatAccessAnswer(history),
    entries: entries && {
      checkpoint: formatNote(entries.checkpoint),
      items: entries.items.map(formatAnsweredItem),
      next: entries.next,
    },
  };
}

/** Throws MALFORMED. */
export function parseCaseAnswer(value: JsonValue): CaseAnswer {
  return readFields(value, 'answer', (fields) => {
    fields.oneOf('format', [FORMAT]);
    return {
      record: parseLookUpRecord(fields.value('record')),
      history: fields.nullable('history', () => parseAccessAnswer(fields.value('history'))),
      entries: fields.nullable('entries', () => readFields(fields.value('entries'), 'entries', readPage)),
    };
  });
}

function readPage(fields: JsonFields): EntriesPage {
  return {
    checkpoint: parseNote(fields.string('checkpoint', MAX_NOTE)),
    items: fields.array('items', MAX_ITEMS, (item, at) => readFields(item, at, readAnsweredItem)),
    next: fields.nullable('next', () => fields.integer('next')),
  };
}
