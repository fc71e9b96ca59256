/**
 * A verifiable random function: 32 bytes for any input that only the key's holder can compute, and a proof by which anyone who has the
 * input can check that they are the right ones. ECVRF of RFC 9381 over SM2 and SM3 (suite ECVRF-SM2-SM3-SSWU, octet F2):
 *
 *   proof    Γ 33 · c 16 · s 32            output    H(F2 ‖ 03 ‖ Γ 33 ‖ 00)
 *
 * Points are compressed, the cofactor is 1, the salt is the public key, nonces are RFC 9381 §5.4.2.1 with HMAC-SM3. The output follows
 * from Γ alone, and for one key and input only one Γ can be proved: no choice of c and s gives another.
 *
 * Not protected: as in sm2.ts, time depends on the key, and here on the input too.
 */
import { ByteReader, concatBytes, encodeUtf8, equalBytes } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeToCurve } from './encode-to-curve.ts';
import { nonces } from './nonce.ts';
import { publicKeyOf, type PrivateKey, type PublicKey } from './sm2.ts';
import { addGeneratorMultiple, decodeBigint, encodeBigint, INFINITY, N, sumOfMultiples, type Point } from './sm2-curve.ts';
import { decodePoint, encodePoint, POINT_LENGTH } from './sm2-point.ts';
import { sm3 } from './sm3.ts';

declare const vrfProofBrand: unique symbol;
/** Γ ‖ c ‖ s: Γ on the curve, s < n. */
export type VrfProof = Uint8Array & { readonly [vrfProofBrand]: true };

export const VRF_PROOF_LENGTH = 81;
const CHALLENGE_LENGTH = 16;

const SUITE = 0xf2;
/** RFC 9381 §5.4.1.2: "ECVRF_" ‖ the name of the RFC 9380 suite ‖ the suite octet. */
const TAG = concatBytes(encodeUtf8('ECVRF_SM2_XMD:SM3_SSWU_NU_'), Uint8Array.of(SUITE));

/** RFC 9381 §5.2, without a proof: what the key's holder needs to find and write entries. */
export function vrfOutput(privateKey: PrivateKey, input: Uint8Array): Hash {
  const h = inputPoint(publicKeyOf(privateKey), input);
  return outputOf(encodePoint(sumOfMultiples([h, decodeBigint(privateKey)])));
}

/** §5.1. The same key and input always give the same proof. */
export function proveVrf(privateKey: PrivateKey, input: Uint8Array): VrfProof {
  const publicKey = publicKeyOf(privateKey);
  const x = decodeBigint(privateKey);
  const h = inputPoint(publicKey, input);
  const gamma = encodePoint(sumOfMultiples([h, x]));
  const k = nonces(privateKey, decodeBigint(sm3(encodePoint(h)))).next().value;
  const c = challengeOf(publicKey, h, gamma, addGeneratorMultiple(INFINITY, k), sumOfMultiples([h, k]));
  const s = (k + decodeBigint(c) * x) % N;
  return parseVrfProof(concatBytes(gamma, c, encodeBigint(s)));
}

/** §5.4.4. Throws MALFORMED. Any 16 bytes are a challenge; whether it is the right one, `verifyVrf` says. */
export function parseVrfProof(bytes: Uint8Array): VrfProof {
  if (bytes.length !== VRF_PROOF_LENGTH) throw malformed('a VRF proof has 81 bytes', { length: bytes.length });
  if (decodePoint(bytes.subarray(0, POINT_LENGTH)) === null) throw malformed('a VRF proof without a point of the curve');
  if (decodeBigint(bytes.subarray(POINT_LENGTH + CHALLENGE_LENGTH)) >= N)
    throw malformed('a VRF proof with a number out of range');
  return new Uint8Array(bytes) as VrfProof;
}

/** The output for this key and input (§5.3; a `PublicKey` is on the curve and of the group's order). Throws UNVERIFIED. */
export function verifyVrf(publicKey: PublicKey, input: Uint8Array, proof: VrfProof): Hash {
  const reader = new ByteReader(proof);
  const gammaBytes = reader.bytes(POINT_LENGTH);
  const challenge = reader.bytes(CHALLENGE_LENGTH);
  const gamma = decodePoint(gammaBytes);
  if (gamma === null) throw unverified('VRF proof: no point of the curve');
  const [c, s] = [decodeBigint(challenge), decodeBigint(reader.rest())];
  const h = inputPoint(publicKey, input);
  const u = addGeneratorMultiple(sumOfMultiples([negated(pointOf(publicKey)), c]), s);
  const v = sumOfMultiples([h, s], [negated(gamma), c]);
  // Only the nonce 0, which no honest holder has, leads there. Infinity has no compressed form that a challenge could cover.
  if (u.z === 0n || v.z === 0n) throw unverified('VRF proof: leads to infinity');
  if (!equalBytes(challengeOf(publicKey, h, gammaBytes, u, v), challenge)) throw unverified('VRF proof: does not hold');
  return outputOf(gammaBytes);
}

/** The point H of §5.4.1.2. */
function inputPoint(publicKey: PublicKey, input: Uint8Array): Point {
  return encodeToCurve(concatBytes(compressed(publicKey), input), TAG);
}

/** §5.4.3. */
function challengeOf(publicKey: PublicKey, h: Point, gamma: Uint8Array, u: Point, v: Point): Uint8Array {
  const points = [compressed(publicKey), encodePoint(h), gamma, encodePoint(u), encodePoint(v)];
  return sm3(Uint8Array.of(SUITE, 2), ...points, Uint8Array.of(0)).slice(0, CHALLENGE_LENGTH);
}

/** §5.2 steps 4 to 6. */
function outputOf(gamma: Uint8Array): Hash {
  return sm3(Uint8Array.of(SUITE, 3), gamma, Uint8Array.of(0));
}

function pointOf(publicKey: PublicKey): Point {
  return { x: decodeBigint(publicKey.subarray(1, 33)), y: decodeBigint(publicKey.subarray(33)), z: 1n };
}

function compressed(publicKey: PublicKey): Uint8Array {
  return concatBytes(Uint8Array.of(2 + (publicKey[64]! & 1)), publicKey.subarray(1, 33));
}

function negated({ x, y, z }: Point): Point {
  return { x, y: -y, z };
}
