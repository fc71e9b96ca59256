import { createECDH, ECDH, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { addGeneratorMultiple, addPoints, affineOf, decodeBigint, encodeBigint } from '../../core/sm/sm2-curve.ts';
import { GENERATOR, INFINITY, N, P, sumOfMultiples, type Point } from '../../core/sm/sm2-curve.ts';
import { decodePoint, encodePoint, rightSideOf, squareRoot } from '../../core/sm/sm2-point.ts';
import { manglings } from './mangle.ts';

const randomScalar = (): bigint => decodeBigint(randomBytes(32)) % N;
const multipleOfG = (scalar: bigint): Point => addGeneratorMultiple(INFINITY, scalar);
const textOf = (point: Point): string => (point.z === 0n ? 'infinity' : encodeHex(encodePoint(point)));

describe('a point in 33 bytes', () => {
  test('is what OpenSSL writes, and decodes to itself', () => {
    for (let i = 0; i < 50; i++) {
      const ecdh = createECDH('SM2');
      ecdh.generateKeys();
      const want = ecdh.getPublicKey('hex', 'compressed');
      const point = decodePoint(decodeHex(want))!;
      const { x, y } = affineOf(point);
      expect(`04${encodeHex(encodeBigint(x))}${encodeHex(encodeBigint(y))}`).to.equal(ecdh.getPublicKey('hex'));
      expect(textOf(point)).to.equal(want);
    }
  });

  test('is refused, or another point, whatever is done to it, as OpenSSL does', () => {
    for (const { mangled } of manglings(encodePoint(GENERATOR))) {
      const point = decodePoint(mangled);
      let theirs: string | null = null;
      try {
        theirs = encodeHex(Buffer.from(ECDH.convertKey(mangled, 'SM2', undefined, undefined, 'compressed')));
      } catch {
        // Not a point to OpenSSL either.
      }
      // OpenSSL also takes other lengths of the same point; those bytes have one spelling here.
      if (mangled.length !== 33) theirs = null;
      expect(point === null ? null : textOf(point)).to.equal(theirs);
      if (point !== null) expect(textOf(point)).to.equal(encodeHex(mangled));
    }
  });

  test('has half of all x, and none beyond the field', () => {
    const found = Array.from({ length: 400 }, (_, x) => squareRoot(rightSideOf(BigInt(x)))).filter((root) => root !== null);
    expect(found.length).to.be.within(150, 250);
    for (const root of found) expect(root > 0n && root < P).to.equal(true);
    for (const prefix of ['02', '03']) {
      expect(decodePoint(decodeHex(prefix + encodeHex(encodeBigint(P))))).to.equal(null);
      expect(decodePoint(decodeHex(prefix + 'ff'.repeat(32)))).to.equal(null);
    }
  });
});

describe('a sum of multiples', () => {
  const edges = [0n, 1n, 2n, 15n, 16n, 17n, 31n, 32n, 33n, 2n ** 128n - 1n, 2n ** 255n, N - 2n, N - 1n];

  test('of one point is what the table gives', () => {
    for (const scalar of [...edges, ...Array.from({ length: 50 }, randomScalar)]) {
      expect(textOf(sumOfMultiples([GENERATOR, scalar])), String(scalar)).to.equal(textOf(multipleOfG(scalar)));
    }
  });

  test('of two points is the sum, also where they are equal, opposite, or cancel', () => {
    const point = multipleOfG(randomScalar());
    const opposite = { ...point, y: -point.y };
    for (const other of [point, opposite, GENERATOR, INFINITY]) {
      for (const [a, b] of [
        ...edges.map((edge) => [edge, N - 1n - edge] as const),
        ...edges.map((edge) => [edge, edge] as const),
      ]) {
        const want = addPoints(sumOfMultiples([point, a]), sumOfMultiples([other, b]));
        expect(textOf(sumOfMultiples([point, a], [other, b])), `${a} ${b}`).to.equal(textOf(want));
      }
    }
    expect(textOf(sumOfMultiples([point, 7n], [opposite, 7n]))).to.equal('infinity');
    expect(textOf(sumOfMultiples())).to.equal('infinity');
  });
});
