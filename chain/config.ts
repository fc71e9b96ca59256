/** The part of a program's config that names a chain and the contracts on it, and how it is read. */
import { z } from 'zod';
import { malformed } from '../core/bytes/error.ts';
import { readSecret } from '../service/config.ts';

export const ADDRESS = z.string().regex(/^0x[0-9a-f]{40}$/);

export const CHAIN_CONFIG = z.strictObject({
  rpcUrl: z.url(),
  chainId: z.number().int().positive(),
  registry: ADDRESS,
  anchor: ADDRESS,
  court: ADDRESS,
  /** Blocks that must follow a block before it counts. */
  confirmations: z.number().int().min(0).max(1_000).default(0),
  /** No event stands below it. */
  fromBlock: z.number().int().min(0).default(0),
});
export type ChainConfig = z.infer<typeof CHAIN_CONFIG>;

/** 64 lower-case hex characters: the key of an account. Throws as `readSecret`. */
export async function readAccountKey(path: string): Promise<string> {
  const text = await readSecret(path);
  if (!/^[0-9a-f]{64}$/.test(text)) throw malformed('the account file must hold 64 lower-case hex characters', { path });
  return text;
}
