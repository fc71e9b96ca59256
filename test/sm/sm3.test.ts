import { describe, test } from 'node:test';
import { createHash, pbkdf2Sync } from 'node:crypto';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { Sm3, sm3, sm3Hash } from '../../core/sm/sm3.ts';
import vectors from '../vectors/sm3.json' with { type: 'json' };

const opensslSm3 = (bytes: Uint8Array): string => createHash('sm3').update(bytes).digest('hex');

describe('SM3', () => {
  for (const { comment, msgHex, digest } of vectors.tests) {
    test(`gives the published digest: ${comment || 'empty message'}`, () => {
      // The one vector without a message is the million times "a".
      const message = msgHex === undefined ? new Uint8Array(1_000_000).fill(0x61) : decodeHex(msgHex);
      expect(encodeHex(sm3(message))).to.equal(digest);
    });
  }

  test('agrees with OpenSSL at every length from 0 to 300', () => {
    for (let length = 0; length <= 300; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
      expect(encodeHex(sm3(message)), `${length} bytes`).to.equal(opensslSm3(message));
    }
  });

  test('agrees with OpenSSL however the message is split', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (parts) => {
        const want = opensslSm3(concatBytes(...parts));
        const pieces = new Sm3();
        for (const part of parts) pieces.update(part);
        expect(encodeHex(pieces.digest())).to.equal(want);
        expect(encodeHex(sm3(...parts))).to.equal(want);
      }),
    );
  });

  test('leaves nothing of one message to the next', () => {
    const first = sm3(encodeUtf8('abc'));
    sm3(new Uint8Array(100));
    expect(sm3(encodeUtf8('abc'))).to.deep.equal(first);
    expect(encodeHex(new Sm3().update(encodeUtf8('left over')).reset().digest())).to.equal(opensslSm3(new Uint8Array()));
  });

  test('lets a clone go its own way', () => {
    const original = new Sm3().update(encodeUtf8('ab'));
    const clone = original.clone().update(encodeUtf8('x'));
    expect(original.update(encodeUtf8('c')).digest()).to.deep.equal(sm3(encodeUtf8('abc')));
    expect(clone.digest()).to.deep.equal(sm3(encodeUtf8('abx')));
  });

  test('refuses to go on after the digest or after it was wiped', () => {
    const finished = new Sm3();
    finished.digest();
    const wiped = new Sm3();
    wiped.destroy();
    for (const hash of [finished, wiped]) {
      expect(() => hash.update(Uint8Array.of(1))).to.throw('invariant');
      expect(() => hash.digest()).to.throw('invariant');
    }
  });

  test('serves PBKDF2 of @noble/hashes as OpenSSL computes it', () => {
    for (const dkLen of [16, 32, 80]) {
      const want = pbkdf2Sync('口令', 'salt', 1000, dkLen, 'sm3').toString('hex');
      expect(encodeHex(pbkdf2(sm3Hash, '口令', 'salt', { c: 1000, dkLen }))).to.equal(want);
    }
  });
});
