/**
 * An unmasking: two officers of a case agree that these persons are named (docs/formats.md §28). Canonical JSON:
 *
 *     {"actedAt","case":64 hex,"format":"veritrail-unmasking-v1","legalBasis","nonce":64 hex,"officers":[id,id],"reason","subjects":[20 hex]}
 *
 * It travels in an envelope that signs ⟨um⟩ ‖ H(payload) with the officers' keys, in the order of `officers`: who asks, who approves. One alone
 * may carry the first signature to the other; only with both it counts. `subjects` are pseudonyms, ascending, none twice.
 */
import { type Envelope, envelopeSignedBytes, formatEnvelope, parseEnvelope } from '../authority/envelope.ts';
import { keyIdOf } from '../authority/key-id.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { readPlainText } from '../bytes/plain-text.ts';
import type { Signer } from '../log/signer.ts';
import { isSm2Signature } from '../sm/sm2.ts';
import { caseDigestOf, findOfficer, type SignedCase } from './case.ts';
import { parsePseudonym, type Pseudonym } from './pseudonym.ts';

export interface Unmasking {
  readonly actedAt: number;
  /** Case digest. */
  readonly case: Hash;
  readonly legalBasis: string;
  readonly nonce: Hash;
  /** Staff numbers: who asks, who approves. */
  readonly officers: readonly [string, string];
  readonly reason: string;
  readonly subjects: readonly Pseudonym[];
}

export interface SignedUnmasking {
  readonly envelope: Envelope;
  readonly unmasking: Unmasking;
}

const FORMAT = 'veritrail-unmasking-v1';
const MAX_UNMASKING_BYTES = 256 * 1024;
const MAX_SUBJECTS = 8192;

export function encodeUnmasking(act: Unmasking): Uint8Array {
  return encodeCanonicalJson({ ...act, case: encodeHex(act.case), format: FORMAT, nonce: encodeHex(act.nonce) });
}

function readText(value: JsonValue, place: string): string {
  if (typeof value !== 'string' || value.length > 64) throw malformed(`${place} is not a short text`);
  return value;
}

/** Throws MALFORMED. */
export function parseUnmasking(bytes: Uint8Array): Unmasking {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_UNMASKING_BYTES, maxDepth: 2 }), 'unmasking');
  fields.oneOf('format', [FORMAT]);
  const act = {
    actedAt: fields.integer('actedAt'),
    case: fields.hash('case'),
    legalBasis: readPlainText(fields, 'legalBasis', 500),
    nonce: fields.hash('nonce'),
    officers: fields.array('officers', 2, readText),
    reason: readPlainText(fields, 'reason', 500),
    subjects: fields.array('subjects', MAX_SUBJECTS, (value, place) => parsePseudonym(readText(value, place))),
  };
  fields.end();
  const [asking, approving] = act.officers;
  if (asking === undefined || approving === undefined || asking === approving)
    throw malformed('unmasking: it takes two officers');
  if (act.subjects.length === 0 || act.subjects.some((one, i) => i > 0 && act.subjects[i - 1]! >= one))
    throw malformed('unmasking: nobody, or not in ascending order');
  return { ...act, officers: [asking, approving] };
}

export function unmaskingSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('um', payload);
}

export function formatUnmasking({ envelope }: SignedUnmasking): JsonObject {
  return formatEnvelope(envelope);
}

/** One signature or two; none is verified here. Throws MALFORMED. */
export function parseSignedUnmasking(value: JsonValue, place = 'unmasking'): SignedUnmasking {
  const envelope = parseEnvelope(value, place, MAX_UNMASKING_BYTES);
  if (envelope.signatures.length > 2) throw malformed(`${place}: more than two signatures`);
  return { envelope, unmasking: parseUnmasking(envelope.payload) };
}

/** Adds the next officer's signature. Throws MALFORMED where both stand already. */
export function signUnmasking({ envelope, unmasking }: SignedUnmasking | Unsigned, signer: Signer): SignedUnmasking {
  const { signatures } = envelope;
  if (signatures.length > 1) throw malformed('unmasking: both have signed');
  const signature = { keyId: keyIdOf(signer.publicKey), signature: signer.sign(unmaskingSignedBytes(envelope.payload)) };
  return { unmasking, envelope: { payload: envelope.payload, signatures: [...signatures, signature] } };
}

/** An act before its first signature. */
export interface Unsigned {
  readonly envelope: { readonly payload: Uint8Array; readonly signatures: readonly [] };
  readonly unmasking: Unmasking;
}

export function unsignedUnmasking(unmasking: Unmasking): Unsigned {
  return { unmasking, envelope: { payload: encodeUnmasking(unmasking), signatures: [] } };
}

/**
 * That the officers it names, two of this very case, have signed it: of both, or of the first alone while the second is asked. Throws UNVERIFIED.
 */
export function verifyUnmasking(signedCase: SignedCase, { envelope, unmasking }: SignedUnmasking, isFirstAlone = false): void {
  if (!equalBytes(unmasking.case, caseDigestOf(signedCase.envelope.payload))) throw unverified('unmasking: for another case');
  if (envelope.signatures.length !== (isFirstAlone ? 1 : 2)) throw unverified('unmasking: the second approval is missing');
  const signedBytes = unmaskingSignedBytes(envelope.payload);
  for (const [i, { keyId, signature }] of envelope.signatures.entries()) {
    const officer = findOfficer(signedCase.case, unmasking.officers[i]!);
    if (officer === undefined) throw unverified('unmasking: no officer of the case');
    const isTheirs = equalBytes(keyId, keyIdOf(officer.publicKey)) && isSm2Signature(officer.publicKey, signedBytes, signature);
    if (!isTheirs) throw unverified('unmasking: not signed by the officer it names');
  }
}
