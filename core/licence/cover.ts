/**
 * The body of a file entry (kinds 10 and 11), readable with the file's digest: which licence the file renders, the issuer's
 * signed payload, and the fields that are not personal (docs/formats.md §13).
 */
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { type Envelope, formatEnvelope, parseEnvelope } from '../authority/envelope.ts';
import { type Disclosure, formatDisclosure, parseDisclosure } from './disclosure.ts';
import { MAX_PAYLOAD_BYTES } from './payload.ts';

/** A copy made for one purpose (加注件): the terms it was made under. */
export interface CopyTerms {
  readonly purpose: string;
  readonly requester: string;
  readonly expiresAt: number;
}

export interface Cover {
  /** SM3 of the file's bytes. */
  readonly file: Hash;
  readonly licence: Envelope;
  /** Only fields that are not personal. */
  readonly disclosures: readonly Disclosure[];
  /** Private types: the VRF proof of the history secret. Null in public mode. */
  readonly vrfProof: Uint8Array | null;
  readonly copy: CopyTerms | null;
}

export const MAX_COVER_BYTES = 512 * 1024;
const VRF_PROOF_LENGTH = 81;

export function encodeCover(cover: Cover): Uint8Array {
  const { copy } = cover;
  const terms: JsonObject | null = copy && { expiresAt: copy.expiresAt, purpose: copy.purpose, requester: copy.requester };
  return encodeCanonicalJson({
    copy: terms,
    disclosures: cover.disclosures.map(formatDisclosure),
    file: encodeHex(cover.file),
    licence: formatEnvelope(cover.licence),
    vrfProof: cover.vrfProof && encodeHex(cover.vrfProof),
  });
}

function readCopyTerms(fields: JsonFields): CopyTerms {
  const terms = {
    purpose: fields.string('purpose'),
    requester: fields.string('requester'),
    expiresAt: fields.integer('expiresAt'),
  };
  fields.end();
  return terms;
}

/** Throws MALFORMED; the envelope's signature is not judged here. */
export function parseCover(bytes: Uint8Array): Cover {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_COVER_BYTES }), 'cover');
  const cover = {
    file: fields.hash('file'),
    licence: parseEnvelope(fields.value('licence'), 'cover.licence', MAX_PAYLOAD_BYTES),
    disclosures: fields.array('disclosures', 256, parseDisclosure),
    vrfProof: fields.nullable('vrfProof', (f) => f.hex('vrfProof', VRF_PROOF_LENGTH)),
    copy: fields.nullable('copy', (f) => readCopyTerms(f.object('copy'))),
  };
  fields.end();
  const names = new Set(cover.disclosures.map(({ name }) => name));
  if (names.size !== cover.disclosures.length) throw malformed('cover: a field is disclosed twice');
  return cover;
}
