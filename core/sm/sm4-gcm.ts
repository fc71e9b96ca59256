/**
 * SM4 in Galois/Counter Mode (NIST SP 800-38D, cipher RFC 8998 AEAD_SM4_GCM): sealed = ciphertext ‖ tag 16.
 *
 * Initialization vectors have 12 bytes and tags 16; every other length is refused. One key must never see one vector twice: two
 * plaintexts would then show their difference, and anyone could forge from there on. Not constant-time: see sm4.ts.
 */
import { concatBytes, u64 } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import { encryptSm4Block, expandSm4Key, SM4_BLOCK_LENGTH } from './sm4.ts';

export const GCM_IV_LENGTH = 12;
export const GCM_TAG_LENGTH = 16;

interface GcmInput {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes, new for each sealing under one key. */
  readonly iv: Uint8Array;
  /** Authenticated, not encrypted; the reader must know it. */
  readonly aad: Uint8Array;
}

/** §7.1. */
export function sealSm4Gcm({ key, iv, aad, plaintext }: GcmInput & { readonly plaintext: Uint8Array }): Uint8Array {
  const roundKeys = expandSm4Key(key);
  const ciphertext = applyCounter(roundKeys, iv, plaintext);
  return concatBytes(ciphertext, tagOf(roundKeys, iv, aad, ciphertext));
}

/** §7.2. Throws UNVERIFIED if key, iv, aad or a single bit of `sealed` is another; nothing is decrypted before the tag holds. */
export function openSm4Gcm({ key, iv, aad, sealed }: GcmInput & { readonly sealed: Uint8Array }): Uint8Array {
  if (sealed.length < GCM_TAG_LENGTH) throw malformed('sealed bytes shorter than their tag');
  const roundKeys = expandSm4Key(key);
  const ciphertext = sealed.subarray(0, -GCM_TAG_LENGTH);
  const expected = tagOf(roundKeys, iv, aad, ciphertext);
  const given = sealed.subarray(-GCM_TAG_LENGTH);
  const difference = expected.reduce((sum, byte, i) => sum | (byte ^ given[i]!), 0);
  if (difference !== 0) throw unverified('the tag of sealed bytes does not hold');
  return applyCounter(roundKeys, iv, ciphertext);
}

/** §5.2.1.1: what a 32-bit counter reaches. Additional data may have 2⁶¹ bytes, more than any array. */
const MAX_TEXT_LENGTH = 2 ** 36 - 32;

/** iv ‖ counter as words: J0 of §7.1 step 2 when the counter is 1. */
function counterBlock(iv: Uint8Array, counter: number): Int32Array {
  if (iv.length !== GCM_IV_LENGTH) throw malformed('a GCM initialization vector has 12 bytes', { length: iv.length });
  const view = new DataView(iv.buffer, iv.byteOffset);
  return Int32Array.of(view.getInt32(0), view.getInt32(4), view.getInt32(8), counter);
}

/** GCTR of §6.5 from counter 2 on: encrypts and decrypts. */
function applyCounter(roundKeys: Int32Array, iv: Uint8Array, text: Uint8Array): Uint8Array {
  if (text.length > MAX_TEXT_LENGTH) throw malformed('text too long for one initialization vector');
  const out = new Uint8Array(text.length);
  for (let offset = 0, counter = 2; offset < text.length; offset += SM4_BLOCK_LENGTH, counter++) {
    const stream = counterBlock(iv, counter);
    encryptSm4Block(roundKeys, stream);
    const end = Math.min(offset + SM4_BLOCK_LENGTH, text.length);
    for (let i = offset; i < end; i++) out[i] = text[i]! ^ byteOf(stream, i - offset);
  }
  return out;
}

/** T of §7.1 steps 4 to 6: GHASH over aad, ciphertext and their lengths in bits, masked by the first counter block. */
function tagOf(roundKeys: Int32Array, iv: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const hashKey = new Int32Array(4);
  encryptSm4Block(roundKeys, hashKey);
  const table = multiplesOf(hashKey);
  const sum = new Int32Array(4);
  absorb(sum, table, aad);
  absorb(sum, table, ciphertext);
  absorb(sum, table, concatBytes(u64(8 * aad.length), u64(8 * ciphertext.length)));
  const mask = counterBlock(iv, 1);
  encryptSm4Block(roundKeys, mask);
  return Uint8Array.from({ length: GCM_TAG_LENGTH }, (_, i) => byteOf(sum, i) ^ byteOf(mask, i));
}

/** Byte 0 … 15 of four big-endian words. */
function byteOf(words: Int32Array, i: number): number {
  return (words[i >> 2]! >>> (24 - 8 * (i & 3))) & 0xff;
}

/** GHASH of §6.4: folds `bytes`, filled up with zeros to whole blocks, into `sum`. */
function absorb(sum: Int32Array, table: Int32Array, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length; offset += SM4_BLOCK_LENGTH) {
    const end = Math.min(SM4_BLOCK_LENGTH, bytes.length - offset);
    for (let i = 0; i < end; i++) sum[i >> 2]! ^= bytes[offset + i]! << (24 - 8 * (i & 3));
    multiply(sum, table);
  }
}

/** Multiplies by x in place: bits stand in reflected order, so it is a shift to the right (§6.3). */
function timesX(z: Int32Array): void {
  const overflow = z[3]! & 1;
  for (let i = 3; i > 0; i--) z[i] = (z[i]! >>> 1) | (z[i - 1]! << 31);
  z[0] = (z[0]! >>> 1) ^ (overflow === 1 ? 0xe1000000 : 0);
}

/** The products of H with all 16 polynomials of four bits, four words each; 8 stands for 1, 4 for x, 0 for 0. */
function multiplesOf(hashKey: Int32Array): Int32Array {
  const table = new Int32Array(64);
  const power = hashKey.slice();
  for (let n = 8; n > 0; n >>= 1) {
    table.set(power, 4 * n);
    timesX(power);
  }
  for (let n = 3; n < 16; n++) {
    const top = 1 << (31 - Math.clz32(n));
    for (let i = 0; i < 4; i++) table[4 * n + i] = table[4 * top + i]! ^ table[4 * (n - top) + i]!;
  }
  return table;
}

/** What four bits shifted out at the right add to the leftmost word. */
const REDUCTION = Int32Array.from({ length: 16 }, (_, n) => {
  const z = Int32Array.of(0, 0, 0, n);
  for (let i = 0; i < 4; i++) timesX(z);
  return z[0]!;
});

/** y := y · H (§6.3), four bits at a time from the last. */
function multiply(y: Int32Array, table: Int32Array): void {
  let z0 = 0;
  let z1 = 0;
  let z2 = 0;
  let z3 = 0;
  for (let nibble = 0; nibble < 32; nibble++) {
    const at = 4 * ((y[3 - (nibble >> 3)]! >>> (4 * (nibble & 7))) & 15);
    const overflow = z3 & 15;
    z3 = ((z3 >>> 4) | (z2 << 28)) ^ table[at + 3]!;
    z2 = ((z2 >>> 4) | (z1 << 28)) ^ table[at + 2]!;
    z1 = ((z1 >>> 4) | (z0 << 28)) ^ table[at + 1]!;
    z0 = (z0 >>> 4) ^ REDUCTION[overflow]! ^ table[at]!;
  }
  y[0] = z0;
  y[1] = z1;
  y[2] = z2;
  y[3] = z3;
}
