/** A 32-byte SM3 value. Made only here, so that a function that takes a `Hash` need not check its length again. */
import { decodeHex } from './bytes.ts';
import { malformed } from './error.ts';

declare const hashBrand: unique symbol;
export type Hash = Uint8Array & { readonly [hashBrand]: true };

export const HASH_LENGTH = 32;

/** Takes the bytes as they are (no copy). Throws MALFORMED unless there are exactly 32. */
export function asHash(bytes: Uint8Array): Hash {
  if (bytes.length !== HASH_LENGTH) throw malformed('a hash has 32 bytes', { length: bytes.length });
  return bytes as Hash;
}

/** Parses 64 lower-case hex characters. Throws MALFORMED. */
export function hashFromHex(hex: string): Hash {
  return asHash(decodeHex(hex, HASH_LENGTH));
}

/** 32 zero bytes: the map root ∅ of an empty map. No SM3 output is known to be zero. */
export const ZERO_HASH: Hash = asHash(new Uint8Array(HASH_LENGTH));

export function isZeroHash(hash: Hash): boolean {
  return hash.every((byte) => byte === 0);
}
