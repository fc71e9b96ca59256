import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { mapToCurve } from '../../core/sm/encode-to-curve.ts';
import { parsePrivateKey, parsePublicKey, privateKeyFromRandom, publicKeyOf, type PrivateKey } from '../../core/sm/sm2.ts';
import { A, B, decodeBigint, encodeBigint, GENERATOR, isOnCurve, N, P } from '../../core/sm/sm2-curve.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { parseVrfProof, proveVrf, verifyVrf, vrfOutput } from '../../core/sm/vrf.ts';
import { expectRefusal, readVectors } from '../log/mangling.ts';
import { manglings } from './mangle.ts';
import { ReferenceVrf } from './reference-vrf.ts';

const P256 = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  a: 0xffffffff00000001000000000000000000000000fffffffffffffffffffffffcn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  gx: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  gy: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};
const SM2 = { p: P, a: A, b: B, n: N, gx: GENERATOR.x, gy: GENERATOR.y };

const ofRfc = new ReferenceVrf({ octet: 2, name: 'P256_XMD:SHA-256_SSWU_NU_', hash: 'sha256', z: -10n, curve: P256 });
const reference = new ReferenceVrf({ octet: 0xf2, name: 'SM2_XMD:SM3_SSWU_NU_', hash: 'sm3', z: -9n, curve: SM2 });

const keyOf = (name: string): PrivateKey => parsePrivateKey(sm3(encodeUtf8(name)));
const KEY = keyOf('a vrf key');
const INPUT = encodeUtf8('an input');

type RfcCase = Record<'desc' | 'privateKey' | 'publicKey' | 'alpha' | 'h' | 'k' | 'u' | 'v' | 'proof' | 'output', string>;

describe('the reference implementation, with P-256 and SHA-256', () => {
  const file = readFileSync(new URL('../vectors/rfc9381_p256.json', import.meta.url), 'utf8');
  for (const vector of (JSON.parse(file) as { cases: RfcCase[] }).cases) {
    test(`gives ${vector.desc}`, () => {
      const x = BigInt(`0x${vector.privateKey}`);
      const y = ofRfc.publicKey(x);
      const alpha = decodeHex(vector.alpha);
      const h = ofRfc.inputPoint(y, alpha);
      const k = ofRfc.nonce(x, h.toBytes(true));
      expect(encodeHex(y.toBytes(true))).to.equal(vector.publicKey);
      expect(encodeHex(h.toBytes(true))).to.equal(vector.h);
      expect(k).to.equal(BigInt(`0x${vector.k}`));
      expect(encodeHex(ofRfc.publicKey(k).toBytes(true))).to.equal(vector.u);
      expect(encodeHex(h.multiply(k).toBytes(true))).to.equal(vector.v);
      expect(encodeHex(ofRfc.prove(x, alpha))).to.equal(vector.proof);
      expect(encodeHex(ofRfc.verify(y, alpha, decodeHex(vector.proof))!)).to.equal(vector.output);
    });
  }
});

