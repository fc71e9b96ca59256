/**
 * What entries of access and seals logs say, each encrypted under a key of its own that stands elsewhere (secret-file.ts):
 *
 *     body   leaf hash   u64 place of its key ‖ SM4-GCM(body) ‖ tag 16       iv 12 zero bytes, AAD = log id 32 ‖ leaf hash 32
 *
 * A key encrypts one body and is never used again. Backups of this store are worth nothing without the file of keys; and once a key is
 * overwritten there, no copy of this store can be read at its place.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { ByteReader, concatBytes, u64 } from '../../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { OpenedBody } from '../../core/log/opening.ts';
import { GCM_IV_LENGTH, openSm4Gcm, sealSm4Gcm } from '../../core/sm/sm4-gcm.ts';
import type { KeySpace, Store } from '../../service/store.ts';
import type { SecretFile } from './secret-file.ts';

export interface NewBody extends OpenedBody {
  readonly leafHash: Hash;
  /** 16 random bytes. */
  readonly key: Uint8Array;
}

/** Bodies encrypted between two breaths. */
const STRIDE = 16;
const IV = new Uint8Array(GCM_IV_LENGTH);

export class BodyStore {
  readonly #store: Store;
  readonly #space: KeySpace;
  readonly #secrets: SecretFile;
  readonly #logId: Hash;

  constructor(store: Store, secrets: SecretFile, logId: Hash) {
    this.#store = store;
    this.#space = store.space('body');
    this.#secrets = secrets;
    this.#logId = logId;
  }

  /** Places of keys in use. */
  get placeCount(): number {
    return this.#secrets.count;
  }

  /** Keys and bodies are on disk when it returns; whether an entry ever refers to them is the log's to say. */
  async add(bodies: readonly NewBody[]): Promise<void> {
    if (bodies.length === 0) return;
    const first = await this.#secrets.add(bodies);
    const write = this.#store.batch();
    for (const [i, { leafHash, key, body }] of bodies.entries()) {
      if (i % STRIDE === STRIDE - 1) await breathe();
      write.put(
        this.#space,
        leafHash,
        concatBytes(u64(first + i), sealSm4Gcm({ ...this.#sealing(leafHash, key), plaintext: body })),
      );
    }
    await write.write({ sync: true });
  }

  async has(leafHash: Hash): Promise<boolean> {
    return this.#space.has(leafHash);
  }

  /** Null when its key was erased. Throws UNAVAILABLE when it is not here, or its key is lost or damaged. */
  async open(leafHash: Hash): Promise<OpenedBody | null> {
    const { place, sealed } = await this.#read(leafHash);
    const secret = await this.#secrets.read(place);
    if (secret === null) return null;
    try {
      return { nonce: secret.nonce, body: openSm4Gcm({ ...this.#sealing(leafHash, secret.key), sealed }) };
    } catch (error) {
      if (isCodedError(error)) throw unavailable('a body and its key do not fit: one of them is older than the other', { place });
      throw error;
    }
  }

  /** Where the body's key stands. Throws UNAVAILABLE as `open`. */
  async placeOf(leafHash: Hash): Promise<number> {
    return (await this.#read(leafHash)).place;
  }

  /** The keys are overwritten and that is on disk when it returns. */
  async erase(places: readonly number[]): Promise<void> {
    await this.#secrets.erase(places);
  }

  /**
   * Before anything is served. `count`: places that the log knows of. Keys beyond were never referred to and are destroyed; where an older
   * file of keys was restored, its missing places are lost for good, and what was erased since is erased again: so many of each.
   */
  async settle(count: number, erased: Iterable<number>): Promise<{ readonly lost: number; readonly erasedAgain: number }> {
    const secrets = this.#secrets;
    const lost = Math.max(0, count - secrets.count);
    await secrets.extendTo(count);
    const unreferred = Array.from({ length: secrets.count - count }, (_, i) => count + i);
    const restored: number[] = [];
    for (const place of erased) if (await this.#isHeld(place)) restored.push(place);
    await secrets.erase([...unreferred, ...restored]);
    return { lost, erasedAgain: restored.length };
  }

  async #isHeld(place: number): Promise<boolean> {
    try {
      return (await this.#secrets.read(place)) !== null;
    } catch (error) {
      // Damaged: it may hold the key still.
      if (isCodedError(error, 'UNAVAILABLE')) return true;
      throw error;
    }
  }

  async #read(leafHash: Hash): Promise<{ place: number; sealed: Uint8Array }> {
    const stored = await this.#space.get(leafHash);
    if (stored === undefined) throw unavailable('a body is missing: an older copy of the bodies was restored');
    const reader = new ByteReader(stored);
    return { place: reader.u64(), sealed: reader.rest() };
  }

  #sealing(leafHash: Hash, key: Uint8Array): { key: Uint8Array; iv: Uint8Array; aad: Uint8Array } {
    return { key, iv: IV, aad: concatBytes(this.#logId, leafHash) };
  }

  async close(): Promise<void> {
    await this.#secrets.close();
    await this.#store.close();
  }
}
