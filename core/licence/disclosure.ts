/**
 * A field of a licence that can be shown or withheld by itself: canonical JSON `[salt, name, value]`, committed to by
 * H(⟨df⟩ ‖ disclosure) among the payload's sorted field digests (docs/formats.md §12).
 */
import { compareBytes, decodeHex, encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue } from '../bytes/json.ts';
import { label } from '../bytes/label.ts';
import { sm3 } from '../sm/sm3.ts';

export interface Disclosure {
  /** 32 random bytes: without them a field of few possible values could be guessed from its digest. */
  readonly salt: Uint8Array;
  /** The field's name, as in GB/T 36903 (ZZMC, CZZT …). */
  readonly name: string;
  readonly value: JsonValue;
}

const MAX_NAME = 64;
export const MAX_DISCLOSURE_BYTES = 16 * 1024;

function toJson(disclosure: Disclosure): JsonValue {
  return [encodeHex(disclosure.salt), disclosure.name, disclosure.value];
}

export function formatDisclosure(disclosure: Disclosure): JsonValue {
  return toJson(disclosure);
}

export function parseDisclosure(value: JsonValue, place: string): Disclosure {
  if (!Array.isArray(value) || value.length !== 3) throw malformed(`${place} is not [salt, name, value]`);
  const [salt, name, content] = value as [JsonValue, JsonValue, JsonValue];
  if (typeof salt !== 'string' || typeof name !== 'string') throw malformed(`${place} is not [salt, name, value]`);
  if (name === '' || name.length > MAX_NAME) throw malformed(`${place}: the name is empty or too long`);
  const disclosure = { salt: decodeHex(salt, 32), name, value: content };
  if (encodeCanonicalJson(toJson(disclosure)).length > MAX_DISCLOSURE_BYTES) throw malformed(`${place} is too long`);
  return disclosure;
}

export function fieldDigest(disclosure: Disclosure): Hash {
  return sm3(label('df'), encodeCanonicalJson(toJson(disclosure)));
}

/** The digests in the order in which they stand in a payload. */
export function sortDigests(digests: readonly Hash[]): Hash[] {
  return [...digests].sort(compareBytes);
}
