/**
 * An anchor attestation: a witness's word that it saw a checkpoint anchored in a block, for readers who cannot ask the chain.
 *
 *       0  16   ⟨an⟩
 *      16  32   chain reference = H(⟨cr⟩ ‖ u64 chain id ‖ genesis hash 32 ‖ anchor contract's address 20)
 *      48  u64  block number
 *      56  32   block hash
 *      88  u64  block time, UTC ms
 *      96  32   H(the checkpoint's 128 bytes)
 */
import { concatBytes, u64 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import type { PublicKey, Signature } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';
import { verifySignature, type Signer } from './signer.ts';

export interface Attestation {
  readonly chainReference: Hash;
  readonly blockNumber: number;
  /** The chain's own hash of the block (Keccak-256), not SM3. */
  readonly blockHash: Hash;
  readonly blockAt: number;
  readonly checkpointDigest: Hash;
}

const ADDRESS_LENGTH = 20;

/** Names one anchor contract on one chain. Throws MALFORMED unless the address has 20 bytes. */
export function chainReferenceOf(chainId: number, genesisHash: Hash, anchorAddress: Uint8Array): Hash {
  if (anchorAddress.length !== ADDRESS_LENGTH) throw malformed('a contract address has 20 bytes');
  return sm3(label('cr'), u64(chainId), genesisHash, anchorAddress);
}

/** The 128 bytes a witness signs. */
export function encodeAttestation(attestation: Attestation): Uint8Array {
  const { chainReference, blockNumber, blockHash, blockAt, checkpointDigest } = attestation;
  return concatBytes(label('an'), chainReference, u64(blockNumber), blockHash, u64(blockAt), checkpointDigest);
}

export function signAttestation(attestation: Attestation, signer: Signer): Signature {
  return signer.sign(encodeAttestation(attestation));
}

/** Throws UNVERIFIED. */
export function verifyAttestation(attestation: Attestation, witnessKey: PublicKey, signature: Signature): void {
  verifySignature('attestation', witnessKey, encodeAttestation(attestation), signature);
}
