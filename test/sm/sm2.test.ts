import { describe, test } from 'node:test';
import { hmac } from '@noble/hashes/hmac.js';
import { createHmacDrbg } from '@noble/curves/utils.js';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { isSm2Signature, parsePrivateKey, parsePublicKey, parseSignature } from '../../core/sm/sm2.ts';
import { privateKeyFromRandom, publicKeyOf, signSm2 } from '../../core/sm/sm2.ts';
import type { PrivateKey } from '../../core/sm/sm2.ts';
import {
  addGeneratorMultiple,
  affineOf,
  decodeBigint,
  encodeBigint,
  INFINITY,
  invert,
  modulo,
  N,
  P,
} from '../../core/sm/sm2-curve.ts';
import { decodeSignatureDer } from '../../core/sm/sm2-der.ts';
import { sm3, sm3Hash } from '../../core/sm/sm3.ts';
import rootChain from '../vectors/sm2_national_root_chain.json' with { type: 'json' };
import negative from '../vectors/sm2_negative.json' with { type: 'json' };
import range from '../vectors/sm2_range.json' with { type: 'json' };
import vectors from '../vectors/sm2_sign.json' with { type: 'json' };

/** Points whose small coordinate still fits 32 bytes with p added, found by solving the curve's equation. */
const SMALL_POINTS = [
  { x: 0n, y: 0xfd4511e81736a60f07e88a83d6cf5a167fae6d1a9c9330e76e232e00f5cdc154n },
  { x: 1n, y: 0x9f7a091433a81e3f218f405f792355bf2aa98b5ffa95982f03870800065279a3n },
  { x: 0x9c17043effe1a805a74a9a5e70b9d659705d3242094a566dc016f49311178d1fn, y: 1n },
];

const refusal = (run: () => unknown, why?: string): void => {
  expect(run, why).to.throw().with.property('code', 'MALFORMED');
};

const KEY = parsePrivateKey(decodeHex(vectors.tests[0]!.privateKey));
const PUBLIC_KEY = publicKeyOf(KEY);
const MESSAGE = encodeUtf8('message digest');

// The vector over the standard's other, "not for production" curve is left out: there is one curve here.
const official = vectors.tests.filter(({ curve }) => curve === 'sm2p256v1');

describe('SM2 against published signatures', () => {
  for (const { source, idUtf8, zInputHex, Z, e, msgHex, privateKey, publicKeyUncompressed, sigRaw, sigDer } of official) {
    const publicKey = parsePublicKey(decodeHex(publicKeyUncompressed));
    const message = decodeHex(msgHex);
    const userId = encodeUtf8(idUtf8);

    test(`accepts ${source.slice(0, 60)}`, () => {
      expect(isSm2Signature(publicKey, message, parseSignature(decodeHex(sigRaw)), userId)).to.equal(true);
      expect(isSm2Signature(publicKey, message, decodeSignatureDer(decodeHex(sigDer)), userId)).to.equal(true);
    });

    test(`derives its public key, Z and e, and signs to the same effect: ${source.slice(0, 60)}`, () => {
      const key = parsePrivateKey(decodeHex(privateKey));
      expect(encodeHex(publicKeyOf(key))).to.equal(publicKeyUncompressed);
      expect(encodeHex(sm3(decodeHex(zInputHex)))).to.equal(Z);
      expect(encodeHex(sm3(decodeHex(Z), message))).to.equal(e);
      expect(isSm2Signature(publicKey, message, signSm2(key, message, userId), userId)).to.equal(true);
    });
  }

  for (const { source, idUtf8, publicKeyUncompressed, msgUtf8, sigDer } of vectors.verifyOnly) {
    test(`accepts ${source}`, () => {
      const publicKey = parsePublicKey(decodeHex(publicKeyUncompressed));
      const signature = decodeSignatureDer(decodeHex(sigDer));
      expect(isSm2Signature(publicKey, encodeUtf8(msgUtf8), signature, encodeUtf8(idUtf8))).to.equal(true);
    });
  }

  test('accepts the national root certificate and the authority under it', () => {
    const root = readCertificate(rootChain.root.der);
    const authority = readCertificate(rootChain.intermediate.der);
    expect(isSm2Signature(root.publicKey, root.signed, root.signature)).to.equal(true);
    expect(isSm2Signature(root.publicKey, authority.signed, authority.signature)).to.equal(true);
    expect(isSm2Signature(authority.publicKey, authority.signed, authority.signature)).to.equal(false);
  });
});

