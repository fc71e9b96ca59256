import { describe, test } from 'node:test';
import { createECDH, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import {
  A,
  addGeneratorMultiple,
  addMultiple,
  addPoints,
  affineOf,
  B,
  decodeBigint,
  doublePoint,
  encodeBigint,
  GENERATOR,
  hasXModuloN,
  INFINITY,
  invert,
  isOnCurve,
  N,
  P,
  tableOf,
} from '../../core/sm/sm2-curve.ts';
import type { Point } from '../../core/sm/sm2-curve.ts';
import vectors from '../vectors/sm2_sign.json' with { type: 'json' };

const randomScalar = (): bigint => decodeBigint(randomBytes(32)) % N;
const multipleOfG = (scalar: bigint): Point => addGeneratorMultiple(INFINITY, scalar);
const negative = (point: Point): Point => ({ ...point, y: -point.y });
/** The same point under other coordinates. */
const rescaled = ({ x, y, z }: Point, by: bigint): Point => ({ x: (x * by * by) % P, y: (y * by ** 3n) % P, z: (z * by) % P });

/** 04 ‖ x ‖ y in hex; the one byte 00 for infinity. */
function encodePoint(point: Point): string {
  if (point.z === 0n) return '00';
  const { x, y } = affineOf(point);
  return `04${encodeHex(encodeBigint(x))}${encodeHex(encodeBigint(y))}`;
}

function expectEqual(got: Point, want: Point, why?: string): void {
  expect(encodePoint(got), why).to.equal(encodePoint(want));
}

function opensslMultiple(scalar: bigint): string {
  const ecdh = createECDH('SM2');
  ecdh.setPrivateKey(encodeBigint(scalar));
  return ecdh.getPublicKey('hex');
}

const SMALL = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
const POWERS = Array.from({ length: 256 }, (_, i) => 1n << BigInt(i));
const NEAR_POWERS = POWERS.slice(1).flatMap((power) => [power - 1n, power + 1n]);
const NEAR_ORDER = SMALL.map((k) => N - k);
const EDGES = [...SMALL, ...POWERS, ...NEAR_POWERS, ...NEAR_ORDER].filter((k) => k < N);

describe('the SM2 curve', () => {
  test('has the parameters of GB/T 32918.5', () => {
    const { p, a, b, n, gx, gy } = vectors.curves.sm2p256v1;
    expect([P, A, B, N, GENERATOR.x, GENERATOR.y].map((value) => encodeHex(encodeBigint(value)))).to.deep.equal([
      p,
      a,
      b,
      n,
      gx,
      gy,
    ]);
    expect(isOnCurve(GENERATOR.x, GENERATOR.y)).to.equal(true);
    expectEqual(multipleOfG(N), INFINITY);
  });

  test('multiplies the generator as OpenSSL does, for scalars at every edge', () => {
    for (const scalar of EDGES) expect(encodePoint(multipleOfG(scalar)), `${scalar}`).to.equal(opensslMultiple(scalar));
  });

  test('multiplies the generator as OpenSSL does, for random scalars', () => {
    for (let i = 0; i < 300; i++) {
      const scalar = randomScalar() || 1n;
      expect(encodePoint(multipleOfG(scalar)), `${scalar}`).to.equal(opensslMultiple(scalar));
    }
  });

  test('multiplies any point as OpenSSL does', () => {
    for (const scalar of [...SMALL, ...NEAR_ORDER, ...Array.from({ length: 50 }, () => randomScalar() || 1n)]) {
      const factor = randomScalar() || 1n;
      const got = addMultiple(INFINITY, tableOf(multipleOfG(factor), 4), scalar);
      expect(encodePoint(got), `${scalar} times ${factor} G`).to.equal(opensslMultiple((scalar * factor) % N));
    }
  });

  test('gives the same multiple from tables of any width', () => {
    const point = multipleOfG(randomScalar());
    for (const scalar of [...SMALL, ...NEAR_ORDER, randomScalar(), (1n << 256n) - 1n]) {
      const want = addMultiple(INFINITY, tableOf(point, 4), scalar);
      for (const width of [1, 2, 3, 5, 7])
        expectEqual(addMultiple(INFINITY, tableOf(point, width), scalar), want, `width ${width}`);
    }
  });

  test('takes scalars beyond the order as their residues', () => {
    for (const scalar of [N, N + 1n, 2n * N - 1n, (1n << 256n) - 1n].filter((k) => k < 1n << 256n)) {
      expectEqual(multipleOfG(scalar), multipleOfG(scalar % N), `${scalar}`);
    }
  });

  test('adds by the group law: multiples add as their scalars do', () => {
    for (let i = 0; i < 100; i++) {
      const a = randomScalar();
      const b = randomScalar();
      expectEqual(addPoints(multipleOfG(a), multipleOfG(b)), multipleOfG((a + b) % N), `${a} ${b}`);
      expectEqual(addGeneratorMultiple(multipleOfG(a), b), multipleOfG((a + b) % N), `${a} ${b}`);
    }
  });

  test('adds a point to itself, to its opposite and to infinity, whatever coordinates stand for it', () => {
    for (const scalar of [1n, 2n, N - 1n, randomScalar()]) {
      const point = multipleOfG(scalar);
      const twice = multipleOfG((2n * scalar) % N);
      for (const same of [point, rescaled(point, 7n), rescaled(point, P - 1n), rescaled(point, randomScalar())]) {
        expectEqual(same, point);
        expectEqual(doublePoint(same), twice);
        expectEqual(addPoints(point, same), twice);
        expectEqual(addPoints(same, negative(point)), INFINITY);
        expectEqual(addPoints(negative(same), point), INFINITY);
        expectEqual(addPoints(same, INFINITY), point);
        expectEqual(addPoints(INFINITY, same), point);
      }
    }
    expectEqual(addPoints(INFINITY, INFINITY), INFINITY);
    expectEqual(doublePoint(INFINITY), INFINITY);
  });

  test('goes through infinity and through doubling in the middle of a sum', () => {
    const table = tableOf(GENERATOR, 4);
    // The digits of 0x7325 are 5, 2, 3, 7: the sum so far is cancelled, or met again, at each of them in turn.
    for (const met of [0x5n, 0x25n, 0x325n, 0x7325n]) {
      expectEqual(addMultiple(negative(multipleOfG(met)), table, 0x7325n), multipleOfG(0x7325n - met), `cancelled at ${met}`);
    }
    for (const [start, next] of [
      [0x5n, 0x5n],
      [0x1bn, 0x25n],
      [0x2dbn, 0x325n],
      [0x6cdbn, 0x7325n],
    ] as const) {
      expectEqual(addMultiple(multipleOfG(start), table, 0x7325n), multipleOfG(start + 0x7325n), `met again at ${next}`);
    }
  });

  test('finds x modulo n, also for the few x between n and p', () => {
    for (let i = 0; i < 20; i++) {
      const point = multipleOfG(randomScalar() || 1n);
      const residue = affineOf(point).x % N;
      expect(hasXModuloN(point, residue)).to.equal(true);
      expect(hasXModuloN(point, (residue + 1n) % N)).to.equal(false);
    }
    const beyond = pointWithXFrom(N);
    expect(beyond.x).to.satisfy((x: bigint) => x >= N && x < P);
    for (const same of [beyond, rescaled(beyond, 5n)]) {
      expect(hasXModuloN(same, beyond.x - N)).to.equal(true);
      expect(hasXModuloN(same, beyond.x - N + 1n)).to.equal(false);
    }
  });

  test('does not take x for x + n − p: both are the same in the field, not modulo n', () => {
    const small = pointWithXFrom(0n);
    expect(hasXModuloN(small, small.x)).to.equal(true);
    expect(hasXModuloN(small, small.x + P - N)).to.equal(false);
  });

  test('finds no x at infinity', () => {
    for (const infinity of [INFINITY, { x: 0n, y: 1n, z: 0n }]) {
      for (const residue of [0n, 1n, N - 1n]) expect(hasXModuloN(infinity, residue)).to.equal(false);
    }
    expect(() => affineOf(INFINITY)).to.throw('invariant');
  });

  test('inverts modulo both primes', () => {
    for (const modulus of [P, N]) {
      for (const value of [1n, 2n, modulus - 1n, randomScalar() || 1n])
        expect((invert(value, modulus) * value) % modulus).to.equal(1n);
    }
  });

  test('knows the points that are not on it', () => {
    const { x, y } = affineOf(multipleOfG(randomScalar() || 1n));
    expect(isOnCurve(x, y)).to.equal(true);
    expect(isOnCurve(x, P - y)).to.equal(true);
    for (const [wrongX, wrongY] of [
      [x, (y + 1n) % P],
      [(x + 1n) % P, y],
      [y, x],
      [0n, 0n],
      [0n, 1n],
    ] as const) {
      expect(isOnCurve(wrongX, wrongY)).to.equal(false);
    }
  });
});

/** The first point with x ≥ `start`; p ≡ 3 (mod 4), so a root, if there is one, is the power (p + 1)/4. */
function pointWithXFrom(start: bigint): Point {
  for (let x = start; ; x++) {
    let y = 1n;
    for (const bit of ((P + 1n) / 4n).toString(2)) y = (y * y * (bit === '1' ? (x * x + A) * x + B : 1n)) % P;
    if (isOnCurve(x, y)) return { x, y, z: 1n };
  }
}
