/**
 * Pseudonyms: how persons are named in all that leaves a case before it is unmasked (docs/formats.md §29).
 *
 *   commitment   H(⟨ps⟩ ‖ key 32)
 *   pseudonym    first 10 bytes of HMAC-SM3(key 32, ⟨ps⟩ ‖ u8 class ‖ u16 length ‖ id), as hex
 *
 * The key is random for each case: two cases name one person differently, and nobody without it can try out numbers. The same person has
 * one name in all of a case, whichever custodian showed her entry. Eighty bits: among a million persons two share a name once in 10¹².
 */
import { encodeNumber } from '../access/handle.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { invariant, malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { hmacSm3 } from '../sm/hmac.ts';
import { sm3 } from '../sm/sm3.ts';

declare const pseudonymBrand: unique symbol;
export type Pseudonym = string & { readonly [pseudonymBrand]: true };

export const PSEUDONYM_KEY_LENGTH = 32;
const PSEUDONYM_LENGTH = 10;

export function pseudonymCommitment(key: Uint8Array): Hash {
  invariant(key.length === PSEUDONYM_KEY_LENGTH, 'pseudonyms have a key of 32 bytes');
  return sm3(label('ps'), key);
}

export function pseudonymOf(key: Uint8Array, number: CanonicalNumber): Pseudonym {
  invariant(key.length === PSEUDONYM_KEY_LENGTH, 'pseudonyms have a key of 32 bytes');
  return encodeHex(hmacSm3(key, label('ps'), encodeNumber(number)).subarray(0, PSEUDONYM_LENGTH)) as Pseudonym;
}

/** Throws MALFORMED. */
export function parsePseudonym(text: string): Pseudonym {
  if (!/^[0-9a-f]{20}$/.test(text)) throw malformed('not a pseudonym');
  return text as Pseudonym;
}