describe('Z = −9', () => {
  const mod = (value: bigint): bigint => ((value % P) + P) % P;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (const bit of exponent.toString(2)) {
      result = (result * result) % P;
      if (bit === '1') result = (result * base) % P;
    }
    return result;
  };
  const isSquare = (value: bigint): boolean => mod(value) === 0n || power(mod(value), (P - 1n) / 2n) === 1n;
  const g = (x: bigint): bigint => mod(x ** 3n + A * x + B);

  type Quadratic = readonly [bigint, bigint, bigint];
  /** The product of two polynomials c₀ + c₁x + c₂x² modulo x³ + ax + d. */
  function times(f: Quadratic, h: Quadratic, d: bigint): Quadratic {
    const c = [0n, 0n, 0n, 0n, 0n];
    for (const [i, fi] of f.entries()) for (const [j, hj] of h.entries()) c[i + j] = mod(c[i + j]! + fi * hj);
    for (const degree of [4, 3]) {
      c[degree - 2] = mod(c[degree - 2]! - A * c[degree]!);
      c[degree - 3] = mod(c[degree - 3]! - d * c[degree]!);
    }
    return [c[0]!, c[1]!, c[2]!];
  }

  /** A cubic is irreducible exactly when it has no root: when x^p − x has no common factor with it. */
  function isIrreducible(z: bigint): boolean {
    const d = mod(B - z);
    let xp: Quadratic = [1n, 0n, 0n];
    for (const bit of P.toString(2)) {
      xp = times(xp, xp, d);
      if (bit === '1') xp = times(xp, [0n, 1n, 0n], d);
    }
    // Euclid's algorithm: the degree of the greatest common divisor must be 0.
    let [f, h]: [bigint[], bigint[]] = [
      [d, mod(A), 0n, 1n],
      [xp[0], mod(xp[1] - 1n), xp[2]],
    ];
    const trimmed = (poly: bigint[]): bigint[] => poly.slice(0, poly.findLastIndex((c) => c !== 0n) + 1);
    for (h = trimmed(h); h.length > 0;) {
      const inverse = power(h.at(-1)!, P - 2n);
      for (f = trimmed(f); f.length >= h.length; f = trimmed(f)) {
        const [factor, shift] = [mod(f.at(-1)! * inverse), f.length - h.length];
        for (const [i, c] of h.entries()) f[i + shift] = mod(f[i + shift]! - factor * c);
      }
      [f, h] = [h, f];
    }
    return f.length === 1;
  }

  /** RFC 9380 §6.6.2 and appendix H.2. */
  const fits = (z: bigint): boolean =>
    !isSquare(z) && mod(z) !== P - 1n && isIrreducible(mod(z)) && isSquare(g(mod(B * power(mod(z * A), P - 2n))));

  test('is what the search of RFC 9380 appendix H.2 finds first', () => {
    const candidates = Array.from({ length: 9 }, (_, i) => [BigInt(i + 1), -BigInt(i + 1)]).flat();
    expect(candidates.find(fits)).to.equal(-9n);
  });

  test('the map reaches the curve from 0, ±1, p − 1 and where its formula would divide by zero', () => {
    // Z²u⁴ + Zu² = 0 for u = 0 and for u² = −1/Z, which has a root here.
    const exceptional = power(mod(power(9n, P - 2n)), (P + 1n) / 4n);
    expect(mod(9n * exceptional * exceptional)).to.equal(1n);
    for (const u of [0n, 1n, P - 1n, exceptional, P - exceptional, 2n, P - 2n]) {
      const { x, y } = mapToCurve(u);
      expect(isOnCurve(x, y), u.toString(16)).to.equal(true);
      expect(y & 1n).to.equal(u & 1n);
    }
  });
});

