/**
 * From a passphrase to a key of SM4: PBKDF2-HMAC-SM3 (RFC 8018), for key files and sealed journals alike. Browsers derive nothing with SM3
 * of their own, so this is the pure one everywhere; in small steps, so that a program answers and a page draws meanwhile.
 */
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { encodeUtf8 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { sm3Hash } from '../sm/sm3.ts';

/** So many random bytes. */
export type RandomBytes = (length: number) => Uint8Array;

/** 0.2 s for us in 2026, half of that for OpenSSL. */
export const ROUNDS = 200_000;
/** Below, guessing is cheap; above, a file could keep a program busy for minutes before it is known to be wrong. */
const MIN_ROUNDS = 100_000;
const MAX_ROUNDS = 10_000_000;
export const SALT_LENGTH = 16;
const MIN_PASSPHRASE = 8;
const CIPHER_KEY_LENGTH = 16;

/** For what is made anew. Throws MALFORMED. */
export function requireLongPassphrase(passphrase: string): void {
  if (passphrase.length < MIN_PASSPHRASE) throw malformed('the passphrase is too short', { minLength: MIN_PASSPHRASE });
}

export function isRounds(rounds: number): boolean {
  return Number.isSafeInteger(rounds) && rounds >= MIN_ROUNDS && rounds <= MAX_ROUNDS;
}

/** Either Unicode form of a passphrase is the same one. */
export function deriveCipherKey(passphrase: string, salt: Uint8Array, rounds: number): Promise<Uint8Array> {
  return pbkdf2Async(sm3Hash, encodeUtf8(passphrase.normalize('NFC')), salt, { c: rounds, dkLen: CIPHER_KEY_LENGTH });
}
