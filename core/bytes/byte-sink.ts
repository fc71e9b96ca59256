/**
 * Gathers bytes that arrive in pieces, under a cap. One buffer that grows: a sender that cuts its bytes into pieces of one costs us
 * no more memory than one that does not, where a list of pieces would take a hundred times their size.
 */
const FIRST_CAPACITY = 1024;

export class ByteSink {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** False when the cap would be passed; then nothing is added. */
  add(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#maxBytes) return false;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /** All that was gathered, and begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }
}