describe('the VRF', () => {
  test('does what the reference does, for 1,000 random keys and inputs', () => {
    for (let i = 0; i < 1000; i++) {
      const key = privateKeyFromRandom(randomBytes(40));
      const input = randomBytes(i % 150);
      const proof = proveVrf(key, input);
      const x = decodeBigint(key);
      expect(encodeHex(proof)).to.equal(encodeHex(reference.prove(x, input)));
      const output = encodeHex(verifyVrf(publicKeyOf(key), input, proof));
      expect(output).to.equal(encodeHex(vrfOutput(key, input)));
      if (i % 10 === 0) expect(encodeHex(reference.verify(reference.publicKey(x), input, proof)!)).to.equal(output);
    }
  });

  test('gives one output for a key and an input, whatever the nonce of the proof', () => {
    const output = encodeHex(vrfOutput(KEY, INPUT));
    for (let i = 0; i < 50; i++) {
      const nonce = (decodeBigint(randomBytes(32)) % (N - 1n)) + 1n;
      const proof = parseVrfProof(reference.prove(decodeBigint(KEY), INPUT, { nonce }));
      expect(encodeHex(verifyVrf(publicKeyOf(KEY), INPUT, proof))).to.equal(output);
    }
  });

  test('refuses another Γ even from a holder who knows both secrets', () => {
    for (let i = 0; i < 50; i++) {
      const gammaSecret = (decodeBigint(randomBytes(32)) % (N - 1n)) + 1n;
      const proof = parseVrfProof(reference.prove(decodeBigint(KEY), INPUT, { gammaSecret }));
      expectRefusal('UNVERIFIED', () => verifyVrf(publicKeyOf(KEY), INPUT, proof));
    }
  });

  test('refuses whatever is done to a proof', () => {
    const proof = proveVrf(KEY, INPUT);
    for (const { damage, mangled } of manglings(proof)) {
      try {
        verifyVrf(publicKeyOf(KEY), INPUT, parseVrfProof(mangled));
      } catch (error) {
        if (isCodedError(error, 'MALFORMED') || isCodedError(error, 'UNVERIFIED')) continue;
        throw error;
      }
      expect.fail(damage);
    }
  });

  test('refuses another input, another key, and the negative of Γ, c and s', () => {
    const proof = proveVrf(KEY, INPUT);
    const [gamma, c, s] = [proof.slice(0, 33), proof.slice(33, 49), proof.slice(49)];
    const other = (parts: Uint8Array[]): void =>
      expectRefusal('UNVERIFIED', () => verifyVrf(publicKeyOf(KEY), INPUT, parseVrfProof(concatBytes(...parts))));
    for (const input of ['an inpus', 'an input ', 'an inpu', '']) {
      expectRefusal('UNVERIFIED', () => verifyVrf(publicKeyOf(KEY), encodeUtf8(input), proof));
    }
    expectRefusal('UNVERIFIED', () => verifyVrf(publicKeyOf(keyOf('another')), INPUT, proof));
    // The key −x: the same x coordinate, the other y.
    const mirrored = parsePrivateKey(encodeBigint(N - decodeBigint(KEY)));
    expectRefusal('UNVERIFIED', () => verifyVrf(publicKeyOf(mirrored), INPUT, proof));
    other([Uint8Array.of(5 - gamma[0]!), gamma.slice(1), c, s]);
    other([gamma, c, encodeBigint(N - decodeBigint(s))]);
    other([gamma, encodeBigint(2n ** 128n - decodeBigint(c)).slice(16), s]);
  });

  test('differs for each key and each input', () => {
    const outputs = ['a', 'b', 'c'].flatMap((key) => ['x', 'y', 'z'].map((i) => encodeHex(vrfOutput(keyOf(key), encodeUtf8(i)))));
    expect(new Set(outputs).size).to.equal(9);
  });
});

interface VrfCase {
  readonly publicKey: string;
  readonly privateKey?: string;
  readonly alpha: string;
  readonly proof: string;
  readonly output?: string;
}

describe('the vectors of the VRF', () => {
  for (const vector of readVectors<VrfCase>('vrf.json')) {
    test(`${vector.want === 'ok' ? 'accepts' : 'refuses'} ${vector.desc}`, () => {
      const publicKey = parsePublicKey(decodeHex(vector.publicKey));
      const alpha = decodeHex(vector.alpha);
      const run = (): Uint8Array => verifyVrf(publicKey, alpha, parseVrfProof(decodeHex(vector.proof)));
      const y = reference.parsePoint(publicKey);
      if (vector.want !== 'ok') {
        expect(reference.verify(y, alpha, decodeHex(vector.proof))).to.equal(null);
        return expectRefusal(vector.want, run);
      }
      expect(encodeHex(run())).to.equal(vector.output);
      const key = parsePrivateKey(decodeHex(vector.privateKey!));
      expect(encodeHex(proveVrf(key, alpha))).to.equal(vector.proof);
      expect(encodeHex(publicKeyOf(key))).to.equal(vector.publicKey);
    });
  }
});
