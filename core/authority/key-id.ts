/** Key id = H(⟨ki⟩ ‖ the 65 bytes of the public key): how registry, envelopes and attestations name a key. */
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import type { PublicKey } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';

export function keyIdOf(publicKey: PublicKey): Hash {
  return sm3(label('ki'), publicKey);
}
