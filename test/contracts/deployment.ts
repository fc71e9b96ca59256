/** Both contracts on a fresh chain in this process, a clock for its blocks, and what a call was refused with. */
import { network } from 'hardhat';
import { BrowserProvider, hexlify, id, isError, toUtf8Bytes } from 'ethers';
import type { Contract, EventLog, JsonRpcSigner } from 'ethers';
import type { AuthorityRegistry } from '../../chain/bindings/AuthorityRegistry.ts';
import type { CheckpointAnchor } from '../../chain/bindings/CheckpointAnchor.ts';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from '../../chain/bindings/factories/CheckpointAnchor__factory.ts';

export const OPEN = 2n ** 64n - 1n;
export const MAX_INTEGER = 2n ** 53n - 1n;
export const ZERO = `0x${'00'.repeat(32)}`;
/** 2026-01-01, the time before which no block is made here. */
export const START = 1_767_225_600_000;
export const SECOND = 1000;
export const HOUR = 3_600_000;

/** The chain's form of a unified social credit code. */
export const codeOf = (text: string): string => hexlify(toUtf8Bytes(text));
export const NO_CODE = `0x${'00'.repeat(18)}`;
export const OWNER = codeOf('11100000000013338W');
export const OTHER = codeOf('11100000MB03271699');
export const TYPE = '11100000000013338W009';
/** A stand-in for a 32-byte digest. */
export const digest = (name: string): string => id(name);
export const publicKey = (name: string): string => `0x04${id(name).slice(2).repeat(2)}`;

export interface Deployment {
  readonly provider: BrowserProvider;
  readonly registry: AuthorityRegistry;
  readonly anchor: CheckpointAnchor;
  readonly admin: JsonRpcSigner;
  readonly owner: JsonRpcSigner;
  readonly stranger: JsonRpcSigner;
  /** Gives the next block this time, UTC ms, a whole second. */
  at(time: number): Promise<void>;
  close(): Promise<void>;
}

export async function deployContracts(): Promise<Deployment> {
  const override = { initialDate: new Date(START).toISOString(), allowBlocksWithSameTimestamp: true };
  const connection = await network.create({ override });
  const provider = new BrowserProvider(connection.provider, undefined, { cacheTimeout: -1 });
  const [admin, owner, stranger] = await Promise.all([provider.getSigner(0), provider.getSigner(1), provider.getSigner(2)]);
  const registry = await new AuthorityRegistry__factory(admin).deploy(admin.address, 1000);
  const anchor = await new CheckpointAnchor__factory(owner).deploy(registry);
  return {
    provider,
    registry,
    anchor,
    admin,
    owner,
    stranger,
    at: (time) => provider.send('evm_setNextBlockTimestamp', [time / SECOND]),
    close: () => connection.close(),
  };
}

/** Two authorities, one log of the first with its log key: what anchoring needs. */
export async function registerLog({ registry, owner, stranger }: Deployment, name = 'licences'): Promise<string> {
  if (name === 'licences') {
    await registry.registerAuthority(OWNER, '自然资源部', '110000', NO_CODE, owner.address);
    await registry.registerAuthority(OTHER, '审计署', '110000', OWNER, stranger.address);
    await registry.addKey(OWNER, digest('log key'), 2, publicKey('log key'), 0);
  }
  await registry.registerLog(digest(name), OWNER, `sample/11100000000013338W/${name}`, 1, 1, 60_000, 120_001);
  return digest(name);
}

/** The contract's events from block 0, of one name or all. */
export async function eventsOf(contract: AuthorityRegistry | CheckpointAnchor, name = '*'): Promise<EventLog[]> {
  return (await (contract as unknown as Contract).queryFilter(name, 0)) as EventLog[];
}

/** The custom error a call was refused with, as [name, ...values]. Fails if it was not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown[]> {
  try {
    await call;
  } catch (error) {
    const data = revertData(error);
    for (const factory of [AuthorityRegistry__factory, CheckpointAnchor__factory]) {
      const found = data === null ? null : factory.createInterface().parseError(data);
      if (found) return [found.name, ...(found.args.toArray() as unknown[])];
    }
    throw error;
  }
  throw new Error('the call was not refused');
}

/** The in-process chain puts the bytes one level deeper than ethers always looks. */
function revertData(error: unknown): string | null {
  if (!isError(error, 'CALL_EXCEPTION')) return null;
  const info = error.info as { error?: { data?: { data?: string } } } | undefined;
  return error.data ?? info?.error?.data?.data ?? null;
}
