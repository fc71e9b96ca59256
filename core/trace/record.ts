/**
 * An accessor's record of its own accesses, as its agent hands it to an auditor: NDJSON, one line for each request that it sent.
 *
 *     {"requestDigest","sentAt","target","request":envelope,"salt","query","end":text|null,"endedAt":ms|null,
 *      "parts":[{"finding":text|null,"outcome":envelope|null,"entries":[{"leafHash","entry","nonce","body","promise":PROMISE of §30}],"receipt"?}]}
 *
 * There is one part for each chunk of an answer, none where nothing came back. Nothing in it is believed: what both sides signed is compared.
 * It is as secret as the answers were. The query is not read here, and what a receipt said beside its opened entries is left out.
 */
import { type AccessBody, MAX_ACCESS_BODY_BYTES, parseAccessBody } from '../access/body.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { parseSignedOutcome, type SignedOutcome } from '../access/outcome.ts';
import { parseSignedRequest, requestDigestOf, type SignedRequest } from '../access/request.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { decodeUtf8, encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError, malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { type JsonObject, type JsonValue, parseJson } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { commitmentOf, decodeEntry, ENTRY_LENGTH, NONCE_LENGTH } from '../log/entry.ts';
import { leafHashOf } from '../log/tree.ts';
import { readPromise, type SignedPromise } from './case-answer.ts';

/** An entry that the accessor was shown opened, and promised. */
export interface KeptEntry {
  readonly leafHash: Hash;
  readonly promise: SignedPromise;
  /** Whom it was about as it was opened; null for an event about nobody, and where what was kept does not open it. */
  readonly number: CanonicalNumber | null;
  /** Payload of the outcome that it opens to; null where what was kept does not open it. */
  readonly opensTo: Uint8Array | null;
}

/** One answer, or one request without any. */
export interface AccessorRecord {
  readonly request: SignedRequest;
  /** Request digest, hex. */
  readonly digest: string;
  /** Null: nothing came back, or nothing that was signed. */
  readonly outcome: SignedOutcome | null;
  readonly entries: readonly KeptEntry[];
}

export const MAX_RECORDS_BYTES = 256 << 20;
const MAX_LINE = 64 << 20;
const MAX_RECORDS = 1_000_000;
const MAX_PARTS = 65_536;
const MAX_ENTRIES = 65_536;

type Part = Pick<AccessorRecord, 'outcome' | 'entries'>;

/** Throws MALFORMED. */
export function parseAccessorRecord(value: JsonValue, place = 'record'): AccessorRecord[] {
  return readFields(value, place, (fields) => {
    const request = parseSignedRequest(fields.value('request'));
    const digest = fields.hash('requestDigest');
    if (!equalBytes(digest, requestDigestOf(request.envelope.payload)))
      throw malformed(`${place}: the digest of another request`);
    const parts = fields.array('parts', MAX_PARTS, (item, at) => readFields(item, at, readPart));
    for (const name of ['sentAt', 'target', 'salt', 'query', 'end', 'endedAt']) fields.value(name);
    const kept: Part[] = parts.some(({ outcome }) => outcome !== null) ? parts : [{ outcome: null, entries: [] }];
    return kept.map((part) => ({ request, digest: encodeHex(digest), ...part }));
  });
}

function readPart(fields: JsonFields): Part {
  if (fields.has('receipt')) fields.value('receipt');
  fields.value('finding');
  return {
    outcome: fields.nullable('outcome', () => parseSignedOutcome(fields.value('outcome'))),
    entries: fields.array('entries', MAX_ENTRIES, (item, at) => readFields(item, at, readKept)),
  };
}

function readKept(fields: JsonFields): KeptEntry {
  const leafHash = fields.hash('leafHash');
  const entry = fields.base64('entry', ENTRY_LENGTH);
  const opened = openedBy(entry, fields.hex('nonce', NONCE_LENGTH), fields.base64('body', MAX_ACCESS_BODY_BYTES));
  const promise = readFields(fields.value('promise'), 'promise', readPromise);
  const isThis = equalBytes(leafHashOf(entry), leafHash) && equalBytes(promise.leafHash, leafHash);
  if (!isThis) throw malformed('record: an entry or a promise of another leaf');
  const opensTo = opened?.outcome.envelope.payload ?? null;
  return { leafHash, promise, number: opened?.subject?.number ?? null, opensTo };
}

/** Null where the nonce and the body do not open the entry. */
function openedBy(entry: Uint8Array, nonce: Uint8Array, body: Uint8Array): AccessBody | null {
  if (!equalBytes(decodeEntry(entry).commitment, commitmentOf(nonce, body))) return null;
  try {
    return parseAccessBody(body);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** What of it may go into a package: both papers, and nobody's number. */
export function formatRecordPapers({ request, outcome }: Pick<AccessorRecord, 'request' | 'outcome'>): JsonObject {
  return { request: formatEnvelope(request.envelope), outcome: outcome && formatEnvelope(outcome.envelope) };
}

/** A line as it was given, and what it says. */
export interface GivenRecord {
  readonly given: JsonObject;
  readonly read: readonly AccessorRecord[];
}

/** Throws MALFORMED, naming the line and nothing of what it holds. */
export function parseAccessorRecords(bytes: Uint8Array): GivenRecord[] {
  if (bytes.length > MAX_RECORDS_BYTES) throw malformed('records: too long', { maxBytes: MAX_RECORDS_BYTES });
  const lines = decodeUtf8(bytes).split('\n');
  if (lines.length > MAX_RECORDS) throw malformed('records: too many lines', { max: MAX_RECORDS });
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const given = parseJson(line, { maxBytes: MAX_LINE });
    return [{ given: given as JsonObject, read: parseAccessorRecord(given, `record ${i + 1}`) }];
  });
}
