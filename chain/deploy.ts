/** Puts all contracts on a chain, from the bytecode in the committed bindings: no compiler is needed. */
import type { Interface } from 'ethers';
import { invariant } from '../core/bytes/error.ts';
import { ANCHOR, codeHex, CONSORTIUM, COURT, REGISTRY } from './abi.ts';
import { AuthorityRegistry__factory } from './bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from './bindings/factories/CheckpointAnchor__factory.ts';
import { Consortium__factory } from './bindings/factories/Consortium__factory.ts';
import { LogProof__factory } from './bindings/factories/LogProof__factory.ts';
import { OmissionCourt__factory } from './bindings/factories/OmissionCourt__factory.ts';
import { SM2__factory } from './bindings/factories/SM2__factory.ts';
import { SM3__factory } from './bindings/factories/SM3__factory.ts';
import type { Member } from './consortium-call.ts';
import type { ChainSender } from './sender.ts';

export interface DeployOptions {
  /** First part of every origin. */
  readonly consortiumName: string;
  readonly members: readonly Member[];
  /** Approvals that a proposal needs, and those that the suspension of a key needs; both at least 2. */
  readonly threshold: number;
  readonly suspensionThreshold: number;
  /** Milliseconds that a proposal about an existing authority's keys must have been public. */
  readonly publicDelay: number;
  /** Milliseconds in one unit of the chain's block timestamps: 1000 or 1. */
  readonly msPerUnit: number;
}

export const CONTRACT_NAMES = ['sm3', 'sm2', 'logProof', 'consortium', 'registry', 'anchor', 'court'] as const;
export type ContractName = (typeof CONTRACT_NAMES)[number];

/** Addresses, lower-case `0x…`. */
export interface Contracts extends Readonly<Record<ContractName, string>> {
  /** The block of the first contract: no event stands below it. */
  readonly fromBlock: number;
  readonly gasUsed: Readonly<Record<ContractName, number>>;
}

/**
 * Whoever deploys has no right afterwards: the members have all of them. Throws CONFLICT if a contract refuses what it is given,
 * UNAVAILABLE if the chain does not answer.
 */
export async function deployContracts(sender: ChainSender, options: DeployOptions): Promise<Contracts> {
  const addresses: Partial<Record<ContractName, string>> = {};
  const gasUsed: Partial<Record<ContractName, number>> = {};
  let fromBlock: number | null = null;
  const at = (name: ContractName): string => {
    const address = addresses[name];
    invariant(address !== undefined, 'contracts are deployed after those that they call');
    return address;
  };
  const deploy = async (name: ContractName, factory: Factory, values: readonly unknown[]): Promise<void> => {
    const parameters = factory.abi.encodeDeploy(values);
    const receipt = await sender.send({ to: null, data: factory.bytecode + parameters.slice(2) });
    invariant(receipt.contract !== null, 'a call to nobody makes a contract');
    addresses[name] = receipt.contract;
    gasUsed[name] = receipt.gasUsed;
    fromBlock ??= receipt.blockNumber;
  };
  const { consortiumName, threshold, suspensionThreshold, publicDelay, msPerUnit } = options;
  const members = options.members.map(({ code, account }) => ({ code: codeHex(code), account }));
  await deploy('sm3', { bytecode: SM3__factory.bytecode, abi: SM3__factory.createInterface() }, []);
  await deploy('sm2', { bytecode: SM2__factory.bytecode, abi: SM2__factory.createInterface() }, [at('sm3')]);
  await deploy('logProof', { bytecode: LogProof__factory.bytecode, abi: LogProof__factory.createInterface() }, [at('sm3')]);
  const decisions = [members, threshold, suspensionThreshold, msPerUnit];
  await deploy('consortium', { bytecode: Consortium__factory.bytecode, abi: CONSORTIUM }, decisions);
  const register = [at('consortium'), at('sm3'), at('sm2'), consortiumName, publicDelay];
  await deploy('registry', { bytecode: AuthorityRegistry__factory.bytecode, abi: REGISTRY }, register);
  await deploy('anchor', { bytecode: CheckpointAnchor__factory.bytecode, abi: ANCHOR }, [
    at('registry'),
    at('sm2'),
    at('logProof'),
  ]);
  await deploy('court', { bytecode: OmissionCourt__factory.bytecode, abi: COURT }, [at('anchor'), at('sm2'), at('logProof')]);
  invariant(fromBlock !== null, 'contracts stand in blocks');
  return { ...(addresses as Record<ContractName, string>), fromBlock, gasUsed: gasUsed as Record<ContractName, number> };
}

interface Factory {
  readonly bytecode: string;
  readonly abi: Interface;
}
