/**
 * A signed licence: the payload in an envelope, and the file `NAME.licence.json` that also carries the disclosures
 * (docs/formats.md §12). The signature is the document key's over ⟨li⟩ ‖ H(payload).
 */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import { type JsonObject, type JsonValue } from '../bytes/json.ts';
import { readFields } from '../bytes/json-fields.ts';
import { type Envelope, envelopeSignedBytes, formatEnvelope, parseEnvelope } from '../authority/envelope.ts';
import { isSm2Signature, type PublicKey } from '../sm/sm2.ts';
import { type Disclosure, fieldDigest, formatDisclosure, parseDisclosure } from './disclosure.ts';
import { type LicencePayload, MAX_PAYLOAD_BYTES, parseLicencePayload } from './payload.ts';

/** What the document key signs. */
export function licenceSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('li', payload);
}

/** True when the envelope bears a signature by `publicKey`, listed under `keyId`, that holds. */
export function isSignedBy(envelope: Envelope, keyId: Uint8Array, publicKey: PublicKey): boolean {
  const found = envelope.signatures.find((one) => equalBytes(one.keyId, keyId));
  return found !== undefined && isSm2Signature(publicKey, licenceSignedBytes(envelope.payload), found.signature);
}

/** Throws MALFORMED, also unless there is exactly one signature: a licence has one issuer. */
export function parseLicence(value: JsonValue, place = 'licence'): Envelope {
  const envelope = parseEnvelope(value, place, MAX_PAYLOAD_BYTES);
  if (envelope.signatures.length !== 1) throw malformed(`${place}: a licence has one signature`);
  return envelope;
}

/** Throws UNVERIFIED for a disclosure that the payload does not commit to. */
export function verifyDisclosures(payload: LicencePayload, disclosures: readonly Disclosure[]): void {
  const digests = new Set(payload.fields.map(encodeHex));
  for (const disclosure of disclosures) {
    if (!digests.has(encodeHex(fieldDigest(disclosure)))) throw unverified('a field that the licence does not commit to');
  }
}

/** The holder's own copy with every field. Personal: never in a log, a URL or another's hands. */
export interface LicenceDocument {
  readonly licence: Envelope;
  readonly payload: LicencePayload;
  readonly disclosures: readonly Disclosure[];
}

export function formatLicenceDocument(licence: Envelope, disclosures: readonly Disclosure[]): JsonObject {
  return {
    format: 'veritrail-licence-v1',
    licence: formatEnvelope(licence),
    disclosures: disclosures.map(formatDisclosure),
  };
}

/** Throws MALFORMED or UNVERIFIED; the signature is not judged here. */
export function parseLicenceDocument(value: JsonValue): LicenceDocument {
  return readFields(value, 'document', (fields) => {
    if (fields.string('format') !== 'veritrail-licence-v1') throw malformed('not a licence document');
    const licence = parseLicence(fields.value('licence'));
    const payload = parseLicencePayload(licence.payload);
    const disclosures = fields.array('disclosures', 256, parseDisclosure);
    verifyDisclosures(payload, disclosures);
    return { licence, payload, disclosures };
  });
}
