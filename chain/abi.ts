/** The contracts' interfaces, how our values stand in their calls, and how what they are told and say reads as plain data. */
import type { Interface, ParamType, Result } from 'ethers';
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { isCodedError } from '../core/bytes/error.ts';
import type { JsonValue } from '../core/bytes/json.ts';
import { AuthorityRegistry__factory } from './bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from './bindings/factories/CheckpointAnchor__factory.ts';
import { Consortium__factory } from './bindings/factories/Consortium__factory.ts';
import { OmissionCourt__factory } from './bindings/factories/OmissionCourt__factory.ts';

export const CONSORTIUM = Consortium__factory.createInterface();
export const REGISTRY = AuthorityRegistry__factory.createInterface();
export const ANCHOR = CheckpointAnchor__factory.createInterface();
export const COURT = OmissionCourt__factory.createInterface();

/** What the contracts call "no end yet": the largest uint64. */
export const OPEN = 2n ** 64n - 1n;
export const ZERO_WORD = `0x${'00'.repeat(32)}`;
const NO_CODE = `0x${'00'.repeat(18)}`;

export const hex = (bytes: Uint8Array): string => `0x${encodeHex(bytes)}`;
/** The chain's form of a unified social credit code; of none, zeros. */
export const codeHex = (code: string | null): string => (code === null ? NO_CODE : hex(encodeUtf8(code)));
/** The code in the chain's form; null for zeros. Bytes that are no text stay as they are. */
export function codeOf(bytes: string): string | null {
  try {
    return bytes === NO_CODE ? null : decodeUtf8(decodeHex(bytes.slice(2).toLowerCase()));
  } catch (error) {
    if (!isCodedError(error, 'MALFORMED')) throw error;
    return bytes;
  }
}

/** The chain counts choices from 1. */
export const numberOf = <Choice>(choices: readonly Choice[], choice: Choice): number => choices.indexOf(choice) + 1;

/** Lower-case `0x…`. */
export interface ContractAddresses {
  readonly consortium: string;
  readonly registry: string;
  readonly anchor: string;
  readonly court: string;
}

/** A call or an event: its name in the contract, and its values by name. */
export interface Described {
  readonly contract: keyof ContractAddresses;
  readonly name: string;
  readonly values: Readonly<Record<string, JsonValue>>;
}

const ABIS: Readonly<Record<keyof ContractAddresses, Interface>> = {
  consortium: CONSORTIUM,
  registry: REGISTRY,
  anchor: ANCHOR,
  court: COURT,
};

function contractAt(address: string | null, contracts: ContractAddresses): keyof ContractAddresses | null {
  return (['consortium', 'registry', 'anchor', 'court'] as const).find((name) => contracts[name] === address) ?? null;
}

/** Null for a call of anything but these contracts, and for one that they do not know. */
export function describeCall(call: { to: string | null; data: string }, contracts: ContractAddresses): Described | null {
  const contract = contractAt(call.to, contracts);
  const found = contract && readable(() => ABIS[contract].parseTransaction({ data: call.data }));
  return contract && found && { contract, name: found.name, values: plainValues(found.args, found.fragment.inputs) };
}

/** What these contracts said; all else is left out. */
export function describeEvents(
  logs: readonly { address: string; topics: readonly string[]; data: string }[],
  contracts: ContractAddresses,
): Described[] {
  return logs.flatMap((log) => {
    const contract = contractAt(log.address, contracts);
    const found = contract && readable(() => ABIS[contract].parseLog(log));
    return contract && found ? [{ contract, name: found.name, values: plainValues(found.args, found.fragment.inputs) }] : [];
  });
}

/** Whoever made the bytes may have made nonsense of them. */
function readable<Found>(read: () => Found): Found | null {
  try {
    return read();
  } catch {
    return null;
  }
}

export function plainValues(values: Result, types: readonly ParamType[]): Record<string, JsonValue> {
  return Object.fromEntries(types.map((type, i) => [type.name, plainValue(values[i], type)]));
}

/** Codes as text, "no end yet" as null, what no number can hold as decimal text, other bytes as lower-case `0x…`. */
function plainValue(value: unknown, type: ParamType): JsonValue {
  if (type.arrayChildren !== null) {
    const child = type.arrayChildren;
    return (value as Result).toArray().map((item) => plainValue(item, child));
  }
  if (type.components !== null) return plainValues(value as Result, type.components);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') {
    if (value === OPEN) return null;
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
  }
  if (type.type === 'bytes18') return codeOf(String(value));
  return type.type === 'string' ? String(value) : String(value).toLowerCase();
}
