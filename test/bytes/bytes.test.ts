import { describe, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  ByteReader,
  compareBytes,
  concatBytes,
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
  u16,
  u32,
  u64,
  u8,
} from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { asHash, hashFromHex, isZeroHash, ZERO_HASH } from '../../core/bytes/hash.ts';
import { label, LABEL_CODES } from '../../core/bytes/label.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

/** True when `run` refuses its input as MALFORMED; any other error is a mistake. */
function isRefused(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (!isCodedError(error, 'MALFORMED')) throw error;
    return true;
  }
}

describe('hex and base64', () => {
  test('decode what they encode, as Node does', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(decodeHex(encodeHex(value))).to.deep.equal(value);
        expect(decodeBase64(encodeBase64(value))).to.deep.equal(value);
        expect(encodeHex(value)).to.equal(Buffer.from(value).toString('hex'));
        expect(encodeBase64(value)).to.equal(Buffer.from(value).toString('base64'));
      }),
    );
  });

  for (const text of ['0', 'AB', 'a ', '0x00', 'ab\n', 'g0', 'é0']) {
    test(`hex refuses ${JSON.stringify(text)}`, () => {
      expect(isRefused(() => decodeHex(text))).to.equal(true);
    });
  }
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'A===', '====', 'AA=A', 'AA==AA==', 'A-_A', 'AAAA\n', ' AAA']) {
    test(`base64 refuses ${JSON.stringify(text)}`, () => {
      expect(isRefused(() => decodeBase64(text))).to.equal(true);
    });
  }

  test('base64 accepts one spelling of any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 24 }), (text) => {
        if (!isRefused(() => decodeBase64(text))) expect(encodeBase64(decodeBase64(text))).to.equal(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('hex refuses another length than the one asked for', () => {
    expect(isRefused(() => decodeHex('0011', 3))).to.equal(true);
    expect(isRefused(() => hashFromHex('00'.repeat(31)))).to.equal(true);
    expect(isRefused(() => asHash(new Uint8Array(33)))).to.equal(true);
  });
});

describe('UTF-8', () => {
  test('keeps a byte order mark, so that text and bytes correspond', () => {
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61);
    expect(encodeUtf8(decodeUtf8(marked))).to.deep.equal(marked);
  });

  for (const [name, invalid] of [
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a cut sequence', [0xe4, 0xb8]],
    ['a value beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ] as const) {
    test(`refuses ${name}`, () => {
      expect(isRefused(() => decodeUtf8(Uint8Array.from(invalid)))).to.equal(true);
    });
  }
});

describe('integers and readers', () => {
  test('read back what was written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const reader = new ByteReader(concatBytes(u8(value % 256), u16(value % 65536), u32(value % 2 ** 32), u64(value)));
        expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).to.deep.equal([
          value % 256,
          value % 65536,
          value % 2 ** 32,
          value,
        ]);
        reader.end();
      }),
    );
  });

  test('refuse integers beyond 2^53-1, missing bytes and trailing bytes', () => {
    expect(isRefused(() => new ByteReader(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)).u64())).to.equal(true);
    expect(new ByteReader(Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255)).u64()).to.equal(Number.MAX_SAFE_INTEGER);
    expect(isRefused(() => new ByteReader(new Uint8Array(7)).u64())).to.equal(true);
    expect(isRefused(() => new ByteReader(new Uint8Array(1)).end())).to.equal(true);
  });

  test('a value that does not fit its field is our own mistake', () => {
    for (const write of [
      () => u8(256),
      () => u16(65536),
      () => u32(2 ** 32),
      () => u64(-1),
      () => u64(0.5),
      () => u64(2 ** 53),
    ]) {
      expect(write).to.throw(/invariant/);
    }
  });
});

describe('order and equality', () => {
  test('agree with Buffer.compare', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Buffer.compare(a, b));
        expect(equalBytes(a, b)).to.equal(Buffer.compare(a, b) === 0);
      }),
    );
  });

  test('zero is zero only in all 32 bytes', () => {
    expect(isZeroHash(ZERO_HASH)).to.equal(true);
    expect(isZeroHash(asHash(Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0))))).to.equal(false);
  });
});

test('labels are 16 ASCII bytes, no two alike', () => {
  const texts = LABEL_CODES.map((code) => decodeUtf8(label(code)));
  expect(texts.every((text) => /^veritrail-[a-z]{2}-v1\n$/.test(text))).to.equal(true);
  expect(new Set(texts).size).to.equal(LABEL_CODES.length);
});
