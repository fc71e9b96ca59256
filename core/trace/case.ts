/**
 * A case: by which authority and for what reason an auditor traces, and who its officers are (docs/formats.md §29). Canonical JSON:
 *
 *     {"authority","format":"veritrail-case-v1","legalBasis","number","officers":[{"id","publicKey":130 hex,"role"}],"openedAt",
 *      "pseudonyms":64 hex,"reason"}
 *
 * It travels in an envelope that signs ⟨cf⟩ ‖ H(payload) with a request key of the authority, and is named by its digest H(payload). The
 * authority vouches for its officers' keys by that signature, as it does for an operator's in a request. `pseudonyms` commits to the secret
 * under which persons are named in all that leaves the case (pseudonym.ts).
 */
import { type Envelope, envelopeSignedBytes, parseEnvelope } from '../authority/envelope.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields, readFields } from '../bytes/json-fields.ts';
import { readPlainText } from '../bytes/plain-text.ts';
import { parsePublicKey, PUBLIC_KEY_LENGTH, type PublicKey } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';

export interface Officer {
  /** The authority's own staff number. */
  readonly id: string;
  readonly publicKey: PublicKey;
  /** Post, in words. */
  readonly role: string;
}

export interface TraceCase {
  readonly authority: Uscc;
  /** Law and article that let it trace. */
  readonly legalBasis: string;
  /** The authority's own number of the case. */
  readonly number: string;
  /** Two at least, or nobody could ever approve an unmasking. */
  readonly officers: readonly Officer[];
  readonly openedAt: number;
  readonly pseudonyms: Hash;
  /** Why, in words; every person looked up can read them. */
  readonly reason: string;
}

export interface SignedCase {
  readonly envelope: Envelope;
  readonly case: TraceCase;
}

const FORMAT = 'veritrail-case-v1';
export const MAX_CASE_BYTES = 32 * 1024;
const MAX_OFFICERS = 32;
const STAFF_NUMBER = /^[0-9A-Za-z._@:/-]{1,64}$/;

export function encodeCase(one: TraceCase): Uint8Array {
  return encodeCanonicalJson({
    ...one,
    format: FORMAT,
    officers: one.officers.map(({ id, publicKey, role }) => ({ id, publicKey: encodeHex(publicKey), role })),
    pseudonyms: encodeHex(one.pseudonyms),
  });
}

/** Throws MALFORMED. */
export function parseCase(bytes: Uint8Array): TraceCase {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_CASE_BYTES, maxDepth: 3 }), 'case');
  fields.oneOf('format', [FORMAT]);
  const one = {
    authority: parseUscc(fields.string('authority', 18)),
    legalBasis: readPlainText(fields, 'legalBasis', 500),
    number: readPlainText(fields, 'number', 128),
    officers: fields.array('officers', MAX_OFFICERS, (value, place) => readFields(value, place, readOfficer)),
    openedAt: fields.integer('openedAt'),
    pseudonyms: fields.hash('pseudonyms'),
    reason: readPlainText(fields, 'reason', 200),
  };
  fields.end();
  const { officers } = one;
  const areDistinct = (name: (officer: Officer) => string): boolean => new Set(officers.map(name)).size === officers.length;
  if (officers.length < 2) throw malformed('case: one officer alone can approve nothing');
  if (!areDistinct(({ id }) => id) || !areDistinct(({ publicKey }) => encodeHex(publicKey)))
    throw malformed('case: an officer or a key stands there twice');
  return one;
}

function readOfficer(fields: JsonFields): Officer {
  const officer = {
    id: fields.string('id', 64),
    publicKey: parsePublicKey(fields.hex('publicKey', PUBLIC_KEY_LENGTH)),
    role: readPlainText(fields, 'role', 64),
  };
  if (!STAFF_NUMBER.test(officer.id)) throw malformed('case: not a staff number');
  return officer;
}

export function caseDigestOf(payload: Uint8Array): Hash {
  return sm3(payload);
}

export function caseSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('cf', payload);
}

/** Throws MALFORMED, also unless there is exactly one signature; it is not verified here. */
export function parseSignedCase(value: JsonValue, place = 'case'): SignedCase {
  const envelope = parseEnvelope(value, place, MAX_CASE_BYTES);
  if (envelope.signatures.length !== 1) throw malformed(`${place}: a case has one signature`);
  return { envelope, case: parseCase(envelope.payload) };
}

export function findOfficer(one: TraceCase, id: string): Officer | undefined {
  return one.officers.find((officer) => officer.id === id);
}
