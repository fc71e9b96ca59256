/**
 * Answers to writes, kept so that a request that is sent again gets the very same bytes and is not done twice.
 *
 *     answer   SM3(idempotency key)   SM3(secret) 32 ‖ iv 12 ‖ SM4-GCM(answer) ‖ tag 16
 *
 * secret = HMAC-SM3(idempotency key, the request), SM4 key = its first 16 bytes. An answer names every field of a licence, personal
 * ones too: whoever has the disk reads it only with the request at hand, which says the same already.
 */
import { randomBytes } from 'node:crypto';
import { concatBytes, encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { type CodedError, conflict } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue } from '../../core/bytes/json.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { GCM_IV_LENGTH, openSm4Gcm, sealSm4Gcm } from '../../core/sm/sm4-gcm.ts';
import type { Batch, KeySpace, Store } from '../../service/store.ts';

/** Which request it is: two that are equal here are one. */
export interface RequestIdentity {
  readonly keyDigest: Hash;
  readonly secret: Hash;
}

export function identifyRequest(idempotencyKey: string, route: string, body: JsonValue): RequestIdentity {
  const keyBytes = encodeUtf8(idempotencyKey);
  return { keyDigest: sm3(keyBytes), secret: hmacSm3(keyBytes, encodeCanonicalJson([route, body])) };
}

const SECRET_DIGEST_LENGTH = 32;
const CIPHER_KEY_LENGTH = 16;

function otherRequest(): CodedError {
  return conflict('this Idempotency-Key was used for another request');
}

export class Answers {
  readonly #space: KeySpace;
  readonly #underWay = new Map<string, { readonly secret: Hash; readonly answer: Promise<Uint8Array> }>();

  constructor(store: Store) {
    this.#space = store.space('answer');
  }

  /** Undefined for a request that was never done. Throws CONFLICT for another request under the same key. */
  find({ keyDigest, secret }: RequestIdentity): Uint8Array | undefined {
    const stored = this.#space.getSync(keyDigest);
    if (stored === undefined) return undefined;
    const [digest, sealed] = [stored.subarray(0, SECRET_DIGEST_LENGTH), stored.subarray(SECRET_DIGEST_LENGTH)];
    if (!equalBytes(digest, sm3(secret))) throw otherRequest();
    const [iv, ciphertext] = [sealed.subarray(0, GCM_IV_LENGTH), sealed.subarray(GCM_IV_LENGTH)];
    return openSm4Gcm({ key: secret.subarray(0, CIPHER_KEY_LENGTH), iv, aad: keyDigest, sealed: ciphertext });
  }

  /** In place of an earlier answer to the same request. */
  put(batch: Batch, { keyDigest, secret }: RequestIdentity, answer: Uint8Array): void {
    const iv = randomBytes(GCM_IV_LENGTH);
    const sealed = sealSm4Gcm({ key: secret.subarray(0, CIPHER_KEY_LENGTH), iv, aad: keyDigest, plaintext: answer });
    batch.put(this.#space, keyDigest, concatBytes(sm3(secret), iv, sealed));
  }

  /** Does `work` unless the same request is being done just now: then its answer is that one's. Throws CONFLICT as `find`. */
  async once({ keyDigest, secret }: RequestIdentity, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const name = encodeHex(keyDigest);
    const other = this.#underWay.get(name);
    if (other !== undefined) {
      if (!equalBytes(other.secret, secret)) throw otherRequest();
      return other.answer;
    }
    const answer = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, { secret, answer });
    return answer;
  }
}
