/**
 * Strict JSON (RFC 8259 without its freedoms) and canonical JSON (RFC 8785).
 *
 * `JSON.parse` silently keeps the last of two equal keys, rounds large integers and accepts lone surrogates: three ways to show
 * two readers different documents under one signature. This parser refuses all three, and caps size and depth first.
 */
import { decodeUtf8, encodeUtf8, equalBytes } from './bytes.ts';
import { malformed } from './error.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface JsonCaps {
  /** Bytes of UTF-8 (or UTF-16 units when a string is given). Default 1 MiB. */
  readonly maxBytes?: number;
  /** Nested arrays and objects. Default 32. */
  readonly maxDepth?: number;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
const WHITE_SPACE = /[ \t\n\r]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class JsonReader {
  readonly #text: string;
  readonly #maxDepth: number;
  #offset = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  document(): JsonValue {
    const value = this.#value(0);
    this.#take(WHITE_SPACE);
    if (this.#offset !== this.#text.length) throw this.#refusal('text after the value');
    return value;
  }

  #refusal(why: string): Error {
    return malformed(`JSON: ${why}`, { offset: this.#offset });
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#offset += found.length;
    return found;
  }

  #skip(char: string): boolean {
    if (this.#text[this.#offset] !== char) return false;
    this.#offset++;
    return true;
  }

  #value(depth: number): JsonValue {
    this.#take(WHITE_SPACE);
    if (depth > this.#maxDepth) throw this.#refusal('nested too deep');
    if (this.#skip('{')) return this.#object(depth);
    if (this.#skip('[')) return this.#array(depth);
    if (this.#skip('"')) return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, this.#offset)) continue;
      this.#offset += word.length;
      return value;
    }
    return this.#number();
  }

  #number(): number {
    const text = this.#take(NUMBER);
    if (text === '') throw this.#refusal('no value');
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.#refusal('number out of range');
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw this.#refusal('integer beyond 2^53-1');
    return value;
  }

  #string(): string {
    let text = '';
    for (;;) {
      text += this.#take(PLAIN_TEXT);
      if (this.#skip('"')) break;
      if (!this.#skip('\\')) throw this.#refusal('unfinished string or control character');
      text += this.#escape();
    }
    if (!text.isWellFormed()) throw this.#refusal('lone surrogate');
    return text;
  }

  #escape(): string {
    const char = this.#text[this.#offset++] ?? '';
    if (char !== 'u') {
      const plain = ESCAPES[char];
      if (plain === undefined) throw this.#refusal('unknown escape');
      return plain;
    }
    const digits = this.#text.slice(this.#offset, this.#offset + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#refusal('bad \\u escape');
    this.#offset += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#take(WHITE_SPACE);
    if (this.#skip(']')) return items;
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#take(WHITE_SPACE);
      if (this.#skip(']')) return items;
      if (!this.#skip(',')) throw this.#refusal('comma or ] expected');
    }
  }

  #object(depth: number): JsonObject {
    // No prototype: a key named __proto__ is a key like any other.
    const members: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
    this.#take(WHITE_SPACE);
    if (this.#skip('}')) return members;
    for (;;) {
      this.#take(WHITE_SPACE);
      if (!this.#skip('"')) throw this.#refusal('key expected');
      const key = this.#string();
      if (key in members) throw this.#refusal('duplicate key');
      this.#take(WHITE_SPACE);
      if (!this.#skip(':')) throw this.#refusal('colon expected');
      members[key] = this.#value(depth + 1);
      this.#take(WHITE_SPACE);
      if (this.#skip('}')) return members;
      if (!this.#skip(',')) throw this.#refusal('comma or } expected');
    }
  }
}

/** Parses one JSON value from UTF-8 bytes or a string. Objects have no prototype. Throws MALFORMED. */
export function parseJson(input: Uint8Array | string, caps: JsonCaps = {}): JsonValue {
  const maxBytes = caps.maxBytes ?? 1 << 20;
  if (input.length > maxBytes) throw malformed('JSON too long', { maxBytes });
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  return new JsonReader(text, caps.maxDepth ?? 32).document();
}

/**
 * RFC 8785: no white space, keys by UTF-16 code units, numbers and strings as ECMAScript writes them. Throws MALFORMED for what
 * JSON cannot carry: undefined, NaN, infinities, lone surrogates, integers beyond 2⁵³−1.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw malformed('JSON: not a finite number');
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw malformed('JSON: integer beyond 2^53-1');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw malformed('JSON: lone surrogate');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw malformed('JSON: not a JSON value');
  const members = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`).join(',')}}`;
}

export function encodeCanonicalJson(value: JsonValue): Uint8Array {
  return encodeUtf8(canonicalJson(value));
}

/** Parses bytes that must already be canonical: anything that re-serialises to other bytes is refused. Throws MALFORMED. */
export function parseCanonicalJson(bytes: Uint8Array, caps: JsonCaps = {}): JsonValue {
  const value = parseJson(bytes, caps);
  if (!equalBytes(encodeCanonicalJson(value), bytes)) throw malformed('JSON is not in canonical form');
  return value;
}
