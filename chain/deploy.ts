/** Puts both contracts on a chain, from the bytecode in the committed bindings: no compiler is needed. */
import { invariant } from '../core/bytes/error.ts';
import { AuthorityRegistry__factory } from './bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from './bindings/factories/CheckpointAnchor__factory.ts';
import type { ChainSender, Receipt } from './sender.ts';

export interface DeployOptions {
  /** The account that will write the registry. */
  readonly admin: string;
  /** Milliseconds in one unit of the chain's block timestamps: 1000 or 1. */
  readonly msPerUnit: number;
}

export interface Contracts {
  /** Addresses, lower-case `0x…`. */
  readonly registry: string;
  readonly anchor: string;
  /** The block of the first contract: no event stands below it. */
  readonly fromBlock: number;
  readonly gasUsed: { readonly registry: number; readonly anchor: number };
}

/** Throws CONFLICT if the unit does not fit the chain's clock, UNAVAILABLE if the chain does not answer. */
export async function deployContracts(sender: ChainSender, { admin, msPerUnit }: DeployOptions): Promise<Contracts> {
  const registryAbi = AuthorityRegistry__factory.createInterface();
  const registry = await deploy(sender, AuthorityRegistry__factory.bytecode, registryAbi.encodeDeploy([admin, msPerUnit]));
  const anchorAbi = CheckpointAnchor__factory.createInterface();
  const anchor = await deploy(sender, CheckpointAnchor__factory.bytecode, anchorAbi.encodeDeploy([registry.contract]));
  return {
    registry: registry.contract,
    anchor: anchor.contract,
    fromBlock: registry.blockNumber,
    gasUsed: { registry: registry.gasUsed, anchor: anchor.gasUsed },
  };
}

async function deploy(sender: ChainSender, bytecode: string, parameters: string): Promise<Receipt & { contract: string }> {
  const { contract, ...receipt } = await sender.send({ to: null, data: bytecode + parameters.slice(2) });
  invariant(contract !== null, 'a call to nobody makes a contract');
  return { ...receipt, contract };
}
