/**
 * Points of the curve of SM2 as 33 bytes, and the square roots modulo p that decoding them takes (GB/T 32918.1 §4.2.9, §4.2.10).
 *
 *   02 or 03, after the parity of y · x 32      infinity has no such form
 */
import { concatBytes } from '../bytes/bytes.ts';
import { A, affineOf, B, decodeBigint, encodeBigint, modulo, P, type Point } from './sm2-curve.ts';

export const POINT_LENGTH = 33;

/** value^exponent modulo p, for 0 ≤ value < p and an exponent that is no secret. */
function power(value: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % P;
    if (bit === '1') result = (result * value) % P;
  }
  return result;
}

/** A square root of 0 ≤ value < p, or null where there is none: p ≡ 3 modulo 4 (GB/T 32918.1 appendix B.1.4). */
export function squareRoot(value: bigint): bigint | null {
  const root = power(value, (P + 1n) / 4n);
  return (root * root) % P === value ? root : null;
}

/** x³ + ax + b of 0 ≤ x < p. */
export function rightSideOf(x: bigint): bigint {
  return modulo((x * x + A) * x + B, P);
}

/** Of a point that is not infinity. */
export function encodePoint(point: Point): Uint8Array {
  const { x, y } = affineOf(point);
  return concatBytes(Uint8Array.of(2 + Number(y & 1n)), encodeBigint(x));
}

/** Null unless the bytes are the compressed form of a point of the curve. No point has y = 0, so both forms of an x exist or none. */
export function decodePoint(bytes: Uint8Array): Point | null {
  if (bytes.length !== POINT_LENGTH || (bytes[0] !== 2 && bytes[0] !== 3)) return null;
  const x = decodeBigint(bytes.subarray(1));
  const root = x < P ? squareRoot(rightSideOf(x)) : null;
  if (root === null) return null;
  return { x, y: Number(root & 1n) === bytes[0] - 2 ? root : P - root, z: 1n };
}
