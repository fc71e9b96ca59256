/**
 * What stands in a person's history beside the accesses (docs/formats.md §28), as bodies like theirs: her objection to one of them, the
 * custodian's reply, and the erasure of what was kept. Canonical JSON:
 *
 *   kind 18   {"dueAt","entry":64 hex,"saidAt","text"}                        an objection 异议
 *   kind 19   {"decision","objection":64 hex,"repliedAt","text"}              the reply to it
 *   kind 20   {"entries":[64 hex],"erasedAt","legalBasis"}                    an erasure 删除
 *
 * `entry` and `entries` are leaf hashes of the history's own entries, `objection` that of the 18. They are the custodian's word, signed
 * with the checkpoint that holds them: that the person objected, and when, she can show by the promise she was given.
 */
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { readPlainText } from '../bytes/plain-text.ts';

export interface Objection {
  /** The access objected to. */
  readonly entry: Hash;
  readonly text: string;
  readonly saidAt: number;
  /** When the reply is due, UTC ms: fixed when the objection was taken. */
  readonly dueAt: number;
}

/** 予以更正, 不予支持, 移送有权机关. */
export const DECISIONS = ['upheld', 'rejected', 'referred'] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Reply {
  readonly objection: Hash;
  readonly decision: Decision;
  readonly text: string;
  readonly repliedAt: number;
}

export interface Erasure {
  /** Bodies whose keys were destroyed; at least one, each once, in ascending order. */
  readonly entries: readonly Hash[];
  readonly legalBasis: string;
  readonly erasedAt: number;
}

/** Of an objection or a reply, UTF-16 units. */
export const MAX_REDRESS_TEXT = 2_000;
const MAX_LEGAL_BASIS = 500;
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 128 * 1024;

function fieldsOf(bytes: Uint8Array, place: string): JsonFields {
  return new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_BYTES, maxDepth: 2 }), place);
}

export function encodeObjection({ entry, ...said }: Objection): Uint8Array {
  return encodeCanonicalJson({ ...said, entry: encodeHex(entry) });
}

/** Throws MALFORMED, also for a reply that is due before the objection was made. */
export function parseObjection(bytes: Uint8Array): Objection {
  const fields = fieldsOf(bytes, 'objection');
  const objection = {
    entry: fields.hash('entry'),
    text: readPlainText(fields, 'text', MAX_REDRESS_TEXT),
    saidAt: fields.integer('saidAt'),
    dueAt: fields.integer('dueAt'),
  };
  fields.end();
  if (objection.dueAt < objection.saidAt) throw malformed('objection: due before it was made');
  return objection;
}

export function encodeReply({ objection, ...said }: Reply): Uint8Array {
  return encodeCanonicalJson({ ...said, objection: encodeHex(objection) });
}

/** Throws MALFORMED. */
export function parseReply(bytes: Uint8Array): Reply {
  const fields = fieldsOf(bytes, 'reply');
  const reply = {
    objection: fields.hash('objection'),
    decision: fields.oneOf('decision', DECISIONS),
    text: readPlainText(fields, 'text', MAX_REDRESS_TEXT),
    repliedAt: fields.integer('repliedAt'),
  };
  fields.end();
  return reply;
}

export function encodeErasure({ entries, ...said }: Erasure): Uint8Array {
  return encodeCanonicalJson({ ...said, entries: entries.map(encodeHex).toSorted() });
}

/** Throws MALFORMED, also for no entry, one twice, or another order. */
export function parseErasure(bytes: Uint8Array): Erasure {
  const fields = fieldsOf(bytes, 'erasure');
  const erasure = {
    entries: fields.array('entries', MAX_ENTRIES, readHash),
    legalBasis: readPlainText(fields, 'legalBasis', MAX_LEGAL_BASIS),
    erasedAt: fields.integer('erasedAt'),
  };
  fields.end();
  const hexes = erasure.entries.map(encodeHex);
  if (hexes.length === 0 || hexes.some((hex, i) => i > 0 && hex <= hexes[i - 1]!)) {
    throw malformed('erasure: no entry, one twice, or not in ascending order');
  }
  return erasure;
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}
