/** A tree of equal entries: a log of any size has its root and its proofs at once. For measuring what sizes cost. */
import { encodeUtf8 } from '../core/bytes/bytes.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { nodeHashOf, type NodeReader } from '../core/log/tree.ts';
import { sm3 } from '../core/sm/sm3.ts';

export class UniformTree implements NodeReader {
  readonly #levels: Hash[] = [sm3(encodeUtf8('entry'))];

  node(level: number): Hash {
    for (let next = this.#levels.length; next <= level; next++) {
      this.#levels.push(nodeHashOf(this.#levels[next - 1]!, this.#levels[next - 1]!));
    }
    return this.#levels[level]!;
  }
}
