/**
 * Deterministic nonces (RFC 6979 §3.2 with q = n and HMAC-SM3): a poor random source cannot reveal a key. Signatures and the VRF each
 * hand in a digest of what they sign; the two never meet in one, for each has its own keys.
 */
import { concatBytes } from '../bytes/bytes.ts';
import { hmacSm3 } from './hmac.ts';
import { decodeBigint, encodeBigint, N } from './sm2-curve.ts';

/** An endless row of nonces 1 ≤ k < n for a private key of 32 bytes and the digest e ≥ 0, of which the first is almost surely the one used. */
export function* nonces(privateKey: Uint8Array, e: bigint): Generator<bigint, never> {
  const seed = concatBytes(privateKey, encodeBigint(e % N));
  let v: Uint8Array = new Uint8Array(32).fill(1);
  let k: Uint8Array = new Uint8Array(32);
  for (const step of [0, 1]) {
    k = hmacSm3(k, v, Uint8Array.of(step), seed);
    v = hmacSm3(k, v);
  }
  for (;;) {
    v = hmacSm3(k, v);
    const nonce = decodeBigint(v);
    if (nonce >= 1n && nonce < N) yield nonce;
    k = hmacSm3(k, v, Uint8Array.of(0));
    v = hmacSm3(k, v);
  }
}
