/**
 * FILE.evidence.json: what the holder of a file carries, so that it can be checked without a network (docs/formats.md §17).
 * It is a verifier's answers about one file, kept as they were. The file's digest opens the licence's cover: evidence is as
 * confidential as the file itself.
 */
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { type JsonObject, type JsonValue, parseJson } from '../bytes/json.ts';
import { readFields } from '../bytes/json-fields.ts';
import { formatLookupAnswer, parseLookupAnswer, type LookupAnswer } from './lookup.ts';

export interface Evidence {
  /** H(⟨cr⟩ …) of the chain that the anchors stand on. */
  readonly chainReference: Hash;
  readonly fileDigest: Hash;
  readonly takenAt: number;
  readonly answer: LookupAnswer;
}

export const MAX_EVIDENCE_BYTES = 8 << 20;
const FORMAT = 'veritrail-evidence-v1';

export function formatEvidence(evidence: Evidence): JsonObject {
  return {
    format: FORMAT,
    chainReference: encodeHex(evidence.chainReference),
    fileDigest: encodeHex(evidence.fileDigest),
    takenAt: evidence.takenAt,
    answer: formatLookupAnswer(evidence.answer),
  };
}

export function parseEvidenceJson(value: JsonValue): Evidence {
  return readFields(value, 'evidence', (fields) => {
    if (fields.string('format') !== FORMAT) throw malformed('not an evidence file');
    return {
      chainReference: fields.hash('chainReference'),
      fileDigest: fields.hash('fileDigest'),
      takenAt: fields.integer('takenAt'),
      answer: parseLookupAnswer(fields.value('answer'), 'evidence.answer'),
    };
  });
}

/** Throws MALFORMED. */
export function parseEvidence(bytes: Uint8Array): Evidence {
  return parseEvidenceJson(parseJson(bytes, { maxBytes: MAX_EVIDENCE_BYTES }));
}
