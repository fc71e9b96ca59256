/** A contract's refusal: the custom error it reverted with, as a coded error whose facts are the values that explain it. */
import type { ErrorDescription, Interface } from 'ethers';
import { conflict, type CodedError, type ErrorFacts } from '../core/bytes/error.ts';
import { ANCHOR, CONSORTIUM, COURT, plainValues, REGISTRY } from './abi.ts';
import { RpcRefusal } from './rpc.ts';

/** An error that several contracts know is the same bytes in all of them. */
const CONTRACTS = [REGISTRY, ANCHOR, CONSORTIUM, COURT];

/** CONFLICT. `data` is what the call returned, `0x…`; null or foreign bytes make an unknown error. */
export function refusalOf(data: string | null): CodedError {
  const found = CONTRACTS.map((abi) => parseError(abi, data)).find((error) => error !== null);
  if (!found) return conflict('the contract refused', { error: 'unknown' });
  // No error of ours holds a list.
  const values = plainValues(found.args, found.fragment.inputs) as ErrorFacts;
  return conflict(`the contract refused: ${found.name}`, { error: found.name, ...values });
}

function parseError(abi: Interface, data: string | null): ErrorDescription | null {
  try {
    return data === null ? null : abi.parseError(data);
  } catch {
    return null;
  }
}

/** What a node said when it refused a call; null for any other error. */
export function refusalIn(error: unknown): RpcRefusal | null {
  return error instanceof Error && error.cause instanceof RpcRefusal ? error.cause : null;
}

/** CONFLICT if a node's refusal is the contract's; else null. */
export function revertOf(error: unknown): CodedError | null {
  const refusal = refusalIn(error);
  return refusal !== null && (refusal.data !== null || /revert/i.test(refusal.message)) ? refusalOf(refusal.data) : null;
}
