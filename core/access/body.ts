/**
 * The body of an access (kind 16): request, outcome and this one subject's place in it (docs/formats.md §25). Canonical JSON:
 *
 *     {"outcome":envelope,"request":envelope,"subject":{"class","id","index","path":[64 hex],"salt":64 hex}|null}
 *
 * `subject` is null for an event that was about nobody. Personal data throughout: it is stored encrypted and shown to the subject, the
 * accessor and auditors. What it is worth, body-check.ts says.
 */
import { formatEnvelope } from '../authority/envelope.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { parseNumber } from './number.ts';
import { parseSignedOutcome, type SignedOutcome } from './outcome.ts';
import { parseSignedRequest, type SignedRequest } from './request.ts';
import { type ShownSubject, SUBJECT_SALT_LENGTH } from './subject.ts';

export interface AccessBody {
  readonly outcome: SignedOutcome;
  readonly request: SignedRequest;
  readonly subject: ShownSubject | null;
}

export const MAX_ACCESS_BODY_BYTES = 128 * 1024;
/** No tree of 2⁵³ leaves is deeper. */
const MAX_PATH = 53;

export function encodeAccessBody({ outcome, request, subject }: AccessBody): Uint8Array {
  return encodeCanonicalJson({
    outcome: formatEnvelope(outcome.envelope),
    request: formatEnvelope(request.envelope),
    subject: subject && formatSubject(subject),
  });
}

function formatSubject({ number, salt, index, path }: ShownSubject): JsonObject {
  return { class: number.class, id: number.id, index, path: path.map(encodeHex), salt: encodeHex(salt) };
}

/** Throws MALFORMED. Nothing is verified here. */
export function parseAccessBody(bytes: Uint8Array): AccessBody {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_ACCESS_BODY_BYTES, maxDepth: 5 }), 'body');
  const body = {
    outcome: parseSignedOutcome(fields.value('outcome')),
    request: parseSignedRequest(fields.value('request')),
    subject: fields.nullable('subject', () => readSubject(fields.object('subject'))),
  };
  fields.end();
  return body;
}

function readSubject(fields: JsonFields): ShownSubject {
  const subject = {
    number: parseNumber(fields.integer('class'), fields.string('id', 128)),
    index: fields.integer('index'),
    path: fields.array('path', MAX_PATH, readHash),
    salt: fields.hex('salt', SUBJECT_SALT_LENGTH),
  };
  fields.end();
  return subject;
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}
