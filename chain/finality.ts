/**
 * Which block counts, and which chain it is. Finality is configuration: no answer of a node called "final" is relied on, and even a
 * final block can be lost when all validators crash, which the reader notices.
 */
import { unavailable } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { BlockPoint } from '../core/authority/registry-event.ts';
import { readQuantity, type ChainRpc } from './rpc.ts';

export interface Finality {
  /** Blocks that must follow a block before it counts. 0 where a block is final at once. */
  readonly confirmations: number;
}

/** The newest block that counts. Throws UNAVAILABLE. */
export async function newestFinalBlock(rpc: ChainRpc, { confirmations }: Finality): Promise<BlockPoint> {
  return blockAt(rpc, Math.max(0, (await rpc.blockNumber()) - confirmations));
}

/** What tells chains apart; with the anchor contract's address it makes the chain reference. Throws UNAVAILABLE. */
export async function readChainIdentity(rpc: ChainRpc): Promise<{ chainId: number; genesisHash: Hash }> {
  const chainId = readQuantity(await rpc.call('eth_chainId', []));
  return { chainId, genesisHash: (await blockAt(rpc, 0)).hash };
}

/** Throws UNAVAILABLE if the block is not there, for a block that was there a moment ago. */
export async function blockAt(rpc: ChainRpc, number: number): Promise<BlockPoint> {
  const block = await rpc.block(number);
  if (block === null) throw unavailable('the chain node does not have a block', { number });
  return block;
}
