/**
 * Handles: the history secret of a number in one log, which only that log's VRF key makes.
 *
 *   input     ⟨hd⟩ ‖ log id 32 ‖ u8 class ‖ u16 length ‖ id
 *   h         the VRF's output for it (sm/vrf.ts)
 *
 * So h differs for each log and each key, nobody can try out numbers without the key, and the person who has the proof knows that her h is
 * the only one. The same makes the secret of a licence of a private type, of class 32. Handle and proof are personal data: never in URLs,
 * program logs, exports or the evidence of a single entry.
 */
import { concatBytes, encodeUtf8, u16, u8 } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { asHistorySecret, type HistorySecret } from '../log/slot.ts';
import type { PrivateKey, PublicKey } from '../sm/sm2.ts';
import { proveVrf, verifyVrf, vrfOutput, type VrfProof } from '../sm/vrf.ts';
import type { CanonicalNumber } from './number.ts';

/** u8 class ‖ u16 length ‖ id: how a number stands in bytes, here and in a subject's leaf. */
export function encodeNumber(number: CanonicalNumber): Uint8Array {
  const id = encodeUtf8(number.id);
  return concatBytes(u8(number.class), u16(id.length), id);
}

export function handleInput(logId: Hash, number: CanonicalNumber): Uint8Array {
  return concatBytes(label('hd'), logId, encodeNumber(number));
}

/** What the custodian computes for each subject, and may keep: milliseconds of work, the same each time. */
export function handleOf(vrfKey: PrivateKey, logId: Hash, number: CanonicalNumber): HistorySecret {
  return asHistorySecret(vrfOutput(vrfKey, handleInput(logId, number)));
}

/** For the person herself, when she asks. */
export function proveHandle(vrfKey: PrivateKey, logId: Hash, number: CanonicalNumber): VrfProof {
  return proveVrf(vrfKey, handleInput(logId, number));
}

/** The handle that the proof shows to be hers. Throws UNVERIFIED. */
export function verifyHandle(vrfKey: PublicKey, logId: Hash, number: CanonicalNumber, proof: VrfProof): HistorySecret {
  return asHistorySecret(verifyVrf(vrfKey, handleInput(logId, number), proof));
}
