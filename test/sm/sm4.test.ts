import { describe, test } from 'node:test';
import { createCipheriv, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { encryptSm4Block, expandSm4Key } from '../../core/sm/sm4.ts';
import vectors from '../vectors/sm4.json' with { type: 'json' };

function encryptBytes(roundKeys: Int32Array, bytes: Uint8Array): Buffer {
  const source = Buffer.from(bytes);
  const block = Int32Array.from({ length: 4 }, (_, i) => source.readInt32BE(4 * i));
  encryptSm4Block(roundKeys, block);
  const out = Buffer.alloc(16);
  block.forEach((word, i) => out.writeInt32BE(word, 4 * i));
  return out;
}

const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]!));
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const blocksOf = (text: string): Buffer[] => (text.match(/.{32}/g) ?? []).map(hex);

/** The block modes of the vectors, built from the one function there is: previous output block, plaintext block → next pair. */
const MODES: Record<'cbc' | 'ofb' | 'cfb', (E: (b: Uint8Array) => Buffer, chain: Buffer, text: Buffer) => [Buffer, Buffer]> = {
  cbc: (E, chain, text) => {
    const out = E(xor(chain, text));
    return [out, out];
  },
  ofb: (E, chain, text) => [E(chain), xor(E(chain), text)],
  cfb: (E, chain, text) => {
    const out = xor(E(chain), text);
    return [out, out];
  },
};

describe('SM4', () => {
  test('encrypts the example of GB/T 32907 A.1', () => {
    const { key, pt, ct } = vectors.ecb;
    expect(encryptBytes(expandSm4Key(hex(key)), hex(pt)).toString('hex')).to.equal(ct);
  });

  test('encrypts the example of GB/T 32907 A.2, a million times over', () => {
    const { key, pt, ct } = vectors.ecb1e6;
    const roundKeys = expandSm4Key(hex(key));
    const block = Int32Array.from({ length: 4 }, (_, i) => hex(pt).readInt32BE(4 * i));
    for (let i = 0; i < 1_000_000; i++) encryptSm4Block(roundKeys, block);
    expect([...block].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')).to.equal(ct);
  });

  for (const mode of ['cbc', 'ofb', 'cfb'] as const) {
    test(`gives the published ciphertext when chained as ${mode.toUpperCase()}`, () => {
      const { key, iv, pt, ct } = vectors[mode];
      const roundKeys = expandSm4Key(hex(key));
      let chain = hex(iv);
      let out = '';
      for (const text of blocksOf(pt)) {
        const [next, encrypted] = MODES[mode]((bytes) => encryptBytes(roundKeys, bytes), chain, text);
        chain = next;
        out += encrypted.toString('hex');
      }
      expect(out).to.equal(ct);
    });
  }

  test('gives the published ciphertext in counter mode', () => {
    const { key, iv, pt, ct } = vectors.ctr;
    const roundKeys = expandSm4Key(hex(key));
    const counterAt = (i: number): Buffer => hex((BigInt(`0x${iv}`) + BigInt(i)).toString(16).padStart(32, '0'));
    const out = blocksOf(pt).map((text, i) => xor(encryptBytes(roundKeys, counterAt(i)), text).toString('hex'));
    expect(out.join('')).to.equal(ct);
  });

  test('agrees with OpenSSL on random keys and blocks', () => {
    for (let i = 0; i < 500; i++) {
      const key = randomBytes(16);
      const block = randomBytes(16);
      const want = createCipheriv('sm4-ecb', key, null).setAutoPadding(false).update(block).toString('hex');
      expect(encodeHex(encryptBytes(expandSm4Key(key), block)), `key ${encodeHex(key)}`).to.equal(want);
    }
  });

  test('reads a key that begins in the middle of a buffer', () => {
    const key = decodeHex(vectors.ecb.key);
    const shifted = Uint8Array.of(9, 9, 9, ...key).subarray(3);
    expect(expandSm4Key(shifted)).to.deep.equal(expandSm4Key(key));
  });

  test('refuses keys of any other length', () => {
    for (const length of [0, 8, 15, 17, 24, 32]) {
      expect(() => expandSm4Key(new Uint8Array(length)), `${length} bytes`)
        .to.throw()
        .with.property('code', 'MALFORMED');
    }
  });
});
