/** The chain that a config names: as the chain follower asks for it, and with the account of a consortium member. */
import { decodeHex } from '../core/bytes/bytes.ts';
import { conflict } from '../core/bytes/error.ts';
import { readAccountKey } from '../chain/config.ts';
import { readChainIdentity } from '../chain/finality.ts';
import { ChainReader } from '../chain/reader.ts';
import { ChainRpc } from '../chain/rpc.ts';
import { ChainSender } from '../chain/sender.ts';
import type { Logger } from '../service/logger.ts';
import type { VerifierConfig } from './config.ts';
import type { MemberAccount } from './court/prosecution.ts';
import type { ChainSource } from './follow/chain-follower.ts';

/** Short of the time in which a program must have stopped. */
const RPC_TIMEOUT_MS = 3_000;
const SEND_TIMEOUT_MS = 6_000;

export function createChainSource({ chain }: Pick<VerifierConfig, 'chain'>, logger: Logger): ChainSource {
  const rpc = new ChainRpc({ rpcUrl: chain.rpcUrl, timeoutMs: RPC_TIMEOUT_MS });
  return {
    identify: async () => {
      const { chainId, genesisHash } = await readChainIdentity(rpc);
      if (chainId !== chain.chainId)
        throw conflict('the chain has another id than the config says', { chainId, wanted: chain.chainId });
      return { chainId, genesisHash, anchorAddress: decodeHex(chain.anchor.slice(2)) };
    },
    openReader: (cursor) => new ChainReader({ ...chain, timeoutMs: RPC_TIMEOUT_MS, logger, ...(cursor !== null && { cursor }) }),
  };
}

/** Null without `charges`. Throws as `readAccountKey`. */
export async function openMember(
  { chain, charges }: Pick<VerifierConfig, 'chain' | 'charges'>,
  logger: Logger,
): Promise<MemberAccount | null> {
  if (charges === null) return null;
  const privateKeyHex = await readAccountKey(charges.accountFile);
  return new ChainSender({ ...chain, privateKeyHex, logger, timeoutMs: SEND_TIMEOUT_MS });
}
