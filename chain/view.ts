/** What contracts say when they are asked, at the newest block: for those who prepare a call. Readers use events alone. */
import type { Interface, Result } from 'ethers';
import { unavailable } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { ANCHOR, codeHex, hex, REGISTRY } from './abi.ts';
import { revertOf } from './refusal.ts';
import { readHex, type ChainRpc } from './rpc.ts';

async function ask(rpc: ChainRpc, to: string, abi: Interface, name: string, values: readonly unknown[]): Promise<Result> {
  const data = abi.encodeFunctionData(name, values);
  const answer = readHex(await rpc.call('eth_call', [{ to, data }, 'latest']));
  try {
    return abi.decodeFunctionResult(name, answer);
  } catch (error) {
    throw unavailable('the contract answers something else', { name }, error);
  }
}

/** How many key acts of the authority were accepted: the nonce of the next. Throws UNAVAILABLE. */
export async function readKeyActs(rpc: ChainRpc, registry: string, code: string): Promise<number> {
  const [authority] = await ask(rpc, registry, REGISTRY, 'authorityOf', [codeHex(code)]);
  return Number((authority as Result).getValue('keyActs'));
}

/** Where the members decide. Throws UNAVAILABLE. */
export async function readConsortiumAddress(rpc: ChainRpc, registry: string): Promise<string> {
  const [address] = await ask(rpc, registry, REGISTRY, 'consortium', []);
  return String(address).toLowerCase();
}

/** Milliseconds that a proposal about an existing authority's keys must have been public. Throws UNAVAILABLE. */
export async function readPublicDelay(rpc: ChainRpc, registry: string): Promise<number> {
  const [delay] = await ask(rpc, registry, REGISTRY, 'publicDelay', []);
  return Number(delay);
}

/** A log's newest anchor. */
export interface AnchoredHead {
  readonly size: number;
  /** The checkpoint's own time. */
  readonly issuedAt: number;
  /** The block's. */
  readonly anchoredAt: number;
}

/** Null before the first. Throws UNAVAILABLE. */
export async function readHead(rpc: ChainRpc, anchor: string, logId: Hash): Promise<AnchoredHead | null> {
  const [head] = await ask(rpc, anchor, ANCHOR, 'headOf', [hex(logId)]);
  const number = (name: string): number => Number((head as Result).getValue(name));
  if (number('count') === 0) return null;
  return { size: number('size'), issuedAt: number('time'), anchoredAt: number('blockTime') };
}

/** Runs a call at the newest block and keeps nothing of it. Throws CONFLICT with the contract's error if it refuses, UNAVAILABLE. */
export async function rehearse(
  rpc: ChainRpc,
  { from, to, data }: { readonly from: string; readonly to: string; readonly data: string },
): Promise<void> {
  await rpc.call('eth_call', [{ from, to, data, gasPrice: '0x0' }, 'latest']).catch((error: unknown) => {
    throw revertOf(error) ?? error;
  });
}
