import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { concatBytes, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';

const vectors = JSON.parse(readFileSync(new URL('../vectors/uscc.json', import.meta.url), 'utf8')) as {
  alphabet: string;
  valid: string[];
  invalid: string[];
};

const isRefused = (text: string): boolean => {
  try {
    parseUscc(text);
    return false;
  } catch (error) {
    return isCodedError(error, 'MALFORMED');
  }
};

describe('a unified social credit code', () => {
  for (const code of vectors.valid) test(`accepts ${code}`, () => void expect(parseUscc(code)).to.equal(code));
  for (const code of vectors.invalid) test(`refuses ${code}`, () => void expect(isRefused(code)).to.equal(true));

  test('refuses any one character changed, left out, doubled, or swapped with the next', () => {
    for (const code of vectors.valid) {
      for (let i = 0; i < code.length; i++) {
        const changed = Array.from(vectors.alphabet)
          .filter((char) => char !== code[i])
          .map((char) => code.slice(0, i) + char + code.slice(i + 1));
        const moved = [code.slice(0, i) + code.slice(i + 1), code.slice(0, i) + code[i]! + code.slice(i)];
        for (const text of [...changed, ...moved]) expect(isRefused(text), text).to.equal(true);
        const swapped = code.slice(0, i) + (code[i + 1] ?? '') + code[i]! + code.slice(i + 2);
        if (swapped !== code) expect(isRefused(swapped), swapped).to.equal(true);
      }
    }
  });

  test('refuses lower case, spaces, full-width digits, and letters outside the alphabet', () => {
    const code = vectors.valid[0]!;
    for (const text of [
      code.toLowerCase(),
      ` ${code}`,
      `${code}\n`,
      code.replace('9', '９'),
      '',
      ...Array.from('IOSVZ', (char) => code.slice(0, -1) + char),
    ]) {
      expect(isRefused(text), text).to.equal(true);
    }
  });
});

test('a key id is H(⟨ki⟩ ‖ the 65 bytes of the key)', () => {
  const publicKey = publicKeyOf(parsePrivateKey(sm3(encodeUtf8('a key'))));
  expect(encodeHex(keyIdOf(publicKey))).to.equal(encodeHex(sm3(concatBytes(encodeUtf8('veritrail-ki-v1\n'), publicKey))));
});
