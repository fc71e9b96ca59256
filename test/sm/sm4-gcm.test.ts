import { describe, test } from 'node:test';
import { createCipheriv, randomBytes } from 'node:crypto';
import type { CipherGCM, CipherGCMTypes } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { openSm4Gcm, sealSm4Gcm } from '../../core/sm/sm4-gcm.ts';
import vectors from '../vectors/sm4.json' with { type: 'json' };
import wycheproof from '../vectors/wycheproof_sm4_gcm_test.json' with { type: 'json' };

function opensslSeal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): string {
  const cipher: CipherGCM = createCipheriv('sm4-gcm' as CipherGCMTypes, key, iv).setAAD(aad);
  return cipher.update(plaintext, undefined, 'hex') + cipher.final('hex') + cipher.getAuthTag().toString('hex');
}

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const refusal = (run: () => unknown, code: string, why?: string): void => {
  expect(run, why).to.throw().with.property('code', code);
};

const SAMPLE = {
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  iv: Uint8Array.from({ length: 12 }, (_, i) => 100 + i),
  aad: encodeUtf8('log id and leaf hash'),
};
const PLAINTEXT = encodeUtf8('暂扣三个月, from 2027-01-01');
const SEALED = sealSm4Gcm({ ...SAMPLE, plaintext: PLAINTEXT });

describe('SM4-GCM', () => {
  test('seals the example of RFC 8998 A.1', () => {
    const { key, iv, aad, pt, ct, tag } = vectors.gcm;
    const input = { key: decodeHex(key), iv: decodeHex(iv), aad: decodeHex(aad) };
    expect(encodeHex(sealSm4Gcm({ ...input, plaintext: decodeHex(pt) }))).to.equal(ct + tag);
    expect(encodeHex(openSm4Gcm({ ...input, sealed: decodeHex(ct + tag) }))).to.equal(pt);
  });

  for (const { ivSize, tests } of wycheproof.testGroups) {
    test(`decides as Wycheproof does, or refuses the vector's length: ${ivSize} bits, from case ${tests[0]!.tcId}`, () => {
      for (const { tcId, comment, key, iv, aad, msg, ct, tag, result } of tests) {
        const input = { key: decodeHex(key), iv: decodeHex(iv), aad: decodeHex(aad) };
        const open = (): string => encodeHex(openSm4Gcm({ ...input, sealed: decodeHex(ct + tag) }));
        const seal = (): string => encodeHex(sealSm4Gcm({ ...input, plaintext: decodeHex(msg) }));
        const name = `${tcId} ${comment}`;
        if (ivSize !== 96) {
          refusal(open, 'MALFORMED', name);
          refusal(seal, 'MALFORMED', name);
        } else if (result === 'valid') {
          expect(open(), name).to.equal(msg);
          expect(seal(), name).to.equal(ct + tag);
        } else {
          refusal(open, 'UNVERIFIED', name);
        }
      }
    });
  }

  test('agrees with OpenSSL on random inputs, and opens what it sealed', () => {
    const text = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(bytesOf(16), bytesOf(12), text, text, (key, iv, aad, plaintext) => {
        const sealed = sealSm4Gcm({ key, iv, aad, plaintext });
        expect(encodeHex(sealed)).to.equal(opensslSeal(key, iv, aad, plaintext));
        expect(openSm4Gcm({ key, iv, aad, sealed })).to.deep.equal(plaintext);
      }),
    );
  });

  test('agrees with OpenSSL on a long text', () => {
    const plaintext = randomBytes(70_001);
    const { key, iv, aad } = SAMPLE;
    expect(encodeHex(sealSm4Gcm({ ...SAMPLE, plaintext }))).to.equal(opensslSeal(key, iv, aad, plaintext));
  });

  test('reads inputs that begin in the middle of a buffer', () => {
    const inside = (bytes: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(9, 9, 9), bytes).subarray(3);
    const input = { key: inside(SAMPLE.key), iv: inside(SAMPLE.iv), aad: inside(SAMPLE.aad) };
    expect(sealSm4Gcm({ ...input, plaintext: inside(PLAINTEXT) })).to.deep.equal(SEALED);
    expect(openSm4Gcm({ ...input, sealed: inside(SEALED) })).to.deep.equal(PLAINTEXT);
  });

  test('refuses every single flipped bit', () => {
    for (let bit = 0; bit < 8 * SEALED.length; bit++) {
      const sealed = SEALED.slice();
      sealed[bit >> 3]! ^= 1 << (bit & 7);
      refusal(() => openSm4Gcm({ ...SAMPLE, sealed }), 'UNVERIFIED', `bit ${bit}`);
    }
  });

  const longer = concatBytes(SEALED, Uint8Array.of(0));
  const cases: [string, string, () => unknown][] = [
    ['another key', 'UNVERIFIED', () => openSm4Gcm({ ...SAMPLE, key: new Uint8Array(16), sealed: SEALED })],
    ['another vector', 'UNVERIFIED', () => openSm4Gcm({ ...SAMPLE, iv: new Uint8Array(12), sealed: SEALED })],
    ['other additional data', 'UNVERIFIED', () => openSm4Gcm({ ...SAMPLE, aad: new Uint8Array(), sealed: SEALED })],
    [
      'a zero byte more of additional data',
      'UNVERIFIED',
      () => openSm4Gcm({ ...SAMPLE, aad: concatBytes(SAMPLE.aad, Uint8Array.of(0)), sealed: SEALED }),
    ],
    ['a byte less', 'UNVERIFIED', () => openSm4Gcm({ ...SAMPLE, sealed: SEALED.subarray(0, -1) })],
    ['a byte more', 'UNVERIFIED', () => openSm4Gcm({ ...SAMPLE, sealed: longer })],
    ['a tag without its text', 'UNVERIFIED', () => openSm4Gcm({ ...SAMPLE, sealed: SEALED.subarray(-16) })],
    ['less than a tag', 'MALFORMED', () => openSm4Gcm({ ...SAMPLE, sealed: SEALED.subarray(0, 15) })],
    ['nothing', 'MALFORMED', () => openSm4Gcm({ ...SAMPLE, sealed: new Uint8Array() })],
    ['a key of 32 bytes', 'MALFORMED', () => openSm4Gcm({ ...SAMPLE, key: new Uint8Array(32), sealed: SEALED })],
    ['a vector of 16 bytes', 'MALFORMED', () => openSm4Gcm({ ...SAMPLE, iv: new Uint8Array(16), sealed: SEALED })],
    [
      'to seal under a key of 15 bytes',
      'MALFORMED',
      () => sealSm4Gcm({ ...SAMPLE, key: new Uint8Array(15), plaintext: PLAINTEXT }),
    ],
    [
      'to seal nothing under a vector of 11 bytes',
      'MALFORMED',
      () => sealSm4Gcm({ ...SAMPLE, iv: new Uint8Array(11), plaintext: new Uint8Array() }),
    ],
  ];
  for (const [what, code, run] of cases) test(`refuses ${what}`, () => refusal(run, code));
});
