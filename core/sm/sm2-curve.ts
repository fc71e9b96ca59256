/**
 * The curve of SM2 (GB/T 32918.5-2017): y² = x³ − 3x + b over F_p, of prime order n, and sums of multiples of its points.
 *
 * A point (x, y, z) stands for the affine point (x/z², y/z³), z = 0 for infinity. Coordinates lie in −p < v < p and any of their
 * representatives will do: `%` keeps the sign of the dividend, and making it positive each time would buy nothing. Additions treat
 * equal, opposite and infinite points rightly: who chooses a signature also chooses the partial sums. Nothing here is constant-time.
 */
import { decodeHex, encodeHex } from '../bytes/bytes.ts';
import { invariant } from '../bytes/error.ts';

export const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
export const A = P - 3n;
export const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
export const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;

export interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

export const INFINITY: Point = { x: 1n, y: 1n, z: 0n };

export const GENERATOR: Point = {
  x: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  y: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
  z: 1n,
};

/** Big-endian bytes to an integer. */
export function decodeBigint(bytes: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(bytes)}`);
}

/** 32 bytes, big-endian (GB/T 32918.1 §4.2). */
export function encodeBigint(value: bigint): Uint8Array {
  return decodeHex(value.toString(16).padStart(64, '0'), 32);
}

/** The representative of `value` in 0 … modulus − 1. */
export function modulo(value: bigint, modulus: bigint): bigint {
  const remainder = value % modulus;
  return remainder < 0n ? remainder + modulus : remainder;
}

/** 1/value for a prime modulus, as value^(modulus − 2): the same steps for every value. */
export function invert(value: bigint, modulus: bigint): bigint {
  let power = 1n;
  for (const bit of (modulus - 2n).toString(2)) {
    power = (power * power) % modulus;
    if (bit === '1') power = (power * value) % modulus;
  }
  return modulo(power, modulus);
}

/** Whether coordinates 0 ≤ x, y < p satisfy the curve's equation. */
export function isOnCurve(x: bigint, y: bigint): boolean {
  return (y * y - (x * x + A) * x - B) % P === 0n;
}

/** 2a. The group's order is odd, so no y is 0 and only infinity doubles to infinity. (a = −3 saves a squaring.) */
export function doublePoint({ x, y, z }: Point): Point {
  const zz = (z * z) % P;
  const yy = (y * y) % P;
  const xyy = (x * yy) % P;
  const slope = (3n * (x - zz) * (x + zz)) % P;
  const doubleX = (slope * slope - 8n * xyy) % P;
  const doubleY = (slope * (4n * xyy - doubleX) - 8n * yy * yy) % P;
  return { x: doubleX, y: doubleY, z: (2n * y * z) % P };
}

/** a + b for any two points (GB/T 32918.1 appendix A.1.2.3). */
export function addPoints(a: Point, b: Point): Point {
  if (a.z === 0n) return b;
  if (b.z === 0n) return a;
  const aZz = (a.z * a.z) % P;
  const bZz = (b.z * b.z) % P;
  const aX = (a.x * bZz) % P;
  const aY = (((a.y * b.z) % P) * bZz) % P;
  const run = (b.x * aZz - aX) % P;
  const rise = (((b.y * a.z) % P) * aZz - aY) % P;
  if (run === 0n) return rise === 0n ? doublePoint(a) : INFINITY;
  const run2 = (run * run) % P;
  const run3 = (run * run2) % P;
  const aXrun2 = (aX * run2) % P;
  const x = (rise * rise - run3 - 2n * aXrun2) % P;
  return { x, y: (rise * (aXrun2 - x) - aY * run3) % P, z: (((a.z * b.z) % P) * run) % P };
}

/** The affine coordinates, 0 ≤ x, y < p, of a point that is not infinity. */
export function affineOf(point: Point): { x: bigint; y: bigint } {
  invariant(point.z !== 0n, 'infinity has no affine coordinates');
  const inverse = invert(point.z, P);
  const inverse2 = (inverse * inverse) % P;
  return { x: modulo(point.x * inverse2, P), y: modulo(point.y * ((inverse * inverse2) % P), P) };
}

/**
 * Whether the affine x of `point` is `residue` modulo n, 0 ≤ residue < n. Two values below p may have that residue, and v is the
 * affine x exactly when v·z² ≡ x: cheaper than `affineOf`. False for infinity.
 */
export function hasXModuloN({ x, z }: Point, residue: bigint): boolean {
  return z !== 0n && [residue, residue + N].some((v) => v < P && (v * z * z - x) % P === 0n);
}

/** Multiples of one point: row i holds 1 … 2^(width − 1) times 2^(width·i) times the point, one row after another. */
export interface MultiplesTable {
  readonly width: number;
  readonly points: readonly Point[];
}

export function tableOf(point: Point, width: number): MultiplesTable {
  const half = 1 << (width - 1);
  const points: Point[] = [];
  // One row more than the 256 bits fill: the signed digits of a scalar may carry out of the last one.
  for (let row = 0, base = point; row <= Math.ceil(256 / width); row++) {
    const start = points.length;
    points.push(base);
    for (let k = 2; k <= half; k++) {
      points.push(k % 2 === 0 ? doublePoint(points[start + k / 2 - 1]!) : addPoints(points[start + k - 2]!, base));
    }
    base = doublePoint(points[start + half - 1]!);
  }
  return { width, points };
}

/** sum + scalar · (the table's point), 0 ≤ scalar < 2²⁵⁶: one addition for each digit of −2^(width−1) < digit ≤ 2^(width−1). */
export function addMultiple(sum: Point, table: MultiplesTable, scalar: bigint): Point {
  const full = 1 << table.width;
  const half = full / 2;
  let total = sum;
  let rest = scalar;
  let carry = 0;
  for (let start = 0; start < table.points.length; start += half) {
    const digit = Number(BigInt.asUintN(table.width, rest)) + carry;
    rest >>= BigInt(table.width);
    // Above one half the digit stands for itself minus a full one, which is carried; a full one is 0 and a carry.
    carry = digit > half ? 1 : 0;
    if (digit === 0 || digit === full) continue;
    const multiple = table.points[start + (carry === 0 ? digit : full - digit) - 1]!;
    total = addPoints(total, carry === 0 ? multiple : { ...multiple, y: -multiple.y });
  }
  return total;
}

/** Made at first use: 43 rows of 32 points. */
let generatorTable: MultiplesTable | undefined;

/** sum + scalar · G. */
export function addGeneratorMultiple(sum: Point, scalar: bigint): Point {
  generatorTable ??= tableOf(GENERATOR, 6);
  return addMultiple(sum, generatorTable, scalar);
}

/** Digits of a scalar ≥ 0 from the lowest: odd, of less than 2^(width − 1) either way, with at least width − 1 zeros between two. */
const WINDOW = 5;

function signedDigits(scalar: bigint): number[] {
  const digits: number[] = [];
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    const digit = (rest & 1n) === 0n ? 0n : BigInt.asIntN(WINDOW, rest);
    rest -= digit;
    digits.push(Number(digit));
  }
  return digits;
}

/** The odd multiples 1, 3 … 2^(WINDOW − 1) − 1 of a point. */
function oddMultiplesOf(point: Point): Point[] {
  const twice = doublePoint(point);
  const multiples = [point];
  while (multiples.length < 1 << (WINDOW - 2)) multiples.push(addPoints(multiples.at(-1)!, twice));
  return multiples;
}

/**
 * The sum of scalar · point, 0 ≤ scalar < 2²⁵⁶, over all terms: for points that are multiplied once, where a table would not pay. All
 * terms share the doublings.
 */
export function sumOfMultiples(...terms: readonly (readonly [point: Point, scalar: bigint])[]): Point {
  const rows = terms.map(([point, scalar]) => ({ multiples: oddMultiplesOf(point), digits: signedDigits(scalar) }));
  let sum = INFINITY;
  for (let i = Math.max(0, ...rows.map(({ digits }) => digits.length)) - 1; i >= 0; i--) {
    sum = doublePoint(sum);
    for (const { multiples, digits } of rows) {
      const digit = digits[i] ?? 0;
      if (digit === 0) continue;
      const multiple = multiples[(Math.abs(digit) - 1) / 2]!;
      sum = addPoints(sum, digit > 0 ? multiple : { ...multiple, y: -multiple.y });
    }
  }
  return sum;
}
