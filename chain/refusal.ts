/** A contract's refusal: the custom error it reverted with, as a coded error whose facts are the values that explain it. */
import type { ErrorDescription, Interface } from 'ethers';
import { conflict, type CodedError } from '../core/bytes/error.ts';
import { ANCHOR, CONSORTIUM, COURT, REGISTRY } from './abi.ts';

/** An error that several contracts know is the same bytes in all of them. */
const CONTRACTS = [REGISTRY, ANCHOR, CONSORTIUM, COURT];

/** CONFLICT. `data` is what the call returned, `0x…`; null or foreign bytes make an unknown error. */
export function refusalOf(data: string | null): CodedError {
  const found = CONTRACTS.map((abi) => parseError(abi, data)).find((error) => error !== null);
  if (!found) return conflict('the contract refused', { error: 'unknown' });
  const values = found.fragment.inputs.map(({ name }) => [name, plain(found.args.getValue(name))] as const);
  return conflict(`the contract refused: ${found.name}`, { error: found.name, ...Object.fromEntries(values) });
}

function parseError(abi: Interface, data: string | null): ErrorDescription | null {
  try {
    return data === null ? null : abi.parseError(data);
  } catch {
    return null;
  }
}

function plain(value: unknown): string | number {
  if (typeof value === 'bigint' && value <= Number.MAX_SAFE_INTEGER) return Number(value);
  return String(value);
}
