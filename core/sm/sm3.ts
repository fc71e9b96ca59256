/**
 * SM3 (GB/T 32905-2016, the same as ISO/IEC 10118-3:2018 hash function 17): 32-byte digests over 64-byte blocks.
 *
 * Two ways in: `sm3(...parts)` for the hash of a few parts in one go, `Sm3` for bytes that arrive piece by piece. Working memory
 * is reused and not wiped: what was hashed last may stay in memory until the next hash.
 */
import { createHasher } from '@noble/hashes/utils.js';
import type { CHash, Hash as NobleHash } from '@noble/hashes/utils.js';
import type { Hash } from '../bytes/hash.ts';
import { invariant } from '../bytes/error.ts';

const BLOCK_LENGTH = 64;
const DIGEST_LENGTH = 32;
/** Where the message length in bits, a u64, begins in the last block (§5.2). */
const LENGTH_OFFSET = 56;

/** §4.1. */
const INITIAL_STATE = Int32Array.of(
  0x7380166f,
  0x4914b2b9,
  0x172442d7,
  0xda8a0600,
  0xa96f30bc,
  0x163138aa,
  0xe38dee4d,
  0xb0fb0e4e,
);

/** §4.2, already rotated: T_j <<< (j mod 32). */
const ROUND_CONSTANTS = Int32Array.from({ length: 64 }, (_, j) => rotate(j < 16 ? 0x79cc4519 : 0x7a879d8a, j % 32));

/** The expanded message W_0 … W_67 of §5.3.2. One is enough: compression never yields to other code. */
const words = new Int32Array(68);

function rotate(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

function writeWord(out: Uint8Array, offset: number, word: number): void {
  out[offset] = word >>> 24;
  out[offset + 1] = word >>> 16;
  out[offset + 2] = word >>> 8;
  out[offset + 3] = word;
}

/** §5.3.2: 16 words of the block become 68. */
function expand(bytes: Uint8Array, offset: number): void {
  for (let j = 0, at = offset; j < 16; j++, at += 4) {
    words[j] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  for (let j = 16; j < 68; j++) {
    const mixed = words[j - 16]! ^ words[j - 9]! ^ rotate(words[j - 3]!, 15);
    words[j] = mixed ^ rotate(mixed, 15) ^ rotate(mixed, 23) ^ rotate(words[j - 13]!, 7) ^ words[j - 6]!;
  }
}

/** §5.3.3: folds the block at `offset` into `state`. W'_j is W_j ^ W_(j+4); FF and GG are xor in the first 16 rounds only. */
function compress(state: Int32Array, bytes: Uint8Array, offset: number): void {
  expand(bytes, offset);
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let j = 0; j < 64; j++) {
    const a12 = rotate(a, 12);
    const ss1 = rotate((a12 + e + ROUND_CONSTANTS[j]!) | 0, 7);
    const ff = j < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const gg = j < 16 ? e ^ f ^ g : (e & f) | (~e & g);
    const tt1 = (ff + d + (ss1 ^ a12) + (words[j]! ^ words[j + 4]!)) | 0;
    const tt2 = (gg + h + ss1 + words[j]!) | 0;
    d = c;
    c = rotate(b, 9);
    b = a;
    a = tt1;
    h = g;
    g = rotate(f, 19);
    f = e;
    e = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17);
  }
  state[0]! ^= a;
  state[1]! ^= b;
  state[2]! ^= c;
  state[3]! ^= d;
  state[4]! ^= e;
  state[5]! ^= f;
  state[6]! ^= g;
  state[7]! ^= h;
}

/** A hash under way. The methods beyond `update` and `digest` are what HMAC and PBKDF2 of @noble/hashes ask for. */
export class Sm3 implements NobleHash<Sm3> {
  readonly blockLen = BLOCK_LENGTH;
  readonly outputLen = DIGEST_LENGTH;
  readonly canXOF = false;
  readonly #state = new Int32Array(INITIAL_STATE);
  readonly #block = new Uint8Array(BLOCK_LENGTH);
  /** Bytes taken so far; `length % 64` of them wait in the block. */
  #length = 0;
  #finished = false;

  update(bytes: Uint8Array): this {
    invariant(!this.#finished, 'a finished SM3 takes no more bytes');
    let waiting = this.#length % BLOCK_LENGTH;
    let offset = 0;
    this.#length += bytes.length;
    if (waiting > 0) {
      offset = Math.min(BLOCK_LENGTH - waiting, bytes.length);
      this.#block.set(bytes.subarray(0, offset), waiting);
      if (waiting + offset < BLOCK_LENGTH) return this;
      compress(this.#state, this.#block, 0);
    }
    for (; offset + BLOCK_LENGTH <= bytes.length; offset += BLOCK_LENGTH) compress(this.#state, bytes, offset);
    for (waiting = 0; offset < bytes.length; waiting++, offset++) this.#block[waiting] = bytes[offset]!;
    return this;
  }

  digest(): Hash & Uint8Array<ArrayBuffer> {
    const digest = new Uint8Array(DIGEST_LENGTH);
    this.digestInto(digest);
    return digest as Hash & Uint8Array<ArrayBuffer>;
  }

  /** Pads as §5.2 says: one bit 1, zeros, the length in bits. Writes the first 32 bytes of `out`. */
  digestInto(out: Uint8Array): void {
    invariant(!this.#finished, 'a finished SM3 gives no second digest');
    const waiting = this.#length % BLOCK_LENGTH;
    this.#block[waiting] = 0x80;
    this.#block.fill(0, waiting + 1);
    if (waiting >= LENGTH_OFFSET) {
      compress(this.#state, this.#block, 0);
      this.#block.fill(0);
    }
    writeWord(this.#block, LENGTH_OFFSET, Math.floor(this.#length / 2 ** 29));
    writeWord(this.#block, LENGTH_OFFSET + 4, (this.#length % 2 ** 29) * 8);
    compress(this.#state, this.#block, 0);
    for (let i = 0; i < 8; i++) writeWord(out, 4 * i, this.#state[i]!);
    this.#finished = true;
  }

  /** Back to the empty message. */
  reset(): this {
    this.#state.set(INITIAL_STATE);
    this.#length = 0;
    this.#finished = false;
    return this;
  }

  /** A copy that goes its own way, made in `to` when given. */
  clone(to: Sm3 = new Sm3()): Sm3 {
    to.#state.set(this.#state);
    to.#block.set(this.#block);
    to.#length = this.#length;
    to.#finished = this.#finished;
    return to;
  }

  _cloneInto(to?: Sm3): Sm3 {
    return this.clone(to);
  }

  /** Wipes what was hashed: under HMAC it depends on the key. */
  destroy(): void {
    this.#state.fill(0);
    this.#block.fill(0);
    this.#finished = true;
  }
}

/** Shared by all calls: making the state anew would cost as much as hashing a tree node. */
const single = new Sm3();

/** The hash of the parts one after another. */
export function sm3(...parts: readonly Uint8Array[]): Hash {
  single.reset();
  for (const part of parts) single.update(part);
  return single.digest();
}

/** SM3 as @noble/hashes wants it: `hmac(sm3Hash, …)`, `pbkdf2(sm3Hash, …)`. */
export const sm3Hash: CHash<Sm3> = createHasher(() => new Sm3());
