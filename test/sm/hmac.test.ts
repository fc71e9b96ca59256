import { describe, test } from 'node:test';
import { createHmac } from 'node:crypto';
import { hmac } from '@noble/hashes/hmac.js';
import { expect } from 'chai';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { sm3Hash } from '../../core/sm/sm3.ts';
import vectors from '../vectors/hmac_sm3.json' with { type: 'json' };
import wycheproof from '../vectors/wycheproof_hmac_sm3_test.json' with { type: 'json' };

describe('HMAC-SM3', () => {
  for (const [i, { key, msg, mac }] of vectors.tests.entries()) {
    test(`gives the code of GM/T 0042 example ${i + 1}`, () => {
      expect(encodeHex(hmacSm3(decodeHex(key), decodeHex(msg)))).to.equal(mac);
    });
  }

  for (const { keySize, tagSize, tests } of wycheproof.testGroups) {
    test(`decides as Wycheproof does: key of ${keySize} bits, tag of ${tagSize}`, () => {
      for (const { tcId, comment, key, msg, tag, result } of tests) {
        const code = encodeHex(hmacSm3(decodeHex(key), decodeHex(msg)).subarray(0, tagSize / 8));
        expect(code === tag, `${tcId} ${comment}`).to.equal(result === 'valid');
      }
    });
  }

  test('agrees with OpenSSL for keys shorter and longer than a block, in any number of parts', () => {
    for (let length = 0; length <= 130; length++) {
      const key = new Uint8Array(length).fill(length);
      const message = Uint8Array.from({ length: 2 * length }, (_, i) => i);
      const want = createHmac('sm3', key).update(message).digest('hex');
      expect(encodeHex(hmacSm3(key, message.subarray(0, length), message.subarray(length)))).to.equal(want);
      expect(encodeHex(hmac(sm3Hash, key, message))).to.equal(want);
    }
  });
});
