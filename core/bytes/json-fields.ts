/**
 * Reads the members of an untrusted JSON object one by one and refuses what nobody asked for. Every `parse…` of a JSON format
 * in core/ goes through this reader, so that unknown, missing and mistyped members are refused alike, with the place named
 * and the value left out.
 */
import { decodeBase64, decodeHex } from './bytes.ts';
import { malformed } from './error.ts';
import type { Hash } from './hash.ts';
import { hashFromHex } from './hash.ts';
import type { JsonObject, JsonValue } from './json.ts';

export class JsonFields {
  readonly #object: JsonObject;
  readonly #place: string;
  readonly #left: Set<string>;

  /** `place` names the object in refusals, as in `trust.witnesses[0]`. */
  constructor(value: JsonValue, place: string) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed(`${place} is not an object`);
    this.#object = value as JsonObject;
    this.#place = place;
    this.#left = new Set(Object.keys(value));
  }

  /** Refuses members that were not read. */
  end(): void {
    if (this.#left.size > 0) throw malformed(`${this.#place} has unknown members`, { count: this.#left.size });
  }

  #refusal(name: string, want: string): Error {
    return malformed(`${this.#place}.${name} is not ${want}`);
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  value(name: string): JsonValue {
    this.#left.delete(name);
    const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
    if (value === undefined) throw malformed(`${this.#place}.${name} is missing`);
    return value;
  }

  string(name: string, maxLength = 512): string {
    const value = this.value(name);
    if (typeof value !== 'string' || value.length > maxLength) throw this.#refusal(name, `a string of at most ${maxLength}`);
    return value;
  }

  oneOf<const Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.value(name);
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw this.#refusal(name, `one of ${choices.join(', ')}`);
    return choice;
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    if (typeof value !== 'boolean') throw this.#refusal(name, 'true or false');
    return value;
  }

  /** A whole number from 0 to 2⁵³−1: sizes, indexes, counts, times in ms. */
  integer(name: string): number {
    const value = this.value(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.#refusal(name, 'a whole number');
    return value;
  }

  hash(name: string): Hash {
    return hashFromHex(this.string(name));
  }

  hex(name: string, length: number): Uint8Array {
    return decodeHex(this.string(name, 2 * length), length);
  }

  base64(name: string, maxBytes: number): Uint8Array {
    return decodeBase64(this.string(name, Math.ceil(maxBytes / 3) * 4));
  }

  object(name: string): JsonFields {
    return new JsonFields(this.value(name), `${this.#place}.${name}`);
  }

  /** At most `maxItems`; `read` gets each value and its place. */
  array<Item>(name: string, maxItems: number, read: (value: JsonValue, place: string) => Item): Item[] {
    const value = this.value(name);
    if (!Array.isArray(value) || value.length > maxItems) throw this.#refusal(name, `an array of at most ${maxItems}`);
    return value.map((item: JsonValue, i) => read(item, `${this.#place}.${name}[${i}]`));
  }

  /** `read` unless the member is null. */
  nullable<Item>(name: string, read: (fields: this) => Item): Item | null {
    if (this.#object[name] !== null) return read(this);
    this.#left.delete(name);
    return null;
  }
}

/** Reads one array item as an object and refuses unknown members after `read`. */
export function readFields<Item>(value: JsonValue, place: string, read: (fields: JsonFields) => Item): Item {
  const fields = new JsonFields(value, place);
  const item = read(fields);
  fields.end();
  return item;
}
