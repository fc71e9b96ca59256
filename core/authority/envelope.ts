/**
 * Signed JSON: `{"payload": base64 of the exact bytes, "signatures":[{"keyId","signature"}]}` (docs/formats.md §11).
 *
 * The payload travels as bytes, so that nobody re-encodes what was signed. Who may sign, and under which label, the payload's
 * own format says.
 */
import { encodeBase64, encodeHex } from '../bytes/bytes.ts';
import { concatBytes } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { malformed } from '../bytes/error.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { readFields } from '../bytes/json-fields.ts';
import { label, type LabelCode } from '../bytes/label.ts';
import { parseSignature, type Signature } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';

export interface EnvelopeSignature {
  readonly keyId: Hash;
  readonly signature: Signature;
}

export interface Envelope {
  readonly payload: Uint8Array;
  /** At least one, each key once. */
  readonly signatures: readonly EnvelopeSignature[];
}

const MAX_SIGNATURES = 32;

/** The bytes that an envelope's signatures cover: ⟨label⟩ ‖ H(payload). */
export function envelopeSignedBytes(code: LabelCode, payload: Uint8Array): Uint8Array {
  return concatBytes(label(code), sm3(payload));
}

export function formatEnvelope(envelope: Envelope): JsonObject {
  return {
    payload: encodeBase64(envelope.payload),
    signatures: envelope.signatures.map(({ keyId, signature }) => ({
      keyId: encodeHex(keyId),
      signature: encodeHex(signature),
    })),
  };
}

/** Throws MALFORMED for a payload above `maxPayload` bytes, no signature, or one key twice. */
export function parseEnvelope(value: JsonValue, place: string, maxPayload: number): Envelope {
  const envelope = readFields(value, place, (fields) => ({
    payload: fields.base64('payload', maxPayload),
    signatures: fields.array('signatures', MAX_SIGNATURES, (item, at) =>
      readFields(item, at, (f) => ({ keyId: f.hash('keyId'), signature: parseSignature(f.hex('signature', 64)) })),
    ),
  }));
  const keyIds = new Set(envelope.signatures.map(({ keyId }) => encodeHex(keyId)));
  if (keyIds.size === 0 || keyIds.size !== envelope.signatures.length) throw malformed(`${place}: no signature, or a key twice`);
  return envelope;
}
