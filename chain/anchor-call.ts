/** The call that anchors a checkpoint. */
import type { Hash } from '../core/bytes/hash.ts';
import type { AnchorEvent } from '../core/authority/registry-event.ts';
import { ANCHOR, hex } from './abi.ts';
import type { ChainSender, Receipt } from './sender.ts';

/** A signed checkpoint, and the proof that the log has grown into it. */
export interface AnchorInput extends Omit<AnchorEvent, 'kind' | 'sequence' | 'block'> {
  readonly consistencyProof: readonly Hash[];
}

/** Throws CONFLICT if the contract refuses, UNAVAILABLE if the chain does not answer: then the same call may be repeated. */
export function anchorCheckpoint(sender: Pick<ChainSender, 'send'>, anchorAddress: string, input: AnchorInput): Promise<Receipt> {
  const { logId, size, issuedAt, rootHash, mapRoot, keyId, signature, consistencyProof } = input;
  const data = ANCHOR.encodeFunctionData('anchor', [
    hex(logId),
    size,
    issuedAt,
    hex(rootHash),
    hex(mapRoot),
    hex(keyId),
    hex(signature),
    consistencyProof.map(hex),
  ]);
  return sender.send({ to: anchorAddress, data });
}