/** All that is needed of an X.509 certificate: 30 82 L { signed part 30 82 l {…}, algorithm 14 bytes, 03 length 00 DER signature }. */
function readCertificate(hex: string) {
  const der = decodeHex(hex);
  const end = 4 + 4 + new DataView(der.buffer).getUint16(6);
  const keyAt = hex.indexOf('2a811ccf5501822d03420004') / 2 + 11;
  return {
    signed: der.subarray(4, end),
    publicKey: parsePublicKey(der.subarray(keyAt, keyAt + 65)),
    signature: decodeSignatureDer(der.subarray(end + 14 + 3)),
  };
}

describe('SM2 against known defects', () => {
  for (const { tcId, comment, publicKey, idHex, msg, sig, result } of negative.tests) {
    const accepted = result === 'valid';
    // "acceptable" are other forms of the public key; one form is accepted here.
    test(`${accepted ? 'accepts' : 'refuses'} case ${tcId}: ${comment}`, () => {
      expect(isAccepted(publicKey, idHex, msg, sig)).to.equal(accepted);
    });
  }

  function isAccepted(publicKey: string, userId: string, message: string, der: string): boolean {
    try {
      const signature = decodeSignatureDer(decodeHex(der));
      return isSm2Signature(parsePublicKey(decodeHex(publicKey)), decodeHex(message), signature, decodeHex(userId));
    } catch (error) {
      if (isCodedError(error, 'MALFORMED')) return false;
      throw error;
    }
  }

  for (const { desc, sigRaw, want } of range.tests) {
    test(`${want === 'valid' ? 'accepts' : 'refuses'} a signature with ${desc}`, () => {
      const signature = parseSignature(decodeHex(sigRaw));
      const accepted = isSm2Signature(parsePublicKey(decodeHex(range.publicKey)), decodeHex(range.msg), signature);
      expect(accepted).to.equal(want === 'valid');
    });
  }

  test('takes no digest from outside: the pair that fits a chosen e fits neither e nor any message', () => {
    const { e, r, s, publicKey } = negative.rawEForgery;
    const signature = parseSignature(decodeHex(r + s));
    for (const message of [decodeHex(e), MESSAGE, new Uint8Array()]) {
      expect(isSm2Signature(parsePublicKey(decodeHex(publicKey)), message, signature)).to.equal(false);
    }
  });

  test('refuses a signature whose points add up to infinity', () => {
    const d = decodeBigint(KEY);
    for (const t of [1n, 2n, N - 1n, decodeBigint(sm3(MESSAGE)) % N]) {
      const s = modulo(-t * d, N);
      const signature = parseSignature(concatBytes(encodeBigint(modulo(t - s, N)), encodeBigint(s)));
      expect(isSm2Signature(PUBLIC_KEY, MESSAGE, signature), `t = ${t}`).to.equal(false);
    }
  });

  test('refuses made-up signatures under the public key G, where the two sums meet or cancel', () => {
    const publicKey = publicKeyOf(parsePrivateKey(encodeBigint(1n)));
    for (const [r, s] of [
      [1n, 1n],
      [N - 2n, 1n],
      [N - 1n, 2n],
    ] as const) {
      const made = parseSignature(concatBytes(encodeBigint(r), encodeBigint(s)));
      expect(isSm2Signature(publicKey, MESSAGE, made)).to.equal(false);
    }
  });

  test('refuses a signature under another user id', () => {
    const signature = signSm2(KEY, MESSAGE);
    for (const id of ['', '1234567812345678 ', '123456781234567', '1234567812345678@', 'ALICE123@YAHOO.COM']) {
      expect(isSm2Signature(PUBLIC_KEY, MESSAGE, signature, encodeUtf8(id)), id).to.equal(false);
    }
    expect(isSm2Signature(PUBLIC_KEY, MESSAGE, signature, encodeUtf8('1234567812345678'))).to.equal(true);
  });

  test('refuses a user id whose length in bits does not fit 16 bits', () => {
    const longest = new Uint8Array(8191);
    expect(isSm2Signature(PUBLIC_KEY, MESSAGE, signSm2(KEY, MESSAGE, longest), longest)).to.equal(true);
    refusal(() => signSm2(KEY, MESSAGE, new Uint8Array(8192)));
    refusal(() => isSm2Signature(PUBLIC_KEY, MESSAGE, signSm2(KEY, MESSAGE), new Uint8Array(8192)));
  });
});

