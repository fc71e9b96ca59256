/**
 * From numbers to handles, with the VRF keys of an access log.
 *
 *     handle   HMAC-SM3(records key, ⟨VRF key id⟩ ‖ number) 32   sealed h
 *
 * A handle takes a millisecond and more to compute and is the same each time, so it is kept: found by a digest that only the records key
 * makes, and sealed with it. A plain list of numbers and handles on disk would be the very index that nobody is to have.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { type LogFact, vrfEpochsOf } from '../../core/authority/registry.ts';
import { concatBytes, encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { encodeNumber, handleOf, proveHandle } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { asHistorySecret, type HistorySecret } from '../../core/log/slot.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import type { PrivateKey } from '../../core/sm/sm2.ts';
import type { VrfProof } from '../../core/sm/vrf.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { Store } from '../../service/store.ts';

export interface VrfKey {
  readonly keyId: Hash;
  readonly privateKey: PrivateKey;
}

export interface HandlesOptions {
  readonly logId: Hash;
  /** All that the log ever had. */
  readonly keys: readonly VrfKey[];
  readonly store: Store;
  readonly records: RecordsKey;
}

const NAME = encodeUtf8('veritrail-handle-v1');

export class Handles {
  readonly #options: HandlesOptions;
  readonly #cache: SealedSpace;

  constructor(options: HandlesOptions) {
    this.#options = options;
    this.#cache = new SealedSpace(options.store, 'handle', options.records);
  }

  /** The key for what is recorded now. Throws UNAVAILABLE while the registry names none, or one that is not here. */
  current({ vrfKeys }: LogFact, size: number): VrfKey {
    const named = vrfKeys.findLast(({ fromIndex }) => fromIndex <= size);
    if (named === undefined) throw unavailable('the registry names no VRF key of this log yet');
    return this.#held(named.keyId);
  }

  /** Every key that the registry names: a history under one of them alone is half of it. Throws UNAVAILABLE. */
  epochs(log: LogFact): VrfKey[] {
    return vrfEpochsOf(log).map(({ keyId }) => this.#held(keyId));
  }

  #held(keyId: Hash): VrfKey {
    const key = this.#options.keys.find((one) => equalBytes(one.keyId, keyId));
    if (key === undefined)
      throw unavailable('the registry names a VRF key that this node does not have', { keyId: encodeHex(keyId) });
    return key;
  }

  async of(key: VrfKey, numbers: readonly CanonicalNumber[]): Promise<HistorySecret[]> {
    const { store, logId } = this.#options;
    const write = store.batch();
    const handles: HistorySecret[] = [];
    let added = 0;
    for (const number of numbers) {
      const place = this.#placeOf(key, number);
      const known = this.#cache.getSync(place);
      const h = known === undefined ? handleOf(key.privateKey, logId, number) : asHistorySecret(known);
      handles.push(h);
      if (known !== undefined) continue;
      this.#cache.put(write, place, h);
      added++;
      await breathe();
    }
    if (added > 0) await write.write({ sync: false });
    return handles;
  }

  /** For the person herself. */
  prove({ privateKey }: VrfKey, number: CanonicalNumber): VrfProof {
    return proveHandle(privateKey, this.#options.logId, number);
  }

  #placeOf({ keyId }: VrfKey, number: CanonicalNumber): Uint8Array {
    return hmacSm3(this.#options.records.secret, concatBytes(NAME, keyId, encodeNumber(number)));
  }
}
