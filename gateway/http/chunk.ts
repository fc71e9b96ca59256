/** Cutting a stream into chunks: full ones at once, a slow stream's after a while, and each with the word whether it is the last. */

export interface ChunkLimits {
  readonly items: number;
  readonly bytes: number;
  /** A chunk that has something waits for more no longer. */
  readonly waitMs: number;
}

const LATE = Symbol('late');

/** The value, or LATE; the promise is not lost and is asked again. */
async function within<T>(value: Promise<T>, ms: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A reader that leaves early waits for nothing: the source is told, and ends by itself. */
function leave(source: AsyncIterator<unknown>, pending: Promise<unknown> | null): void {
  pending?.catch(() => {});
  source.return?.().catch(() => {});
}

/** Reads ahead by one item at most. */
export async function* gather(source: AsyncIterable<Uint8Array>, limits: ChunkLimits): AsyncGenerator<Uint8Array[]> {
  const items = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<Uint8Array>> | null = null;
  let [chunk, bytes]: [Uint8Array[], number] = [[], 0];
  try {
    for (;;) {
      pending ??= items.next();
      const next = chunk.length === 0 ? await pending : await within(pending, limits.waitMs);
      if (next !== LATE) {
        pending = null;
        if (next.done === true) break;
        chunk.push(next.value);
        bytes += next.value.length;
        if (chunk.length < limits.items && bytes < limits.bytes) continue;
      }
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    if (chunk.length > 0) yield chunk;
  } finally {
    leave(items, pending);
  }
}

export interface LastKnown {
  readonly items: Uint8Array[];
  readonly isLast: boolean;
}

/**
 * A chunk is held until the next is there or the stream is over. After `waitMs` it goes out as one that is not the last; if nothing
 * follows, the last is an empty one, as it is for a stream that is empty.
 */
export async function* withLast(source: AsyncIterable<Uint8Array[]>, waitMs: number): AsyncGenerator<LastKnown> {
  const chunks = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<Uint8Array[]>> | null = null;
  let held: Uint8Array[] | null = null;
  try {
    for (;;) {
      pending ??= chunks.next();
      const next: IteratorResult<Uint8Array[]> | typeof LATE = held === null ? await pending : await within(pending, waitMs);
      if (next === LATE) {
        yield { items: held!, isLast: false };
        held = null;
        continue;
      }
      pending = null;
      if (next.done === true) {
        yield { items: held ?? [], isLast: true };
        return;
      }
      if (held !== null) yield { items: held, isLast: false };
      held = next.value;
    }
  } finally {
    leave(chunks, pending);
  }
}
