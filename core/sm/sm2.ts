/**
 * SM2 signatures (GB/T 32918.2-2016) over SM3, as raw r‖s of 64 bytes, and the keys they need.
 *
 * The digest e is always computed here, from Z and the message: for any public key anyone can make an e and a pair (r, s) that fit.
 * Nonces are deterministic (nonce.ts), so a poor random source cannot reveal a key.
 *
 * Not protected: signing and key derivation use `bigint` and tables, whose timing depends on the secret. They belong on a machine
 * where no stranger measures them. Secrets are not wiped from memory. There is no second check against faults of the machine.
 */
import { concatBytes, encodeHex, encodeUtf8, u16 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { nonces } from './nonce.ts';
import { sm3 } from './sm3.ts';
import { A, B, GENERATOR, INFINITY, N, P } from './sm2-curve.ts';
import { addGeneratorMultiple, addMultiple, affineOf, decodeBigint, encodeBigint } from './sm2-curve.ts';
import { hasXModuloN, invert, isOnCurve, modulo, tableOf } from './sm2-curve.ts';
import type { MultiplesTable } from './sm2-curve.ts';

declare const publicKeyBrand: unique symbol;
declare const privateKeyBrand: unique symbol;
declare const signatureBrand: unique symbol;

/** 04 ‖ x ‖ y, a point of the curve. */
export type PublicKey = Uint8Array & { readonly [publicKeyBrand]: true };
/** d as 32 bytes, 1 ≤ d ≤ n − 2: with n − 1 the factor 1/(1 + d) of a signature does not exist (GB/T 32918.1 §6.1). */
export type PrivateKey = Uint8Array & { readonly [privateKeyBrand]: true };
/** r ‖ s. Any 64 bytes: numbers out of range make a signature that does not hold, not bytes that cannot be read. */
export type Signature = Uint8Array & { readonly [signatureBrand]: true };

export const PUBLIC_KEY_LENGTH = 65;
export const PRIVATE_KEY_LENGTH = 32;
export const SIGNATURE_LENGTH = 64;

/** GM/T 0009-2012 §10: the user id where the parties agreed on none. */
const DEFAULT_USER_ID = encodeUtf8('1234567812345678');
/** ENTL counts the id's bits in 16 bits (§5.5). */
const MAX_USER_ID_LENGTH = 8191;

/** a ‖ b ‖ xG ‖ yG, the part of Z that is the same for all. */
const CURVE_BYTES = concatBytes(...[A, B, GENERATOR.x, GENERATOR.y].map(encodeBigint));

/** Only the uncompressed form. Infinity has no such form. Copies, so that the checked bytes stay as they were. */
export function parsePublicKey(bytes: Uint8Array): PublicKey {
  if (bytes.length !== PUBLIC_KEY_LENGTH || bytes[0] !== 4) throw malformed('an SM2 public key is 04 and two coordinates');
  const { x, y } = coordinatesOf(bytes);
  if (x >= P || y >= P) throw malformed('a coordinate beyond the field');
  if (!isOnCurve(x, y)) throw malformed('a point off the curve');
  return new Uint8Array(bytes) as PublicKey;
}

export function parsePrivateKey(bytes: Uint8Array): PrivateKey {
  if (bytes.length !== PRIVATE_KEY_LENGTH) throw malformed('an SM2 private key has 32 bytes', { length: bytes.length });
  const d = decodeBigint(bytes);
  if (d < 1n || d > N - 2n) throw malformed('an SM2 private key out of range');
  return new Uint8Array(bytes) as PrivateKey;
}

export function parseSignature(bytes: Uint8Array): Signature {
  if (bytes.length !== SIGNATURE_LENGTH) throw malformed('an SM2 signature has 64 bytes', { length: bytes.length });
  return new Uint8Array(bytes) as Signature;
}

/** A new key from 40 secret random bytes: 64 bits more than n has make the bias of the reduction negligible (FIPS 186-5 A.2.1). */
export function privateKeyFromRandom(bytes: Uint8Array): PrivateKey {
  if (bytes.length !== 40) throw malformed('a key is made from 40 random bytes', { length: bytes.length });
  return parsePrivateKey(encodeBigint((decodeBigint(bytes) % (N - 2n)) + 1n));
}

/** By identity, so that nothing here keeps a private key alive: signing needs the public key each time. */
const publicKeys = new WeakMap<PrivateKey, PublicKey>();

/** [d]G (GB/T 32918.1 §6.1). The same object each time: not to be written into. */
export function publicKeyOf(privateKey: PrivateKey): PublicKey {
  const known = publicKeys.get(privateKey);
  if (known !== undefined) return known;
  const { x, y } = affineOf(addGeneratorMultiple(INFINITY, decodeBigint(privateKey)));
  const publicKey = parsePublicKey(concatBytes(Uint8Array.of(4), encodeBigint(x), encodeBigint(y)));
  publicKeys.set(privateKey, publicKey);
  return publicKey;
}

/** §6.1. The same key, id and message always give the same signature. */
export function signSm2(privateKey: PrivateKey, message: Uint8Array, userId: Uint8Array = DEFAULT_USER_ID): Signature {
  const e = digestOf(publicKeyOf(privateKey), message, userId);
  const d = decodeBigint(privateKey);
  const candidates = nonces(privateKey, e);
  for (;;) {
    const k = candidates.next().value;
    const { x } = affineOf(addGeneratorMultiple(INFINITY, k));
    const r = (e + x) % N;
    if (r === 0n || r + k === N) continue;
    const s = modulo(invert(1n + d, N) * (k - r * d), N);
    if (s !== 0n) return parseSignature(concatBytes(encodeBigint(r), encodeBigint(s)));
  }
}

/** §7.1. False, never an error, for a signature that does not hold. */
export function isSm2Signature(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Signature,
  userId: Uint8Array = DEFAULT_USER_ID,
): boolean {
  const r = decodeBigint(signature.subarray(0, 32));
  const s = decodeBigint(signature.subarray(32));
  if (r < 1n || r >= N || s < 1n || s >= N) return false;
  const t = (r + s) % N;
  if (t === 0n) return false;
  const sum = addMultiple(addGeneratorMultiple(INFINITY, s), multiplesOf(publicKey), t);
  return hasXModuloN(sum, modulo(r - digestOf(publicKey, message, userId), N));
}

/** e = SM3(Z ‖ message) as an integer (§6.1 A1 and A2), Z as in §5.5. */
function digestOf(publicKey: PublicKey, message: Uint8Array, userId: Uint8Array): bigint {
  if (userId.length > MAX_USER_ID_LENGTH) throw malformed('an SM2 user id too long', { length: userId.length });
  const z = sm3(u16(8 * userId.length), userId, CURVE_BYTES, publicKey.subarray(1));
  return decodeBigint(sm3(z, message));
}

/** Keys whose tables are kept, about 100 kB each; the one not used for longest makes room. */
const MAX_KNOWN_KEYS = 64;
const knownKeys = new Map<string, MultiplesTable>();

/** A table costs about five verifications; what is signed here is signed by few keys. */
function multiplesOf(publicKey: PublicKey): MultiplesTable {
  const id = encodeHex(publicKey);
  const table = knownKeys.get(id) ?? tableOf({ ...coordinatesOf(publicKey), z: 1n }, 4);
  // A Map keeps the order of insertion: the first key is the one not used for longest.
  knownKeys.delete(id);
  knownKeys.set(id, table);
  if (knownKeys.size > MAX_KNOWN_KEYS) knownKeys.delete(knownKeys.keys().next().value!);
  return table;
}

function coordinatesOf(publicKey: Uint8Array): { x: bigint; y: bigint } {
  return { x: decodeBigint(publicKey.subarray(1, 33)), y: decodeBigint(publicKey.subarray(33)) };
}
