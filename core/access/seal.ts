/**
 * Seals: accesses that the person must not learn of yet (docs/formats.md §26). The access itself is an ordinary kind 16 at a random slot
 * of the custodian's log. The sealing authority's seals log, which everybody may read, has
 *
 *   kind 32  at a random slot                            body {"legalBasis","request":64 hex}
 *   kind 34  at H(⟨rl⟩ ‖ leaf hash of the 32 or last 34)  body {"legalBasis","seal":64 hex}
 *   kind 33  at the same place, and then no more         body {"request":64 hex,"seal":64 hex}
 *
 * with the request digest, and the leaf hash of the 32. So each seal is one entry that names nobody, its renewals and its release stand
 * where anyone can look for them, and anyone can count. The outcome of a sealed access names the leaf hash of its 32; after the release
 * request and outcome stand in an ordinary entry of the person's history too.
 */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { label } from '../bytes/label.ts';
import { readPlainText } from '../bytes/plain-text.ts';
import { commitmentOf, encodeEntry, type Entry, KINDS } from '../log/entry.ts';
import { leafHashOf } from '../log/tree.ts';
import { sm3 } from '../sm/sm3.ts';

export interface SealBody {
  /** Law and article by which the person is not told. */
  readonly legalBasis: string;
  readonly request: Hash;
}

export interface SealRenewalBody {
  /** By which she is still not told. */
  readonly legalBasis: string;
  /** Leaf hash of the 32, however often it was renewed. */
  readonly seal: Hash;
}

export interface SealReleaseBody {
  readonly request: Hash;
  readonly seal: Hash;
}

const MAX_SEAL_BYTES = 4 * 1024;

function fieldsOf(bytes: Uint8Array, place: string): JsonFields {
  return new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_SEAL_BYTES, maxDepth: 1 }), place);
}

export function encodeSealBody({ legalBasis, request }: SealBody): Uint8Array {
  return encodeCanonicalJson({ legalBasis, request: encodeHex(request) });
}

/** Throws MALFORMED. */
export function parseSealBody(bytes: Uint8Array): SealBody {
  const fields = fieldsOf(bytes, 'seal');
  const body = { legalBasis: readPlainText(fields, 'legalBasis', 500), request: fields.hash('request') };
  fields.end();
  return body;
}

export function encodeSealRenewalBody({ legalBasis, seal }: SealRenewalBody): Uint8Array {
  return encodeCanonicalJson({ legalBasis, seal: encodeHex(seal) });
}

/** Throws MALFORMED. */
export function parseSealRenewalBody(bytes: Uint8Array): SealRenewalBody {
  const fields = fieldsOf(bytes, 'renewal');
  const body = { legalBasis: readPlainText(fields, 'legalBasis', 500), seal: fields.hash('seal') };
  fields.end();
  return body;
}

export function encodeSealReleaseBody({ request, seal }: SealReleaseBody): Uint8Array {
  return encodeCanonicalJson({ request: encodeHex(request), seal: encodeHex(seal) });
}

/** Throws MALFORMED. */
export function parseSealReleaseBody(bytes: Uint8Array): SealReleaseBody {
  const fields = fieldsOf(bytes, 'release');
  const body = { request: fields.hash('request'), seal: fields.hash('seal') };
  fields.end();
  return body;
}

/** Where what follows a 32 or a 34 stands: its renewal or its release, whichever comes first; one slot holds one entry. */
export function sealSlotAfter(leafHash: Hash): Hash {
  return sm3(label('rl'), leafHash);
}

/** A kind 32 with what opens it. */
export interface ShownSeal {
  readonly entry: Entry;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * The leaf hash of a seal that is for this request, or null. A gateway asks before it seals, and takes each leaf hash once; a reader
 * asks once a seal is opened. That the seals log holds the entry, proofs or a promise must show.
 */
export function sealFor(shown: ShownSeal, request: Hash): Hash | null {
  const { entry, nonce, body } = shown;
  if (entry.kind !== KINDS.seal || !equalBytes(commitmentOf(nonce, body), entry.commitment)) return null;
  return equalBytes(parseSealBody(body).request, request) ? leafHashOf(encodeEntry(entry)) : null;
}
