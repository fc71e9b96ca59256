/**
 * Values encrypted at rest: what a program keeps of other people's data is read with its `records` key or not at all.
 *
 *     stored = iv 12, random ‖ SM4-GCM(value) ‖ tag 16        AAD = name of the key space ‖ key
 *     SM4 key = first 16 bytes of HMAC-SM3(private key of type records, "veritrail-records-v1")
 *
 * Keys of a space are in the clear: they are digests or numbers of our own, never a person's.
 */
import { randomBytes } from 'node:crypto';
import { concatBytes, encodeUtf8 } from '../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../core/bytes/error.ts';
import { hmacSm3 } from '../core/sm/hmac.ts';
import { GCM_IV_LENGTH, openSm4Gcm, sealSm4Gcm } from '../core/sm/sm4-gcm.ts';
import { openKeyFile } from './key-file.ts';
import type { Batch, KeyRange, KeySpace, Store } from './store.ts';

/** 16 bytes, in memory only. */
export interface RecordsKey {
  readonly secret: Uint8Array;
}

export function recordsKeyOf(privateKey: Uint8Array): RecordsKey {
  return { secret: hmacSm3(privateKey, encodeUtf8('veritrail-records-v1')).slice(0, 16) };
}

/** Throws as `openKeyFile`. */
export async function openRecordsKey(path: string, passphrase: string): Promise<RecordsKey> {
  return recordsKeyOf((await openKeyFile(path, passphrase, 'records')).privateKey);
}

export class SealedSpace {
  readonly #space: KeySpace;
  readonly #key: Uint8Array;

  constructor(store: Store, name: string, { secret }: RecordsKey) {
    this.#space = store.space(name);
    this.#key = secret;
  }

  put(batch: Batch, key: Uint8Array, value: Uint8Array): void {
    const iv = randomBytes(GCM_IV_LENGTH);
    const sealed = sealSm4Gcm({ key: this.#key, iv, aad: this.#aad(key), plaintext: value });
    batch.put(this.#space, key, concatBytes(iv, sealed));
  }

  del(batch: Batch, key: Uint8Array): void {
    batch.del(this.#space, key);
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    const stored = this.#space.getSync(key);
    return stored && this.#open(key, stored);
  }

  async *iterate(range?: KeyRange): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    for await (const [key, stored] of this.#space.iterate(range)) yield [key, this.#open(key, stored)];
  }

  #aad(key: Uint8Array): Uint8Array {
    return concatBytes(this.#space.prefix, key);
  }

  #open(key: Uint8Array, stored: Uint8Array): Uint8Array {
    const [iv, sealed] = [stored.subarray(0, GCM_IV_LENGTH), stored.subarray(GCM_IV_LENGTH)];
    try {
      return openSm4Gcm({ key: this.#key, iv, aad: this.#aad(key), sealed });
    } catch (error) {
      // The store has checked its own hash: the bytes are whole, so the key is another.
      if (isCodedError(error)) throw unavailable('the records were sealed with another key', { space: this.#space.name });
      throw error;
    }
  }
}
