/**
 * What an issuer signs: one version of one licence, as canonical JSON (docs/formats.md §12).
 *
 * The payload holds no field in clear, only digests; the fields travel as disclosures. Its 32-byte salt is the nonce of the
 * issue entry's commitment, so the payload alone opens that entry.
 */
import { compareBytes, encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { asHash, hashFromHex, type Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { type Origin, parseOrigin } from '../log/origin.ts';
import { commitmentOf } from '../log/entry.ts';
import { parseLicenceIdentifier, type LicenceIdentifier } from './identifier.ts';

export interface LicencePayload {
  /** The log that records this licence. */
  readonly origin: Origin;
  readonly identifier: LicenceIdentifier;
  readonly validFrom: number;
  /** Null: no end (长期). */
  readonly validTo: number | null;
  /** Sorted, no two equal. */
  readonly fields: readonly Hash[];
  /** SM3 of each file that renders the licence; sorted, no two equal. */
  readonly files: readonly Hash[];
  readonly salt: Hash;
}

export const MAX_PAYLOAD_BYTES = 64 * 1024;
const MAX_DIGESTS = 256;

export function encodeLicencePayload(payload: LicencePayload): Uint8Array {
  return encodeCanonicalJson({
    fields: payload.fields.map(encodeHex),
    files: payload.files.map(encodeHex),
    identifier: payload.identifier.text,
    origin: payload.origin,
    salt: encodeHex(payload.salt),
    type: payload.identifier.type,
    validFrom: payload.validFrom,
    validTo: payload.validTo,
    version: payload.identifier.version,
  });
}

function digest(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a digest`);
  return hashFromHex(value);
}

function verifySorted(digests: readonly Hash[], place: string): void {
  if (digests.some((one, i) => i > 0 && compareBytes(digests[i - 1]!, one) >= 0)) throw malformed(`${place} are not sorted`);
}

/** Throws MALFORMED, also when type or version are not the identifier's or the check character is not the standard's. */
export function parseLicencePayload(bytes: Uint8Array): LicencePayload {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_PAYLOAD_BYTES }), 'licence');
  const identifier = parseLicenceIdentifier(fields.string('identifier'));
  const payload = {
    origin: parseOrigin(fields.string('origin')),
    identifier,
    validFrom: fields.integer('validFrom'),
    validTo: fields.nullable('validTo', (f) => f.integer('validTo')),
    fields: fields.array('fields', MAX_DIGESTS, digest),
    files: fields.array('files', MAX_DIGESTS, digest),
    salt: fields.hash('salt'),
  };
  if (fields.string('type') !== identifier.type || fields.integer('version') !== identifier.version) {
    throw malformed('licence: type or version is not the identifier’s');
  }
  fields.end();
  if (identifier.grade !== 'standard' || identifier.issuer.length !== 18 || identifier.version === 0)
    throw malformed('licence: not a standard identifier');
  if (payload.validTo !== null && payload.validTo < payload.validFrom) throw malformed('licence: ends before it begins');
  verifySorted(payload.fields, 'licence.fields');
  verifySorted(payload.files, 'licence.files');
  return payload;
}

/** What the issue entry commits to: H(⟨bd⟩ ‖ the payload's salt ‖ payload bytes). */
export function issueCommitment(payload: LicencePayload, payloadBytes: Uint8Array): Hash {
  return commitmentOf(asHash(payload.salt), payloadBytes);
}
