/**
 * What may be said in a person's history beside accesses: her objection (kind 18), the custodian's answer to it (19), and that an entry's
 * content was erased (20). Canonical JSON, at most 16 KiB:
 *
 *     18   {"entry":64 hex,"text"}                                                     the leaf hash of the entry that she objects to
 *     19   {"objection":64 hex,"outcome":"upheld|partly-upheld|rejected","text"}       the leaf hash of the 18
 *     20   {"entry":64 hex,"legalBasis"}                                               the leaf hash of the entry
 *
 * An objection is to be answered within thirty days (GB/T 35273-2020, 8.7). The deadline is fixed here, so that nobody can set a later one.
 */
import { encodeHex } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { readPlainText } from '../bytes/plain-text.ts';

export const ANSWER_WITHIN_MS = 30 * 86_400_000;

export interface ObjectionBody {
  readonly entry: Hash;
  readonly text: string;
}

export const ANSWER_OUTCOMES = ['upheld', 'partly-upheld', 'rejected'] as const;
export type AnswerOutcome = (typeof ANSWER_OUTCOMES)[number];

export interface AnswerBody {
  readonly objection: Hash;
  readonly outcome: AnswerOutcome;
  readonly text: string;
}

export interface ErasureBody {
  readonly entry: Hash;
  readonly legalBasis: string;
}

const MAX_BYTES = 16 * 1024;
/** UTF-16 units. */
export const MAX_ACT_TEXT = 2000;

function fieldsOf(bytes: Uint8Array, place: string): JsonFields {
  return new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_BYTES, maxDepth: 1 }), place);
}

export function encodeObjection({ entry, text }: ObjectionBody): Uint8Array {
  return encodeCanonicalJson({ entry: encodeHex(entry), text });
}

/** Throws MALFORMED. */
export function parseObjection(bytes: Uint8Array): ObjectionBody {
  const fields = fieldsOf(bytes, 'objection');
  const body = { entry: fields.hash('entry'), text: readPlainText(fields, 'text', MAX_ACT_TEXT) };
  fields.end();
  return body;
}

export function encodeAnswer({ objection, outcome, text }: AnswerBody): Uint8Array {
  return encodeCanonicalJson({ objection: encodeHex(objection), outcome, text });
}

/** Throws MALFORMED. */
export function parseAnswer(bytes: Uint8Array): AnswerBody {
  const fields = fieldsOf(bytes, 'answer');
  const body = {
    objection: fields.hash('objection'),
    outcome: fields.oneOf('outcome', ANSWER_OUTCOMES),
    text: readPlainText(fields, 'text', MAX_ACT_TEXT),
  };
  fields.end();
  return body;
}

export function encodeErasure({ entry, legalBasis }: ErasureBody): Uint8Array {
  return encodeCanonicalJson({ entry: encodeHex(entry), legalBasis });
}

/** Throws MALFORMED. */
export function parseErasure(bytes: Uint8Array): ErasureBody {
  const fields = fieldsOf(bytes, 'erasure');
  const body = { entry: fields.hash('entry'), legalBasis: readPlainText(fields, 'legalBasis', 500) };
  fields.end();
  return body;
}
