import { describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes, decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { decodeSignatureDer, encodeSignatureDer } from '../../core/sm/sm2-der.ts';
import vectors from '../vectors/sm2_sign.json' with { type: 'json' };
import { manglings } from './mangle.ts';

const ONE = `${'00'.repeat(31)}01`;
const TOP = `80${'00'.repeat(31)}`;
const ZERO = '00'.repeat(32);
const FULL = 'ff'.repeat(32);

describe('a signature in DER', () => {
  for (const { source, sigRaw, sigDer } of vectors.tests) {
    test(`is written and read as published: ${source.slice(0, 40)}`, () => {
      expect(encodeHex(encodeSignatureDer(parseSignature(decodeHex(sigRaw))))).to.equal(sigDer);
      expect(encodeHex(decodeSignatureDer(decodeHex(sigDer)))).to.equal(sigRaw);
    });
  }

  const edges: [string, string][] = [
    [ZERO + ZERO, '3006020100020100'],
    [ONE + TOP, `302602010102210080${'00'.repeat(31)}`],
    [FULL + FULL, `3046022100${FULL}022100${FULL}`],
    [`7f${FULL.slice(2)}${ONE}`, `302502207f${FULL.slice(2)}020101`],
  ];
  for (const [raw, der] of edges) {
    test(`has integers as short as their sign allows: ${der.slice(0, 24)}`, () => {
      expect(encodeHex(encodeSignatureDer(parseSignature(decodeHex(raw))))).to.equal(der);
      expect(encodeHex(decodeSignatureDer(decodeHex(der)))).to.equal(raw);
    });
  }

  test('comes back the same from every 64 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
        expect(decodeSignatureDer(encodeSignatureDer(parseSignature(raw)))).to.deep.equal(raw);
      }),
    );
  });

  const refused: [string, string][] = [
    ['no bytes', ''],
    ['a tag alone', '30'],
    ['an empty sequence', '3000'],
    ['one integer', '3003020101'],
    ['three integers', '3009020101020101020101'],
    ['a zero more than the sign needs', '300702020001020101'],
    ['a negative integer', '3006020180020101'],
    ['a negative integer of 32 bytes', `30250220${FULL}020101`],
    ['an integer without bytes', '30050200020101'],
    ['an integer of 33 bytes', `3026022101${FULL}020101`],
    ['an integer of 34 bytes', `302702220000${FULL}020101`],
    ['a long form of length', '308106020101020101'],
    ['an indefinite length', '30800201010201010000'],
    ['bytes after the sequence', '300602010102010100'],
    ['bytes after the integers', '30070201010201010000'.slice(0, 18)],
    ['a sequence longer than its bytes', '3007020101020101'],
    ['a sequence shorter than its bytes', '3005020101020101'],
    ['a set', '3106020101020101'],
    ['an octet string', '3006040101020101'],
    ['raw r‖s', ONE + ONE],
  ];
  for (const [what, der] of refused) {
    test(`refuses ${what}`, () => {
      expect(() => decodeSignatureDer(decodeHex(der)))
        .to.throw()
        .with.property('code', 'MALFORMED');
    });
  }

  test('refuses every damage, or reads it as another signature of which it is the one form', () => {
    const der = decodeHex(vectors.tests[0]!.sigDer);
    for (const { damage, mangled } of manglings(der)) {
      try {
        expect(encodeSignatureDer(decodeSignatureDer(mangled)), damage).to.deep.equal(mangled);
      } catch (error) {
        expect(isCodedError(error, 'MALFORMED'), damage).to.equal(true);
      }
    }
  });

  test('refuses random bytes without any other error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const candidate of [bytes, concatBytes(Uint8Array.of(0x30, bytes.length), bytes)]) {
          try {
            expect(encodeSignatureDer(decodeSignatureDer(candidate))).to.deep.equal(candidate);
          } catch (error) {
            expect(isCodedError(error, 'MALFORMED')).to.equal(true);
          }
        }
      }),
    );
  });
});
