/**
 * The index is a cache of what the nodes and the chain say. What is gone or spoilt in it is IndexDamage: whoever meets it has the
 * spoilt value removed (index-store.ts) and what it belonged to read anew.
 */
import { CodedError } from '../../core/bytes/error.ts';
import type { KeySpace } from '../../service/store.ts';

export class IndexDamage extends CodedError {
  readonly space: KeySpace;
  /** Not among the facts: a key can be a slot. */
  readonly key: Uint8Array;

  constructor(space: KeySpace, key: Uint8Array, cause?: unknown) {
    super('UNAVAILABLE', 'the index is damaged and is being built anew', { space: space.name }, cause);
    this.space = space;
    this.key = key;
  }
}

/** Throws IndexDamage. */
export function readValue(space: KeySpace, key: Uint8Array): Uint8Array | undefined {
  try {
    return space.getSync(key);
  } catch (error) {
    throw new IndexDamage(space, key, error);
  }
}

/** As `readValue`, for a key that must be there. */
export function requireValue(space: KeySpace, key: Uint8Array): Uint8Array {
  const value = readValue(space, key);
  if (value === undefined) throw new IndexDamage(space, key);
  return value;
}
