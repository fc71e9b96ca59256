/**
 * Bytes, their text forms and big-endian integers. Every decoder accepts exactly one spelling and throws MALFORMED on any
 * other; integers stay within 2⁵³−1, so no value is ever rounded.
 */
import { invariant, malformed } from './error.ts';

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Lexicographic order by unsigned byte; a prefix comes first. Negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** Lower-case hex only, of `length` bytes when given. */
export function decodeHex(text: string, length?: number): Uint8Array {
  if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(text)) throw malformed('not lower-case hex');
  if (length !== undefined && text.length !== 2 * length) {
    throw malformed('hex of another length', { want: length, got: text.length / 2 });
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUE = new Map(Array.from(BASE64, (char, value) => [char.charCodeAt(0), value]));

/** RFC 4648 §4 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const left = bytes.length - i;
    text += BASE64[group >>> 18]! + BASE64[(group >>> 12) & 63]!;
    text += (left > 1 ? BASE64[(group >>> 6) & 63]! : '=') + (left > 2 ? BASE64[group & 63]! : '=');
  }
  return text;
}

/** RFC 4648 §4: padding required, no white space, unused bits zero. */
export function decodeBase64(text: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 4 !== 0) throw malformed('not padded base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  const chars = text.length - padding;
  let buffer = 0;
  let bits = 0;
  let offset = 0;
  for (let i = 0; i < chars; i++) {
    const value = BASE64_VALUE.get(text.charCodeAt(i));
    if (value === undefined) throw malformed('not a base64 character');
    buffer = ((buffer << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[offset++] = (buffer >>> bits) & 0xff;
  }
  if ((buffer & ((1 << bits) - 1)) !== 0) throw malformed('base64 with unused bits set');
  return out;
}

export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A byte order mark is kept as a character, so that decoding and encoding again give the same bytes. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('not UTF-8');
  }
}

function encodeInteger(value: number, length: number): Uint8Array {
  invariant(Number.isSafeInteger(value) && value >= 0, 'an integer to encode is safe and not negative');
  const out = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  invariant(rest === 0, 'an integer fits its field');
  return out;
}

export const u8 = (value: number): Uint8Array => encodeInteger(value, 1);
export const u16 = (value: number): Uint8Array => encodeInteger(value, 2);
export const u32 = (value: number): Uint8Array => encodeInteger(value, 4);
export const u64 = (value: number): Uint8Array => encodeInteger(value, 8);

/** Reads fixed fields from untrusted bytes, front to back. Every method throws MALFORMED when the bytes run out. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    if (this.#bytes.length - this.#offset < length) throw malformed('bytes run out', { want: length });
    const part = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return part;
  }

  #integer(length: number): number {
    const value = this.bytes(length).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw malformed('an integer beyond 2^53-1');
    return value;
  }

  u8(): number {
    return this.#integer(1);
  }

  u16(): number {
    return this.#integer(2);
  }

  u32(): number {
    return this.#integer(4);
  }

  u64(): number {
    return this.#integer(8);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#offset);
  }

  /** Throws MALFORMED unless every byte was read. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw malformed('trailing bytes', { count: this.#bytes.length - this.#offset });
  }
}
