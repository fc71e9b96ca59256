/**
 * ECVRF a second time, for any short Weierstrass curve: written from RFC 9381 and RFC 9380 over the curve arithmetic of @noble/curves
 * and the digests of OpenSSL. It shares nothing with core/; with P-256 and SHA-256 it must reproduce the RFC's own examples.
 */
import { createHash, createHmac } from 'node:crypto';
import { hash_to_field, mapToCurveSimpleSWU } from '@noble/curves/abstract/hash-to-curve.js';
import { Field } from '@noble/curves/abstract/modular.js';
import { weierstrass, type WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js';
import type { CHash } from '@noble/curves/utils.js';

export interface CurveNumbers {
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly n: bigint;
  readonly gx: bigint;
  readonly gy: bigint;
}

export interface VrfSuite {
  readonly octet: number;
  /** The RFC 9380 suite's name. */
  readonly name: string;
  readonly hash: 'sm3' | 'sha256';
  readonly z: bigint;
  readonly curve: CurveNumbers;
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
const bytesOf = (value: bigint, length = 32): Buffer => Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');

export class ReferenceVrf {
  readonly #suite: VrfSuite;
  readonly #point;
  readonly #map;

  constructor(suite: VrfSuite) {
    const { p, a, b, n, gx, gy } = suite.curve;
    const field = Field(p);
    this.#suite = suite;
    this.#point = weierstrass({ p, a, b, n, h: 1n, Gx: gx, Gy: gy });
    this.#map = mapToCurveSimpleSWU(field, { A: a, B: b, Z: field.create(suite.z) });
  }

  #hash = (...parts: Uint8Array[]): Buffer => createHash(this.#suite.hash).update(Buffer.concat(parts)).digest();
  #hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer =>
    createHmac(this.#suite.hash, key).update(Buffer.concat(parts)).digest();

  publicKey(x: bigint): WeierstrassPoint<bigint> {
    return this.#point.BASE.multiply(x);
  }

  parsePoint(bytes: Uint8Array): WeierstrassPoint<bigint> {
    return this.#point.fromBytes(bytes);
  }

  /** §5.4.1.2. */
  inputPoint(y: WeierstrassPoint<bigint>, alpha: Uint8Array): WeierstrassPoint<bigint> {
    const hash = Object.assign((bytes: Uint8Array) => new Uint8Array(this.#hash(bytes)), { outputLen: 32, blockLen: 64 });
    const options = { p: this.#suite.curve.p, m: 1, k: 128, expand: 'xmd' as const, hash: hash as unknown as CHash };
    const DST = Buffer.concat([Buffer.from(`ECVRF_${this.#suite.name}`), Buffer.of(this.#suite.octet)]);
    const [[u]] = hash_to_field(Buffer.concat([y.toBytes(true), alpha]), 1, { ...options, DST }) as [[bigint]];
    return this.#point.fromAffine(this.#map(u));
  }

  /** §5.4.2.1, which is RFC 6979 §3.2 with the message h_string. */
  nonce(x: bigint, hString: Uint8Array): bigint {
    const { n } = this.#suite.curve;
    const seed = Buffer.concat([bytesOf(x), bytesOf(numberOf(this.#hash(hString)) % n)]);
    let v: Buffer = Buffer.alloc(32, 1);
    let key: Buffer = Buffer.alloc(32, 0);
    for (const step of [0, 1]) {
      key = this.#hmac(key, v, Buffer.of(step), seed);
      v = this.#hmac(key, v);
    }
    for (;;) {
      v = this.#hmac(key, v);
      const k = numberOf(v);
      if (k > 0n && k < n) return k;
      key = this.#hmac(key, v, Buffer.of(0));
      v = this.#hmac(key, v);
    }
  }

  #challenge(points: WeierstrassPoint<bigint>[]): bigint {
    const strings = points.map((point) => point.toBytes(true));
    return numberOf(this.#hash(Buffer.of(this.#suite.octet, 2), ...strings, Buffer.of(0)).subarray(0, 16));
  }

  output(gamma: WeierstrassPoint<bigint>): Buffer {
    return this.#hash(Buffer.of(this.#suite.octet, 3), gamma.toBytes(true), Buffer.of(0));
  }

  /** §5.1. A liar may choose the nonce, and the secret that makes Γ. */
  prove(x: bigint, alpha: Uint8Array, lie: { readonly nonce?: bigint; readonly gammaSecret?: bigint } = {}): Buffer {
    const y = this.publicKey(x);
    const h = this.inputPoint(y, alpha);
    const gamma = h.multiply(lie.gammaSecret ?? x);
    const k = lie.nonce ?? this.nonce(x, h.toBytes(true));
    const c = this.#challenge([y, h, gamma, this.#point.BASE.multiply(k), h.multiply(k)]);
    return Buffer.concat([gamma.toBytes(true), bytesOf(c, 16), bytesOf((k + c * x) % this.#suite.curve.n)]);
  }

  /** §5.3: the output, or null. */
  verify(y: WeierstrassPoint<bigint>, alpha: Uint8Array, proof: Uint8Array): Buffer | null {
    try {
      const gamma = this.#point.fromBytes(proof.subarray(0, 33));
      const [c, s] = [numberOf(proof.subarray(33, 49)), numberOf(proof.subarray(49))];
      if (proof.length !== 81 || s >= this.#suite.curve.n) return null;
      const h = this.inputPoint(y, alpha);
      const u = this.#point.BASE.multiplyUnsafe(s).subtract(y.multiplyUnsafe(c));
      const v = h.multiplyUnsafe(s).subtract(gamma.multiplyUnsafe(c));
      return this.#challenge([y, h, gamma, u, v]) === c ? this.output(gamma) : null;
    } catch {
      return null;
    }
  }
}
