/**
 * An opening: nonce and body of an entry, encrypted for whoever knows h. Anyone may keep and serve it without reading it.
 *
 *     iv 12, random  ‖  SM4-GCM(nonce 32 ‖ body)  ‖  tag 16
 *
 * Key = the first 16 bytes of H(⟨ok⟩ ‖ h ‖ leaf hash), AAD = log id ‖ leaf hash. The tag shows only that the sealer knew h, so an
 * opening is believed when, and only when, it recomputes the entry's commitment.
 */
import { concatBytes, equalBytes } from '../bytes/bytes.ts';
import { invariant, malformed, unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { sm3 } from '../sm/sm3.ts';
import { GCM_IV_LENGTH, GCM_TAG_LENGTH, openSm4Gcm, sealSm4Gcm } from '../sm/sm4-gcm.ts';
import { commitmentOf, encodeEntry, NONCE_LENGTH, type Entry } from './entry.ts';
import type { HistorySecret } from './slot.ts';
import { leafHashOf } from './tree.ts';

export interface OpeningContext {
  readonly h: HistorySecret;
  readonly logId: Hash;
  readonly entry: Entry;
}

export interface OpenedBody {
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

export const MAX_BODY_LENGTH = 1 << 20;
const KEY_LENGTH = 16;
const OVERHEAD = GCM_IV_LENGTH + NONCE_LENGTH + GCM_TAG_LENGTH;

function cipherInput({ h, logId, entry }: OpeningContext): { key: Uint8Array; aad: Uint8Array } {
  const leafHash = leafHashOf(encodeEntry(entry));
  return { key: sm3(label('ok'), h, leafHash).subarray(0, KEY_LENGTH), aad: concatBytes(logId, leafHash) };
}

/** `iv`: 12 bytes that are random each time, since sealing two bodies under one key and iv would show both. */
export function sealOpening(context: OpeningContext, { nonce, body }: OpenedBody, iv: Uint8Array): Uint8Array {
  if (body.length > MAX_BODY_LENGTH) throw malformed('a body has at most 1 MiB');
  invariant(iv.length === GCM_IV_LENGTH, 'an iv has 12 bytes');
  invariant(equalBytes(commitmentOf(nonce, body), context.entry.commitment), 'an opening fits its entry');
  return concatBytes(iv, sealSm4Gcm({ ...cipherInput(context), iv, plaintext: concatBytes(nonce, body) }));
}

/** Throws MALFORMED for a length no opening has, UNVERIFIED when it is another entry's, another h's or changed. */
export function openOpening(context: OpeningContext, opening: Uint8Array): OpenedBody {
  if (opening.length < OVERHEAD || opening.length > OVERHEAD + MAX_BODY_LENGTH)
    throw malformed('an opening of an impossible length');
  const iv = opening.subarray(0, GCM_IV_LENGTH);
  const plaintext = openSm4Gcm({ ...cipherInput(context), iv, sealed: opening.subarray(GCM_IV_LENGTH) });
  const nonce = plaintext.subarray(0, NONCE_LENGTH);
  const body = plaintext.subarray(NONCE_LENGTH);
  if (!equalBytes(commitmentOf(nonce, body), context.entry.commitment))
    throw unverified('opening: another body than the entry commits to');
  return { nonce, body };
}
