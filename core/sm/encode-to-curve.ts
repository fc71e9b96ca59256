/**
 * From any bytes to a point of the curve whose multiple of G nobody knows: encode_to_curve of RFC 9380 for the suite
 * SM2_XMD:SM3_SSWU_NU_, which the RFC does not list and whose parameters are chosen by its rules:
 *
 *   p, a, b     the curve of SM2, cofactor 1          expand   expand_message_xmd over SM3 (§5.3.1)
 *   Z = −9      §6.6.2, found as in appendix H.2      L = 48   ⌈(256 + 128) / 8⌉ (§5.1)
 *
 * Not constant-time: whoever times it learns something of the input.
 */
import { concatBytes, u16 } from '../bytes/bytes.ts';
import { invariant } from '../bytes/error.ts';
import { sm3 } from './sm3.ts';
import { A, B, decodeBigint, invert, modulo, P, type Point } from './sm2-curve.ts';
import { rightSideOf, squareRoot } from './sm2-point.ts';

const Z = P - 9n;
const L = 48;
/** SM3's block (s_in_bytes of §5.3.1). */
const Z_PAD = new Uint8Array(64);

/** −b/a, where the map's x comes from (§6.6.2). */
const MINUS_B_OVER_A = modulo(-B * invert(A, P), P);
/** x for the inputs where the formula would divide by zero: b/(Z·a). */
const EXCEPTIONAL_X = modulo(B * invert(modulo(Z * A, P), P), P);

/** §5.3.1 for 48 bytes, which two digests give. */
function expandMessage(message: Uint8Array, tag: Uint8Array): Uint8Array {
  invariant(tag.length > 0 && tag.length < 256, 'a domain separation tag has 1 to 255 bytes');
  const suffix = concatBytes(tag, Uint8Array.of(tag.length));
  const first = sm3(Z_PAD, message, u16(L), Uint8Array.of(0), suffix);
  const one = sm3(first, Uint8Array.of(1), suffix);
  const mixed = first.map((byte, i) => byte ^ one[i]!);
  const two = sm3(mixed, Uint8Array.of(2), suffix);
  return concatBytes(one, two).subarray(0, L);
}

/** The simplified map of Shallue, van de Woestijne and Ulas (§6.6.2), steps 1 to 8; 0 ≤ u < p. */
export function mapToCurve(u: bigint): Point {
  const zuu = (((Z * u) % P) * u) % P;
  const divisor = (zuu * zuu + zuu) % P;
  const x1 = divisor === 0n ? EXCEPTIONAL_X : (MINUS_B_OVER_A * (1n + invert(divisor, P))) % P;
  const y1 = squareRoot(rightSideOf(x1));
  const x = y1 === null ? (zuu * x1) % P : x1;
  // g(Z·u²·x1) = (Z·u²)³·g(x1), and Z is no square: if the one is none, the other is.
  const y = y1 ?? squareRoot(rightSideOf(x));
  invariant(y !== null, 'one of two points is on the curve');
  // sgn0 of §4.1 is the parity.
  return { x, y: (u & 1n) === (y & 1n) ? y : P - y, z: 1n };
}

/** §3 with count 1 (the nonuniform encoding). `tag` names the protocol, so that no two share their points. */
export function encodeToCurve(message: Uint8Array, tag: Uint8Array): Point {
  return mapToCurve(decodeBigint(expandMessage(message, tag)) % P);
}