describe('SM2 keys and signatures as bytes', () => {
  for (const { d, result, comment } of negative.privateKeyRules) {
    test(`${result === 'valid' ? 'accepts' : 'refuses'} a private key: ${comment}`, () => {
      if (result === 'valid') {
        const key = parsePrivateKey(decodeHex(d));
        expect(isSm2Signature(publicKeyOf(key), MESSAGE, signSm2(key, MESSAGE))).to.equal(true);
      } else {
        refusal(() => parsePrivateKey(decodeHex(d)));
      }
    });
  }

  test('refuses private keys of other lengths', () => {
    for (const length of [0, 1, 31, 33, 64]) refusal(() => parsePrivateKey(new Uint8Array(length).fill(1)), `${length}`);
  });

  const x = PUBLIC_KEY.subarray(1, 33);
  const y = PUBLIC_KEY.subarray(33);
  const head = Uint8Array.of(4);
  const badPublicKeys: [string, Uint8Array][] = [
    ['nothing', new Uint8Array()],
    ['infinity, one byte', Uint8Array.of(0)],
    ['infinity, 65 bytes', new Uint8Array(65)],
    ['64 bytes', concatBytes(x, y)],
    ['66 bytes', concatBytes(PUBLIC_KEY, Uint8Array.of(0))],
    ['compressed, even', concatBytes(Uint8Array.of(2), x)],
    ['compressed, odd', concatBytes(Uint8Array.of(3), x)],
    ['hybrid, even', concatBytes(Uint8Array.of(6), x, y)],
    ['hybrid, odd', concatBytes(Uint8Array.of(7), x, y)],
    ['another first byte', concatBytes(Uint8Array.of(5), x, y)],
    ['the origin', concatBytes(head, new Uint8Array(64))],
    ['x and y swapped', concatBytes(head, y, x)],
    ['x = p', concatBytes(head, encodeBigint(P), y)],
    ['y = p', concatBytes(head, x, encodeBigint(P))],
    ['the largest coordinates', concatBytes(head, new Uint8Array(64).fill(0xff))],
  ];
  for (const [what, bytes] of badPublicKeys) test(`refuses a public key: ${what}`, () => refusal(() => parsePublicKey(bytes)));

  for (const { x: px, y: py } of SMALL_POINTS) {
    test(`accepts a public key with a small coordinate, refuses it with p added: ${px < py ? `x = ${px}` : `y = ${py}`}`, () => {
      const bytesOf = (a: bigint, b: bigint): Uint8Array => concatBytes(head, encodeBigint(a), encodeBigint(b));
      expect(parsePublicKey(bytesOf(px, py))).to.deep.equal(bytesOf(px, py));
      refusal(() => parsePublicKey(px < py ? bytesOf(px + P, py) : bytesOf(px, py + P)));
    });
  }

  test('takes its own copy of keys and signatures', () => {
    const signature = signSm2(KEY, MESSAGE);
    for (const [parse, original] of [
      [parsePublicKey, PUBLIC_KEY],
      [parsePrivateKey, KEY],
      [parseSignature, signature],
    ] as const) {
      const bytes = Buffer.from(original);
      const parsed = parse(bytes);
      bytes.fill(0);
      expect(parsed).to.deep.equal(original);
    }
  });

  test('refuses signatures of other lengths', () => {
    for (const length of [0, 63, 65, 72, 128]) refusal(() => parseSignature(new Uint8Array(length)), `${length}`);
  });

  test('makes keys over the whole range, and only from 40 bytes', () => {
    const bytesOf = (value: bigint): Uint8Array => decodeHex(value.toString(16).padStart(80, '0'));
    const made = (value: bigint): bigint => decodeBigint(privateKeyFromRandom(bytesOf(value)));
    expect(made(0n)).to.equal(1n);
    expect(made(N - 3n)).to.equal(N - 2n);
    expect(made(N - 2n)).to.equal(1n);
    expect(made((1n << 320n) - 1n)).to.equal((((1n << 320n) - 1n) % (N - 2n)) + 1n);
    for (const length of [0, 32, 39, 41]) refusal(() => privateKeyFromRandom(new Uint8Array(length)), `${length}`);
  });
});

