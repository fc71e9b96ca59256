/** The worked examples of docs/formats.md: fenced blocks that begin with `example` and a name. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { asHash, hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { parsePublicKey, parseSignature, type PublicKey, type Signature } from '../../core/sm/sm2.ts';

export const DOCUMENT = readFileSync(new URL('../../docs/formats.md', import.meta.url), 'utf8');

/** `name: value`, bytes going on in indented lines; after `name |` the indented lines are text. */
export class Example {
  readonly #values = new Map<string, string>();

  constructor(block: string) {
    let name = '';
    let isText = false;
    for (const line of block.split('\n')) {
      const head = /^([A-Za-z0-9]+)(?:: ?(.*)| \|)$/.exec(line);
      if (head === null) {
        this.#values.set(name, this.#values.get(name)! + line.trimStart() + (isText ? '\n' : ''));
        continue;
      }
      name = head[1]!;
      isText = head[2] === undefined;
      this.#values.set(name, head[2] ?? '');
    }
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`the example has no ${name}`);
    return value;
  }

  number(name: string): number {
    return Number(this.text(name));
  }

  bytes(name: string): Uint8Array {
    return decodeHex(this.text(name));
  }

  hash(name: string): Hash {
    return hashFromHex(this.text(name));
  }

  hashes(name: string): Hash[] {
    const bytes = this.bytes(name);
    return Array.from({ length: bytes.length / 32 }, (_, i) => asHash(bytes.subarray(32 * i, 32 * (i + 1))));
  }

  publicKey(name: string): PublicKey {
    return parsePublicKey(this.bytes(name));
  }

  signature(name = 'signature'): Signature {
    return parseSignature(this.bytes(name));
  }

  expect(name: string, bytes: Uint8Array): void {
    expect(encodeHex(bytes), name).to.equal(this.text(name));
  }
}

const blocks = new Map(
  Array.from(DOCUMENT.matchAll(/^```example ([a-z-]+)\n([\s\S]*?)\n```$/gm), (match) => [match[1]!, new Example(match[2]!)]),
);

export function exampleOf(name: string): Example {
  const example = blocks.get(name);
  if (example === undefined) throw new Error(`docs/formats.md has no example ${name}`);
  return example;
}
