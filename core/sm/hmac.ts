/** HMAC with SM3 (RFC 2104; GM/T 0042-2015 appendix D.3 has its examples). */
import { hmac } from '@noble/hashes/hmac.js';
import { asHash } from '../bytes/hash.ts';
import type { Hash } from '../bytes/hash.ts';
import { sm3Hash } from './sm3.ts';

/** The code of the parts one after another. */
export function hmacSm3(key: Uint8Array, ...parts: readonly Uint8Array[]): Hash {
  const code = hmac.create(sm3Hash, key);
  for (const part of parts) code.update(part);
  return asHash(code.digest());
}