describe('SM2 signing', () => {
  test('gives one signature for one key, user id and message', () => {
    expect(signSm2(KEY, MESSAGE)).to.deep.equal(signSm2(parsePrivateKey(new Uint8Array(KEY)), MESSAGE));
    const others = [
      signSm2(KEY, encodeUtf8('message digesu')),
      signSm2(KEY, MESSAGE, encodeUtf8('other')),
      signSm2(keyOf(2), MESSAGE),
    ];
    expect(new Set([signSm2(KEY, MESSAGE), ...others].map((signature) => encodeHex(signature).slice(0, 64))).size).to.equal(4);
  });

  test('draws its nonce as RFC 6979 §3.2 says', () => {
    const generate = createHmacDrbg<bigint>(32, 32, (key: Uint8Array, bytes: Uint8Array) => hmac(sm3Hash, key, bytes));
    for (let i = 1; i <= 50; i++) {
      const key = keyOf(i);
      const message = sm3(Uint8Array.of(i));
      const [d, r, s] = [decodeBigint(key), ...halves(signSm2(key, message))] as const;
      const k = modulo(s * (1n + d) + r * d, N);
      const e = modulo(r - affineOf(addGeneratorMultiple(INFINITY, k)).x, N);
      const want = generate(concatBytes(key, encodeBigint(e)), (bytes) => {
        const candidate = decodeBigint(bytes);
        return candidate >= 1n && candidate < N ? candidate : undefined;
      });
      expect(k, `key ${i}`).to.equal(want);
    }
  });

  test('holds for neither the opposite nor the inverse key', () => {
    const signature = signSm2(KEY, MESSAGE);
    const [, y] = halves(PUBLIC_KEY.subarray(1));
    const opposite = parsePublicKey(concatBytes(PUBLIC_KEY.subarray(0, 33), encodeBigint(P - y)));
    expect(isSm2Signature(opposite, MESSAGE, signature)).to.equal(false);
    const inverse = parsePrivateKey(encodeBigint(invert(decodeBigint(KEY), N)));
    expect(isSm2Signature(publicKeyOf(inverse), MESSAGE, signature)).to.equal(false);
  });

  test('holds for more keys than are remembered, in any order', () => {
    const keys = Array.from({ length: 70 }, (_, i) => keyOf(i + 1));
    const signatures = keys.map((key) => signSm2(key, MESSAGE));
    for (const round of [keys, keys.toReversed()]) {
      for (const key of round) {
        const i = keys.indexOf(key);
        expect(isSm2Signature(publicKeyOf(key), MESSAGE, signatures[i]!), `key ${i}`).to.equal(true);
        expect(isSm2Signature(publicKeyOf(key), MESSAGE, signatures[(i + 1) % 70]!), `key ${i}`).to.equal(false);
      }
    }
  });
});

function keyOf(i: number): PrivateKey {
  return privateKeyFromRandom(concatBytes(sm3(Uint8Array.of(i)), new Uint8Array(8)));
}

function halves(bytes: Uint8Array): [bigint, bigint] {
  return [decodeBigint(bytes.subarray(0, 32)), decodeBigint(bytes.subarray(32))];
}
