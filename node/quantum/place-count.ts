/**
 * How many places of the file of bodies' keys (bodies/secret-file.ts) the log knows of, written with the entries that refer to them:
 *
 *     place   (empty)   u64
 *
 * What stands in that file beyond belongs to no entry; what it has less, an older copy of it has lost.
 */
import { ByteReader, u64 } from '../../core/bytes/bytes.ts';
import type { Batch, Store } from '../../service/store.ts';

const KEY = new Uint8Array(0);

export function readPlaceCount(store: Store): number {
  const bytes = store.space('place').getSync(KEY);
  return bytes === undefined ? 0 : new ByteReader(bytes).u64();
}

export function putPlaceCount(write: Batch, store: Store, count: number): void {
  write.put(store.space('place'), KEY, u64(count));
}
