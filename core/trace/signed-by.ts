/** Whether a paper is signed by the authority that it names: what decides who forged, and who kept nothing, when two records differ. */
import type { EnvelopeSignature } from '../authority/envelope.ts';
import { findKey, isSuspended, type RegistryFacts } from '../authority/registry.ts';
import { isSm2Signature } from '../sm/sm2.ts';

/**
 * `yes`: a request key that the registry has of this authority made the signature. `no`: it did not, or the key is another's. `unknown`: the
 * registry as it is at hand has no such key, or the key is or may be lost: then anyone could have signed. Whether it was in force when it was
 * used, proved times must show (access/body-check.ts).
 */
export type Signedness = 'yes' | 'no' | 'unknown';

export function signednessOf(
  facts: RegistryFacts,
  { keyId, signature }: EnvelopeSignature,
  authority: string,
  signedBytes: Uint8Array,
): Signedness {
  const key = findKey(facts, keyId);
  if (key === undefined) return 'unknown';
  if (key.type !== 'request' || key.authority !== authority) return 'no';
  if (!isSm2Signature(key.publicKey, signedBytes, signature)) return 'no';
  return key.compromisedAt !== null || isSuspended(key, facts.block.at) ? 'unknown' : 'yes';
}
