/**
 * Where a log keeps what it says about one thing: slot_i = H(⟨sl⟩ ‖ h ‖ u32 i), i = 0, 1, 2 … (one SM3 block).
 *
 * `h` is that thing's history secret. Whoever knows it finds all the entries; to everyone else they are unrelated random values.
 */
import { encodeUtf8, u32 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { sm3 } from '../sm/sm3.ts';

declare const historySecretBrand: unique symbol;
/** 32 bytes. Of its own type, so that it never stands where a hash is shown: it must not reach URLs, program logs or look-ups. */
export type HistorySecret = Uint8Array & { readonly [historySecretBrand]: true };

/** Takes 32 bytes known to be a history secret, such as a VRF output. Throws MALFORMED for another length. */
export function asHistorySecret(bytes: Uint8Array): HistorySecret {
  if (bytes.length !== 32) throw malformed('a history secret has 32 bytes');
  return bytes as HistorySecret;
}

/** H(⟨lc⟩ ‖ log id ‖ family): for licence types whose status anyone may ask by number. Secret in name only. */
export function publicLicenceSecret(logId: Hash, family: string): HistorySecret {
  return asHistorySecret(sm3(label('lc'), logId, encodeUtf8(family)));
}

/** H(⟨fl⟩ ‖ H(file)): whoever holds the file finds what is said about it. */
export function fileSecret(fileDigest: Hash): HistorySecret {
  return asHistorySecret(sm3(label('fl'), fileDigest));
}

/** The place of entry number `i` < 2³² of the history. */
export function slotAt(h: HistorySecret, i: number): Hash {
  return sm3(label('sl'), h, u32(i));
}
