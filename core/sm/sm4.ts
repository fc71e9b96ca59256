/**
 * SM4 (GB/T 32907-2016): a block cipher of 16-byte keys and blocks, 32 rounds. Encryption only, for counter modes need no more.
 * Table look-ups depend on key and data, so it is not protected against someone who shares the processor's cache.
 */
import { decodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';

export const SM4_KEY_LENGTH = 16;
export const SM4_BLOCK_LENGTH = 16;
const ROUNDS = 32;

/** §6.2, table 1. */
const SBOX = decodeHex(
  'd690e9fecce13db716b614c228fb2c05' +
    '2b679a762abe04c3aa44132649860699' +
    '9c4250f491ef987a33540b43edcfac62' +
    'e4b31ca9c908e89580df94fa758f3fa6' +
    '4707a7fcf37317ba83593c19e6854fa8' +
    '686b81b27164da8bf8eb0f4b70569d35' +
    '1e240e5e6358d1a225227c3b01217887' +
    'd40046579fd327524c3602e7a0c4c89e' +
    'eabf8ad240c738b5a3f7f2cef96115a1' +
    'e0ae5da49b341a55ad933230f58cb1e3' +
    '1df6e22e8266ca60c02923ab0d534e6f' +
    'd5db3745defd8e2f03ff6a726d6c5b51' +
    '8d1baf92bbddbc7f11d95c411f105ad8' +
    '0ac13188a5cd7bbd2d74d012b8e5b4b0' +
    '8969974a0c96777e65b9f109c56ec684' +
    '18f07dec3adc4d2079ee5f3ed7cb3948',
  256,
);

/** §7.3: FK and, byte by byte, CK: (4i + j) · 7 mod 256. */
const FAMILY_KEY = [0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc] as const;
const CONSTANT_KEY = Int32Array.from({ length: ROUNDS }, (_, i) =>
  [0, 1, 2, 3].reduce((word, j) => (word << 8) | (((4 * i + j) * 7) & 0xff), 0),
);

function rotate(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

/** L(S(x) <<< 24) for each byte x. L commutes with rotation, so this one table serves all four bytes of a word (§6.2). */
const MIXED_SBOX = Int32Array.from(SBOX, (byte) => {
  const word = byte << 24;
  return word ^ rotate(word, 2) ^ rotate(word, 10) ^ rotate(word, 18) ^ rotate(word, 24);
});

/** T of the rounds (§6.2 a, b). */
function mix(word: number): number {
  return (
    MIXED_SBOX[word >>> 24]! ^
    rotate(MIXED_SBOX[(word >>> 16) & 0xff]!, 24) ^
    rotate(MIXED_SBOX[(word >>> 8) & 0xff]!, 16) ^
    rotate(MIXED_SBOX[word & 0xff]!, 8)
  );
}

/** T' of the key schedule, with another L (§7.3). */
function mixKey(word: number): number {
  const substituted =
    (SBOX[word >>> 24]! << 24) | (SBOX[(word >>> 16) & 0xff]! << 16) | (SBOX[(word >>> 8) & 0xff]! << 8) | SBOX[word & 0xff]!;
  return substituted ^ rotate(substituted, 13) ^ rotate(substituted, 23);
}

/** The 32 round keys (§7.3). */
export function expandSm4Key(key: Uint8Array): Int32Array {
  if (key.length !== SM4_KEY_LENGTH) throw malformed('an SM4 key has 16 bytes', { length: key.length });
  const view = new DataView(key.buffer, key.byteOffset);
  const words = new Int32Array(4 + ROUNDS);
  for (let i = 0; i < 4; i++) words[i] = view.getInt32(4 * i) ^ FAMILY_KEY[i]!;
  for (let i = 0; i < ROUNDS; i++) {
    words[i + 4] = words[i]! ^ mixKey(words[i + 1]! ^ words[i + 2]! ^ words[i + 3]! ^ CONSTANT_KEY[i]!);
  }
  return words.subarray(4);
}

/** Encrypts four words in place (§7.1); the last step reverses their order. */
export function encryptSm4Block(roundKeys: Int32Array, block: Int32Array): void {
  let a = block[0]!;
  let b = block[1]!;
  let c = block[2]!;
  let d = block[3]!;
  for (let i = 0; i < ROUNDS; i += 4) {
    a ^= mix(b ^ c ^ d ^ roundKeys[i]!);
    b ^= mix(c ^ d ^ a ^ roundKeys[i + 1]!);
    c ^= mix(d ^ a ^ b ^ roundKeys[i + 2]!);
    d ^= mix(a ^ b ^ c ^ roundKeys[i + 3]!);
  }
  block[0] = d;
  block[1] = c;
  block[2] = b;
  block[3] = a;
}
